// Through proxies: which URLs, and how each kind of proxy is spoken to.
#include "http/client/client_proxy.hpp"

#include "https_fixture.hpp"
#include "net/socks_server.hpp"
#include "proxy_fixture.hpp"
#include "scripted_server.hpp"

#include <cstdlib>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;
using http::Url;
using http::internal::ClientProxies;
using http::internal::ClientProxy;

class HttpProxy : public OnLoops {};
GYRE_ON_LOOPS(HttpProxy);

TEST_P(HttpProxy, passes_requests_on_and_is_kept) {
    TestProxy proxy;
    run(proxy.run([&](std::string place) -> Task<> {
        const std::string url = "http://user:p%40ss@" + place;
        http::Client client({.proxy = url});
        for (int i = 0; i < 2; ++i) {
            const auto reply = co_await fetch(client, "http://made.up:81/x?y#z");
            EXPECT_EQ(reply.body, "GET http://made.up:81/x?y HTTP/1.1") << reply.error;
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
    ASSERT_EQ(proxy.heads.size(), 2U);
    EXPECT_NE(proxy.heads[0].find("\r\nHost: made.up:81\r\n"), std::string::npos);
    EXPECT_NE(proxy.heads[0].find("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"), std::string::npos);
}

/// An https server with "secret", reached through `options` and `proxy`.
auto fetch_secret(TestProxy& proxy, std::string scheme, ClientOptions options, Reply& reply) -> Task<> {
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    ScriptedServer server(always(ok("secret")));
    server.encrypt(context);
    co_await server.run([&](std::string base) -> Task<> {
        co_await proxy.run([&](std::string place) -> Task<> {
            const std::string url = scheme + "://user:pass@" + place;
            const auto trusting = net::TlsClientOptions().ca_pem(https_authority().certificate());
            auto all = options;
            all.tls = &trusting;
            all.proxy_tls = &trusting;
            all.proxy = url;
            http::Client client(all);
            reply = co_await fetch(client, base);
            EXPECT_EQ(client.stats().connecting, 0U);
        });
    });
    for (const auto& request : server.log().requests) {
        EXPECT_EQ(request.find("Proxy-"), std::string::npos) << request;
        EXPECT_TRUE(request.starts_with("GET / HTTP/1.1\r\n")) << request;
    }
}

TEST_P(HttpProxy, https_goes_through_a_tunnel) {
    TestProxy proxy;
    Reply reply;
    run(fetch_secret(proxy, "http", {}, reply));
    EXPECT_EQ(reply.body, "secret") << reply.error;
    ASSERT_EQ(proxy.heads.size(), 1U);
    EXPECT_TRUE(proxy.heads[0].starts_with("CONNECT 127.0.0.1:")) << proxy.heads[0];
    EXPECT_NE(proxy.heads[0].find("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"), std::string::npos);
}

TEST_P(HttpProxy, tls_inside_of_tls) {
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    TestProxy proxy;
    proxy.tls = &context;
    Reply reply;
    run(fetch_secret(proxy, "https", {}, reply));
    EXPECT_EQ(reply.body, "secret") << reply.error;
    EXPECT_EQ(proxy.heads.size(), 1U);
}

TEST_P(HttpProxy, that_shows_no_good_certificate_is_refused) {
    const auto context = https_context(https_authority().issue({"other.example"}));
    TestProxy proxy;
    proxy.tls = &context;
    Reply reply;
    run(fetch_secret(proxy, "https", {}, reply));
    EXPECT_EQ(reply.phase, RequestPhase::tls) << reply.error;
    EXPECT_EQ(proxy.heads.size(), 0U);
}

auto repeated(std::string_view text, int times) -> std::string {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

TEST_P(HttpProxy, that_refuses_a_tunnel_is_an_error) {
    struct Case {
        std::string answer;
        std::string_view end;
    };
    const Case cases[] = {
        {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno\n",
            ": the proxy answered 407 Proxy Authentication Required"},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", ": the proxy answered 502 Bad Gateway"},
        {"HTTP/1.1 100 Continue\r\n\r\n", ": the proxy closed the connection without an answer"},
        {repeated("HTTP/1.1 103 Early Hints\r\n\r\n", 8) + "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            ": the proxy answered 502 Bad Gateway"},
        {repeated("HTTP/1.1 103 Early Hints\r\n\r\n", 9), ": more than 8 interim responses"},
        {"nonsense\r\n\r\n", ""},
    };
    for (const auto& one : cases) {
        TestProxy proxy;
        proxy.refusal = one.answer;
        Reply reply;
        run(fetch_secret(proxy, "http", {}, reply));
        EXPECT_EQ(reply.phase, RequestPhase::proxy) << reply.error;
        EXPECT_NE(reply.error.find(": proxy http://127.0.0.1:"), std::string::npos) << reply.error;
        EXPECT_TRUE(reply.error.ends_with(one.end)) << reply.error;
        EXPECT_EQ(reply.error.find("pass@"), std::string::npos) << reply.error;
    }
}

TEST_P(HttpProxy, that_speaks_into_the_tunnel_is_an_error) {
    TestProxy proxy;
    proxy.surplus = "HTTP/1.1 200 OK\r\n\r\n";
    Reply reply;
    run(fetch_secret(proxy, "http", {}, reply));
    EXPECT_TRUE(reply.error.ends_with("the proxy sent bytes of its own into the tunnel")) << reply.error;
}

TEST_P(HttpProxy, that_cannot_be_reached_is_named) {
    run([]() -> Task<> {
        std::string place;
        {
            const auto listener = co_await net::listen("127.0.0.1", 0);
            place = listener.local_address().text();
        }
        http::Client client({.proxy = place});
        const auto reply = co_await fetch(client, "http://made.up/");
        EXPECT_EQ(reply.error, "GET http://made.up/: connect " + place + ": Connection refused");
        EXPECT_EQ(reply.phase, RequestPhase::connect);
    });
}

GYRE_TEST(HttpProxyTimeout, that_is_silent) {
    ScriptedServer proxy([](Peer& peer) -> Task<> { co_await peer.hold(); });
    co_await proxy.run([](std::string base) -> Task<> {
        http::Client client({.timeout = {.connect = 4s}, .proxy = base});
        const Time before = this_loop().now();
        const auto reply = co_await fetch(client, "https://made.up/");
        EXPECT_EQ(reply.error, "GET https://made.up/: proxy " + base + ": timed out after 4 s");
        EXPECT_EQ(reply.phase, RequestPhase::proxy);
        EXPECT_TRUE(reply.timed_out);
        EXPECT_EQ(this_loop().now() - before, 4s);
    });
}

TEST_P(HttpProxy, websocket_goes_through_a_tunnel) {
    ScriptedServer server(always("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    TestProxy proxy;
    run(server.run([&](std::string base) -> Task<> {
        co_await proxy.run([&](std::string place) -> Task<> {
            http::Client client({.proxy = place});
            static_cast<void>(co_await as_outcome(client.websocket(base)));
            static_cast<void>(co_await fetch(client, base));
        });
    }));
    ASSERT_EQ(proxy.heads.size(), 2U);
    EXPECT_TRUE(proxy.heads[0].starts_with("CONNECT ")) << proxy.heads[0];
    EXPECT_TRUE(proxy.heads[1].starts_with("GET http://")) << proxy.heads[1];  // not over the tunnel
}

TEST_P(HttpProxy, socks5_is_given_the_name) {
    ScriptedServer server(always(ok("x")));
    SocksServer proxy;
    run(server.run([&](std::string base) -> Task<> {
        co_await proxy.run([&](std::string place) -> Task<> {
            const std::string url = "socks5h://user:pass@" + place;
            http::Client client({.proxy = url});
            auto named = base;
            named.replace(named.find("127.0.0.1"), 9, "only.the.proxy.knows");
            const auto reply = co_await fetch(client, named);
            EXPECT_EQ(reply.body, "x") << reply.error;
            proxy.reply = 2;
            const auto refused = co_await fetch(client, "http://example.org");
            EXPECT_EQ(refused.error, "GET http://example.org/: proxy socks5h://" + place +
                                         ": socks5 example.org:80: the proxy does not allow it");
            EXPECT_EQ(refused.phase, RequestPhase::proxy);
        });
    }));
    const std::vector<std::string> hosts = {"only.the.proxy.knows", "example.org"};
    EXPECT_EQ(proxy.hosts, hosts);
    EXPECT_EQ(proxy.login, "user:pass");
    EXPECT_TRUE(server.log().requests.at(0).starts_with("GET / HTTP/1.1\r\nHost: only.the.proxy.knows:"));
}

auto reached_through_tunnel() -> Task<> {
    TestProxy proxy;
    Reply reply;
    co_await fetch_secret(proxy, "http", {}, reply);
    EXPECT_EQ(reply.body, "secret") << reply.error;
}

TEST(HttpTunnel, survives_cancellation_anywhere) { CancelEverywhere(reached_through_tunnel).run(); }

TEST(ClientProxy, is_read_from_a_url) {
    const ClientProxy plain("proxy.example:3128");
    EXPECT_EQ(plain.name, "http://proxy.example:3128");
    EXPECT_EQ(plain.authorization(), "");
    const ClientProxy six("https://a:b%3Ac@[::1]");
    EXPECT_EQ(six.host, "::1");
    EXPECT_EQ(six.port, 443);
    EXPECT_EQ(six.password, "b:c");
    EXPECT_EQ(six.name, "https://[::1]:443");
    EXPECT_EQ(ClientProxy("socks5://proxy.example").port, 1080);
    EXPECT_EQ(error_of([] { ClientProxy("ftp://proxy.example"); }),
        "http::Client: a proxy is http, https or socks5, not ftp");
    EXPECT_EQ(error_of([] { http::Client client({.proxy = "http://user:secret@"}); }),
        "http::Client: the URL of a proxy is malformed");
    const std::string longest(255, 'x');
    EXPECT_EQ(ClientProxy("socks5://" + longest + ":" + longest + "@proxy.example").password, longest);
    EXPECT_EQ(error_of([&] { ClientProxy("socks5://user:" + longest + "y@proxy.example"); }),
        "http::Client: a user or password of a SOCKS5 proxy has at most 255 bytes");
}

auto is_direct(const ClientProxies& proxies, std::string_view url) -> bool {
    return proxies.for_url(Url::parse(url)) == nullptr;
}

TEST(ClientProxies, what_is_excepted_is_reached_directly) {
    const ClientProxies proxies({.proxy = "proxy:1",
        .no_proxy = "example.org, .dotted.example *.starred.example,10.0.0.0/8,192.0.2.1,[2001:db8::1]:8080,::1,"
                    "ported.example:8443, UPPER.example."});
    for (const auto* url : {"http://example.org", "https://www.example.org", "http://EXAMPLE.org:81/",
             "http://example.org.", "http://dotted.example", "http://a.dotted.example", "http://b.starred.example",
             "http://10.1.2.3", "http://192.0.2.1:99", "http://[2001:db8::1]:8080", "http://[::1]",
             "https://ported.example:8443", "http://upper.example"}) {
        EXPECT_TRUE(is_direct(proxies, url)) << url;
    }
    for (const auto* url : {"http://notexample.org", "http://example.org.evil", "http://org", "http://11.0.0.1",
             "http://192.0.2.10", "http://[2001:db8::1]:8081", "http://[2001:db8::2]:8080", "https://ported.example",
             "http://10.0.0.0.example"}) {
        EXPECT_FALSE(is_direct(proxies, url)) << url;
    }
    EXPECT_TRUE(is_direct(ClientProxies({.proxy = "proxy:1", .no_proxy = "*"}), "http://x"));
    EXPECT_TRUE(is_direct(ClientProxies({.no_proxy = "x"}), "http://y"));
}

/// A variable of the environment for the time of a test; the one that was there comes back.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* former = std::getenv(name); former != nullptr) former_ = former;
        ::setenv(name, value, 1);
    }
    Variable(const Variable&) = delete;
    auto operator=(const Variable&) -> Variable& = delete;
    ~Variable() {
        if (former_) {
            ::setenv(name_, former_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }

private:
    const char* name_;
    std::optional<std::string> former_;
};

auto proxy_name(const ClientProxies& proxies, std::string_view url) -> std::string {
    const ClientProxy* const proxy = proxies.for_url(Url::parse(url));
    return proxy != nullptr ? proxy->name : "none";
}

TEST(ClientProxies, come_from_the_environment_if_asked) {
    const Variable a("http_proxy", "");
    const Variable b("HTTP_PROXY", "http://attacker:1");
    const Variable c("https_proxy", "");
    const Variable d("HTTPS_PROXY", "http://secure:2");
    const Variable e("all_proxy", "");
    const Variable f("ALL_PROXY", "");
    const Variable g("no_proxy", "direct.example");
    const Variable h("NO_PROXY", "");
    const ClientOptions asked{.proxy_from_environment = true};
    EXPECT_EQ(proxy_name(ClientProxies(ClientOptions()), "https://x"), "none");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "https://x"), "http://secure:2");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "http://x"), "none");  // httpoxy
    EXPECT_EQ(proxy_name(ClientProxies(asked), "https://direct.example"), "none");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "https://localhost"), "none");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "https://127.0.0.1"), "none");
    const Variable i("ALL_PROXY", "socks5://all:3");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "http://x"), "socks5://all:3");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "https://x"), "http://secure:2");
    const Variable j("http_proxy", "lower:4");
    EXPECT_EQ(proxy_name(ClientProxies(asked), "http://x"), "http://lower:4");
    // What the program says itself comes first.
    const ClientOptions own{.proxy = "own:5", .proxy_from_environment = true};
    EXPECT_EQ(proxy_name(ClientProxies(own), "https://localhost"), "http://own:5");
}

}  // namespace
}  // namespace gyre::testing
