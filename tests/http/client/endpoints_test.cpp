// Where connections come from and go to: local addresses, Unix sockets, addresses that a policy refuses, identities in TLS.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include <gyre/http/server/server.hpp>
#include <gyre/net/egress_policy.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;

class HttpEndpoints : public OnLoops {};
GYRE_ON_LOOPS(HttpEndpoints);

// Says who asked, and for what.
auto who(http::ServerExchange& exchange) -> Task<> {
    const std::string host(exchange.head().fields.get("Host").value_or(""));
    const std::string text = exchange.peer().ip() + " " + host;
    co_await exchange.respond(200, "text/plain", text);
}

/// Runs `body(base)` beside a server of `who`.
template<class Body>
auto with_server(net::Listener listener, Body body) -> Task<> {
    const auto base = "http://127.0.0.1:" + std::to_string(listener.local_address().port());
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto server = group.spawn(http::serve_http(std::move(listener), who));
        co_await body(base);
        server.cancel();
    });
}

TEST_P(HttpEndpoints, connections_come_from_the_local_address) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        co_await with_server(std::move(listener), [](std::string base) -> Task<> {
            const std::string wanted = "127.0.0.9";
            http::Client client({.local_address = wanted});
            const auto reply = co_await fetch(client, base);
            EXPECT_TRUE(reply.body.starts_with("127.0.0.9 ")) << reply.body << reply.error;
            // A host with addresses of both families is reached over the one that fits.
            auto named = base;
            named.replace(named.find("127.0.0.1"), 9, "localhost");
            const auto other = co_await fetch(client, named);
            EXPECT_TRUE(other.body.starts_with("127.0.0.9 ")) << other.body << other.error;
            const auto six = co_await fetch(client, "http://[::1]:4000");
            EXPECT_EQ(six.error,
                "GET http://[::1]:4000/: connect [::1]:4000: it has no address of the family of 127.0.0.9:0");
            EXPECT_EQ(six.phase, RequestPhase::connect);
        });
    });
}

TEST(HttpEndpointOptions, are_checked_when_the_client_is_made) {
    EXPECT_EQ(error_of([] { http::Client client({.local_address = "example.org"}); }),
        "Address: 'example.org' is not a numeric address");
    const std::string path(200, 'x');
    EXPECT_EQ(error_of([&] { http::Client client({.unix_socket = path}); }),
        "Address: a Unix path has 1 to 107 bytes, not 200");
}

TEST_P(HttpEndpoints, unix_socket_takes_all_connections) {
    run([]() -> Task<> {
        using namespace std::string_literals;
        auto listener = co_await net::listen_unix("\0gyre-http-endpoints"s);
        co_await with_server(std::move(listener), [](std::string) -> Task<> {
            http::Client client(
                {.local_address = "127.0.0.9", .unix_socket = "\0gyre-http-endpoints"s, .proxy = "nobody.invalid"});
            const auto reply = co_await fetch(client, "http://docker/version");
            EXPECT_EQ(reply.body, " docker") << reply.error;
            const auto other = co_await fetch(client, "http://other.invalid/");
            EXPECT_EQ(other.body, " other.invalid") << other.error;
            EXPECT_EQ(client.stats().connections_opened, 2U);  // an origin has its own
        });
        http::Client client({.unix_socket = "\0gyre-http-endpoints"s});
        const auto refused = co_await fetch(client, "http://docker/");
        EXPECT_EQ(refused.error, "GET http://docker/: connect unix:@gyre-http-endpoints: Connection refused");
    });
}

TEST_P(HttpEndpoints, address_that_the_policy_refuses_is_not_connected_to) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        co_await with_server(std::move(listener), [](std::string base) -> Task<> {
            const auto policy = net::EgressPolicy::public_only();
            http::Client client({.egress = &policy});
            const auto peer = base.substr(7);
            const auto reply = co_await fetch(client, base);
            EXPECT_EQ(reply.error, "GET " + base + "/: connect " + peer + ": refused by the egress policy: " + peer +
                                       " is loopback (127.0.0.0/8)");
            EXPECT_EQ(reply.phase, RequestPhase::connect);
            // However it is written, and whatever name it hides behind.
            for (const std::string_view host : {"localhost", "x.localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"}) {
                auto hidden = base;
                hidden.replace(hidden.find("127.0.0.1"), 9, host);
                const auto refused = co_await fetch(client, hidden);
                EXPECT_NE(refused.error.find("refused by the egress policy"), std::string::npos) << refused.error;
            }
            EXPECT_EQ(client.stats().connections_opened, 0U);
            auto relaxed = policy;
            relaxed.allow("127.0.0.1");
            http::Client other({.egress = &relaxed});
            const auto allowed = co_await fetch(other, base);
            EXPECT_EQ(allowed.status, 200) << allowed.error;
        });
    });
}

TEST_P(HttpEndpoints, policy_is_asked_about_redirects) {
    net::EgressPolicy policy;
    policy.deny("169.254.0.0/16");
    ScriptedServer server(
        always("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"));
    run(server.run(ClientOptions{.egress = &policy}, [](http::Client& client, std::string base) -> Task<> {
        const auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.error,
            "GET http://169.254.169.254/latest: connect 169.254.169.254:80: refused by the egress policy: "
            "169.254.169.254:80 is denied (169.254.0.0/16)");
    }));
}

TEST_P(HttpEndpoints, certificate_of_the_client_and_pin_of_the_server) {
    const auto certificate = https_authority().issue({"127.0.0.1"});
    net::TlsServerOptions demanding;
    demanding.certificate_pem(certificate.chain, certificate.key).client_ca_pem(https_authority().certificate());
    const net::TlsServerContext context(demanding);
    ScriptedServer server(always(ok("secret")));
    server.encrypt(context);
    const auto alice = https_authority().issue({"alice"});
    net::TlsClientOptions known;
    known.ca_pem(https_authority().certificate()).certificate_pem(alice.chain, alice.key);
    run(server.run(ClientOptions{.tls = &known}, [](http::Client& client, std::string base) -> Task<> {
        const auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "secret") << reply.error;
    }));
    run(server.run(https_client_options(), [](http::Client& client, std::string base) -> Task<> {
        const auto reply = co_await fetch(client, base);
        EXPECT_NE(reply.error, "");
        EXPECT_EQ(client.stats().open_connections, 0U);
    }));
    auto pinned = known;
    pinned.pin_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    run(server.run(ClientOptions{.tls = &pinned}, [](http::Client& client, std::string base) -> Task<> {
        const auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.phase, RequestPhase::tls) << reply.error;
        EXPECT_NE(reply.error.find("none of those pinned"), std::string::npos) << reply.error;
    }));
}

}  // namespace
}  // namespace gyre::testing
