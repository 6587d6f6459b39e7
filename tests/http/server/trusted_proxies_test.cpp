// Who sent a request, as the proxies in front of a server tell, and as clients would like it to be told.

#include "app_harness.hpp"

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::Fields;
using http::ForwardedField;
using http::TrustedProxies;

const auto proxy = net::Address::from_ip("10.0.0.1", 1234);

auto client_text(const TrustedProxies& proxies, const Fields& fields, const net::Address& peer = proxy) -> std::string {
    const auto client = proxies.client_of(fields, peer, false);
    return client.address.text() + (client.is_secure ? " https" : " http");
}

TEST(TrustedProxies, are_read_from_the_end_of_the_list) {
    const TrustedProxies proxies({"10.0.0.0/8"});
    EXPECT_EQ(client_text(proxies, {}), "10.0.0.1:1234 http");
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "192.0.2.1"}}), "192.0.2.1:0 http");
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"}}), "192.0.2.1:0 http")
        << "what stands before was written by the client";
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "6.6.6.6, 192.0.2.1 ,10.9.9.9"}}), "192.0.2.1:0 http");
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "192.0.2.1, 10.1.1.1"}}),
        "192.0.2.1:0 http");
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "10.1.1.1, 10.2.2.2"}}), "10.1.1.1:0 http")
        << "all of them are ours";
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", "192.0.2.1, unknown, 10.1.1.1"}}), "10.1.1.1:0 http")
        << "behind one that cannot be read nothing is known";
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", ",, ,"}}), "10.0.0.1:1234 http");
}

TEST(TrustedProxies, are_nobody_else) {
    const TrustedProxies proxies({"10.0.0.0/8"});
    const Fields fields = {{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "https"}};
    EXPECT_EQ(client_text(proxies, fields, net::Address::from_ip("11.0.0.1", 5)), "11.0.0.1:5 http");
    EXPECT_EQ(client_text(proxies, fields, net::Address::from_ip("::ffff:10.0.0.7", 5)), "192.0.2.1:0 https");
    EXPECT_EQ(client_text(proxies, fields, net::Address::from_path("/run/x")), "unix:/run/x http");
    EXPECT_EQ(client_text(TrustedProxies({}).trust_unix_sockets(), fields, net::Address::from_path("/run/x")),
        "192.0.2.1:0 https");
    EXPECT_THROW(TrustedProxies({"10.0.0.0/8", "localhost"}), std::invalid_argument);
}

TEST(TrustedProxies, know_addresses_with_and_without_ports) {
    const TrustedProxies proxies({"10.0.0.0/8"});
    const std::pair<const char*, const char*> cases[] = {
        {"192.0.2.1:80", "192.0.2.1:80 http"},
        {"2001:db8::1", "[2001:db8::1]:0 http"},
        {"::ffff:192.0.2.1", "192.0.2.1:0 http"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1:80 http"},
        {"[2001:db8::1]", "[2001:db8::1]:0 http"},
        {"[2001:db8::1]:80", "[2001:db8::1]:80 http"},
        {"[2001:db8::1", "10.0.0.1:1234 http"},
        {"[2001:db8::1]80", "10.0.0.1:1234 http"},
        {"192.0.2.1:65536", "10.0.0.1:1234 http"},
        {"192.0.2.1:", "10.0.0.1:1234 http"},
        {"192.0.2", "10.0.0.1:1234 http"},
        {"fe80::1%1", "10.0.0.1:1234 http"},
        {"example.org", "10.0.0.1:1234 http"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(client_text(proxies, {{"X-Forwarded-For", text}}), expected);
}

TEST(TrustedProxies, tell_the_scheme) {
    const TrustedProxies proxies({"10.0.0.0/8"});
    const auto ask = [&](const char* addresses, const char* schemes) {
        return client_text(proxies, {{"X-Forwarded-For", addresses}, {"X-Forwarded-Proto", schemes}});
    };
    EXPECT_EQ(ask("192.0.2.1", "https"), "192.0.2.1:0 https");
    EXPECT_EQ(ask("192.0.2.1", "HTTPS"), "192.0.2.1:0 https");
    EXPECT_EQ(ask("192.0.2.1", "ftp"), "192.0.2.1:0 http");
    EXPECT_EQ(ask("192.0.2.1, 10.1.1.1", "https"), "192.0.2.1:0 https") << "one for all";
    EXPECT_EQ(ask("192.0.2.1, 10.1.1.1", "https, http"), "192.0.2.1:0 https");
    EXPECT_EQ(ask("6.6.6.6, 192.0.2.1", "https, http"), "192.0.2.1:0 http") << "the client wrote the first";
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-Proto", "http, https"}}), "10.0.0.1:1234 https")
        << "without an address";
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-Proto", "https, http"}}), "10.0.0.1:1234 http");
    EXPECT_EQ(client_text(proxies, {{"X-Forwarded-Proto", "https"}}, net::Address::from_ip("11.0.0.1", 5)),
        "11.0.0.1:5 http");
}

TEST(TrustedProxies, of_which_the_nearest_tells_the_scheme_last) {
    const TrustedProxies proxies({});
    EXPECT_EQ(proxies.is_secure({}), std::nullopt);
    EXPECT_EQ(proxies.is_secure({{"X-Forwarded-For", "192.0.2.1"}}), std::nullopt);
    EXPECT_EQ(proxies.is_secure({{"X-Forwarded-Proto", "http, https"}}), true);
    EXPECT_EQ(proxies.is_secure({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "https,http"}}), false);
    EXPECT_EQ(proxies.is_secure({{"X-Forwarded-Proto", "ftp"}}), std::nullopt);
    EXPECT_EQ(proxies.is_secure({{"Forwarded", "proto=https"}}), std::nullopt) << "only one field counts";
    const TrustedProxies others({}, ForwardedField::forwarded);
    EXPECT_EQ(others.is_secure({{"Forwarded", "for=192.0.2.1;proto=http, proto=https"}}), true);
    EXPECT_EQ(others.is_secure({{"Forwarded", "proto=https, for=192.0.2.1"}}), std::nullopt);
}

TEST(TrustedProxies, may_speak_rfc_7239) {
    const TrustedProxies proxies({"10.0.0.0/8"}, ForwardedField::forwarded);
    const auto ask = [&](const char* text) {
        return client_text(proxies, {{"Forwarded", text}, {"X-Forwarded-For", "6.6.6.6"}});
    };
    EXPECT_EQ(ask("for=192.0.2.1;proto=https;by=10.0.0.1"), "192.0.2.1:0 https");
    EXPECT_EQ(ask("For=\"[2001:db8::1]:4711\""), "[2001:db8::1]:4711 http");
    EXPECT_EQ(ask("for=6.6.6.6, for=192.0.2.1 , for=10.1.1.1;proto=https"), "192.0.2.1:0 https");
    EXPECT_EQ(ask("for=192.0.2.1, for=_hidden"), "10.0.0.1:1234 http");
    EXPECT_EQ(ask("for=192.0.2.1, for=\"unclosed"), "10.0.0.1:1234 http");
    EXPECT_EQ(ask("for=\"6.6.6.6, for=192.0.2.1"), "192.0.2.1:0 http") << "the client left a quote open";
    EXPECT_EQ(ask("for=\"6.6.6.6, for=\"[2001:db8::1]:4711\""), "[2001:db8::1]:4711 http");
    EXPECT_EQ(ask("for=6.6.6.6, for=192.0.2.1;host=\"a\\\", b\""), "192.0.2.1:0 http") << "a quote within quotes";
    EXPECT_EQ(ask("for=\"6.6.6.6\\, for=192.0.2.1"), "192.0.2.1:0 http");
    EXPECT_EQ(ask(", for=192.0.2.1 ,, "), "192.0.2.1:0 http");
    EXPECT_EQ(ask("for=192.0.2.1;for=6.6.6.6"), "10.0.0.1:1234 http") << "two readers would take two of them";
    EXPECT_EQ(ask("proto=https"), "10.0.0.1:1234 https");
    EXPECT_EQ(client_text(proxies, {{"Forwarded", "for=6.6.6.6"}, {"Forwarded", "for=192.0.2.1, for=10.1.1.1"}}),
        "192.0.2.1:0 http");
    const TrustedProxies other({"10.0.0.0/8"});
    EXPECT_EQ(client_text(other, {{"Forwarded", "for=6.6.6.6"}}), "10.0.0.1:1234 http") << "only one field counts";
}

class HttpProxied : public OnLoops {};
GYRE_ON_LOOPS(HttpProxied);

TEST_P(HttpProxied, requests_know_who_sent_them) {
    const auto make_app = [] {
        http::App app;
        app.get("/", [](http::Request& request) -> Task<http::Response> {
            co_return http::Response::text(request.client().ip() + " " + std::string(request.scheme()) + " " +
                                           (request.client() == request.peer() ? "peer" : "told"));
        });
        return app;
    };
    const auto body = [](std::string expected) {
        return [expected](http::Client& client) -> Task<> {
            auto request = client.get("/").header("X-Forwarded-For", "192.0.2.1").header("X-Forwarded-Proto", "https");
            co_await expect_text(std::move(request), 200, expected);
        };
    };
    run(serve_app(make_app(), body("127.0.0.1 http peer")));
    const TrustedProxies proxies({"127.0.0.0/8"});
    http::ServerOptions options;
    options.connection.trusted_proxies = &proxies;
    run(serve_app(make_app(), body("192.0.2.1 https told"), options));
}

TEST_P(HttpProxied, a_trusted_proxy_is_no_source_of_too_many_connections) {
    const TrustedProxies proxies({"127.0.0.0/8"});
    http::ServerOptions options;
    options.connection.trusted_proxies = &proxies;
    options.connection.max_connections_per_source = 0;
    http::App app;
    app.get("/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text("hello"); });
    run(serve_app(
        std::move(app), [](http::Client& client) -> Task<> { co_await expect_text(client.get("/"), 200, "hello"); },
        options));
}

}  // namespace
}  // namespace gyre::testing
