// Certificates of clients, and keys of servers that are pinned.
#include "tls_fixture.hpp"

namespace gyre::testing {
namespace {

auto demanding_server() -> net::TlsServerContext {
    auto options = server_options(good_certificate());
    options.client_ca_pem(authority().certificate());
    return net::TlsServerContext(options);
}

auto client_with(const net::TestCertificate& certificate) -> net::TlsClientContext {
    auto options = client_options();
    options.certificate_pem(certificate.chain, certificate.key);
    return net::TlsClientContext(options);
}

GYRE_TEST(TlsClientCertificate, is_shown_to_a_server_that_asks) {
    const auto client = client_with(authority().issue({"alice"}));
    const auto server = demanding_server();
    auto shaken = co_await shake_hands(client, server);
    EXPECT_EQ(shaken.client_error + shaken.server_error, "nonenone");
    EXPECT_EQ(net::tls_info(*shaken.server)->peer_certificate, "CN=alice");
    EXPECT_EQ(net::tls_info(*shaken.server)->peer_key_sha256.size(), 44U);
}

GYRE_TEST(TlsClientCertificate, server_that_does_not_ask_sees_none) {
    const auto client = client_with(authority().issue({"alice"}));
    auto shaken = co_await shake_hands(client, good_server());
    EXPECT_EQ(shaken.server_error, "none");
    EXPECT_EQ(net::tls_info(*shaken.server)->peer_certificate, "");
    EXPECT_EQ(net::tls_info(*shaken.server)->peer_key_sha256, "");
}

GYRE_TEST(TlsClientCertificate, that_is_missing_or_of_a_stranger_is_refused) {
    const auto server = demanding_server();
    auto without = co_await shake_hands(good_client(), server);
    EXPECT_NE(without.server_error.find("certificate"), std::string::npos) << without.server_error;

    const net::TestAuthority stranger("stranger");
    const auto client = client_with(stranger.issue({"mallory"}));
    auto unknown = co_await shake_hands(client, server);
    EXPECT_NE(unknown.server_error.find("issuer"), std::string::npos) << unknown.server_error;
}

TEST(TlsClientCertificate, that_does_not_fit_its_key_is_an_error) {
    const auto one = authority().issue({"alice"});
    const auto other = authority().issue({"bob"});
    auto options = client_options();
    options.certificate_pem(one.chain, other.key);
    EXPECT_EQ(error_of([&] { const net::TlsClientContext context(options); }),
        "tls private key: key and certificate do not belong together");
    auto files = client_options();
    files.certificate("/nonexistent/chain.pem", "/nonexistent/key.pem");
    EXPECT_NE(error_of([&] { const net::TlsClientContext context(files); }).find("tls /nonexistent/chain.pem: "),
        std::string::npos);
}

constexpr std::string_view other_pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

GYRE_TEST(TlsPins, key_that_is_pinned_is_accepted_and_others_are_not) {
    auto shaken = co_await shake_hands(good_client(), good_server());
    const auto pin = net::tls_info(*shaken.client)->peer_key_sha256;

    auto right = client_options();
    right.pin_key(std::string(other_pin)).pin_key(pin);
    auto accepted = co_await shake_hands(net::TlsClientContext(right), good_server());
    EXPECT_EQ(accepted.client_error, "none");

    auto wrong = client_options();
    wrong.pin_key(std::string(other_pin));
    auto refused = co_await shake_hands(net::TlsClientContext(wrong), good_server());
    EXPECT_EQ(refused.client_error,
        "tls server.example: the key of its certificate is none of those pinned: its SHA-256 is " + pin);
}

// The key of a certificate that nobody issued can be trusted by itself; the name of another host does not matter then.
GYRE_TEST(TlsPins, hold_without_a_chain_too) {
    auto shaken = co_await shake_hands(good_client(), good_server());
    const auto pin = net::tls_info(*shaken.client)->peer_key_sha256;
    net::TlsClientOptions options;
    options.insecure_skip_verify().pin_key(pin);
    auto accepted = co_await shake_hands(net::TlsClientContext(options), good_server(), "other.example");
    EXPECT_EQ(accepted.client_error, "none");
    const auto impostor = authority().issue({"other.example"});
    const net::TlsServerContext server(server_options(impostor));
    auto refused = co_await shake_hands(net::TlsClientContext(options), server, "other.example");
    EXPECT_NE(refused.client_error.find("none of those pinned"), std::string::npos) << refused.client_error;
}

// As `openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` has it.
TEST(TlsPins, that_are_no_sha256_in_base64_are_refused) {
    for (const std::string pin :
        {"", "abc", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAA="}) {
        EXPECT_EQ(error_of([&] { net::TlsClientOptions().pin_key(pin); }),
            "TLS: a pin is the SHA-256 of a key in base64, not '" + pin + "'");
    }
}

}  // namespace
}  // namespace gyre::testing
