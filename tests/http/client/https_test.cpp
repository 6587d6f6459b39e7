// https: certificates that are good, and those that are not.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include "support/test_certificates.hpp"

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;

class Https : public OnLoops {
protected:
    auto reply_from(const net::TestCertificate& certificate) -> Reply {
        const auto context = https_context(certificate);
        ScriptedServer server(always(ok("secret")));
        server.encrypt(context);
        Reply reply;
        run(server.run(https_client_options(), [&](http::Client& client, std::string base) -> Task<> {
            reply = co_await fetch(client, base);
            EXPECT_EQ(client.stats().open_connections, reply.error.empty() ? 1U : 0U);
        }));
        return reply;
    }
};
GYRE_ON_LOOPS(Https);

TEST_P(Https, good_certificate_and_reuse) {
    const auto context = https_context(https_authority().issue({"127.0.0.1", "localhost"}));
    ScriptedServer server(always(ok("secret")));
    server.encrypt(context);
    run(server.run(https_client_options(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            auto reply = co_await fetch(client, base);
            EXPECT_EQ(reply.body, "secret") << reply.error;
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
        EXPECT_EQ(client.stats().connections_reused, 2U);
        auto named = base;
        named.replace(named.find("127.0.0.1"), 9, "localhost");
        auto reply = co_await fetch(client, named);
        EXPECT_EQ(reply.body, "secret") << reply.error;
    }));
}

TEST_P(Https, wrong_name_expired_and_unknown_are_refused) {
    const net::TestAuthority stranger("stranger");
    const net::TestValidity past{std::chrono::hours(-48), std::chrono::hours(24)};
    const std::pair<std::string, net::TestCertificate> cases[] = {
        {"wrong name", https_authority().issue({"other.example"})},
        {"expired", https_authority().issue({"127.0.0.1"}, past)},
        {"unknown issuer", stranger.issue({"127.0.0.1"})},
        {"self-signed", self_signed_certificate("127.0.0.1")},
    };
    for (const auto& [name, certificate] : cases) {
        const auto reply = reply_from(certificate);
        EXPECT_EQ(reply.phase, RequestPhase::tls) << name << ": " << reply.error;
        EXPECT_NE(reply.error.find("GET https://127.0.0.1:"), std::string::npos) << name << ": " << reply.error;
        EXPECT_NE(reply.error.find(": tls "), std::string::npos) << name << ": " << reply.error;
        EXPECT_EQ(reply.body, "");
    }
}

TEST_P(Https, redirect_to_http_is_refused) {
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    ScriptedServer server(always("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"));
    server.encrypt(context);
    run(server.run(https_client_options(), [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.phase, RequestPhase::redirect);
        EXPECT_NE(reply.error.find("from https to http is refused"), std::string::npos) << reply.error;
    }));
}

TEST_P(Https, plain_server_is_a_tls_error) {
    ScriptedServer server([](Peer& peer) -> Task<> { co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, "https" + base.substr(4));
        EXPECT_EQ(reply.phase, RequestPhase::tls) << reply.error;
    }));
}

GYRE_TEST(HttpsTimeout, server_that_does_not_shake_hands) {
    ScriptedServer server([](Peer& peer) -> Task<> { co_await peer.hold(); });
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        const Time before = this_loop().now();
        auto reply = co_await fetch(client, "https" + base.substr(4));
        EXPECT_EQ(this_loop().now() - before, 10s);
        EXPECT_EQ(reply.phase, RequestPhase::tls);
        EXPECT_TRUE(reply.timed_out);
        EXPECT_TRUE(reply.error.ends_with(": timed out after 10 s")) << reply.error;
    });
}

}  // namespace
}  // namespace gyre::testing
