// Who may talk to whom: certificates, names, protocols, and what is said when it fails.
#include "tls_fixture.hpp"

#include "net/tls_transport.hpp"

#include <fstream>

namespace gyre::testing {
namespace {

using namespace std::chrono_literals;

/// What a client that trusts `authority()` says of a server with `certificate`.
auto verdict(const net::TestCertificate& certificate, std::string host = "server.example") -> Task<std::string> {
    const net::TlsServerContext server(server_options(certificate));
    auto result = co_await shake_hands(good_client(), server, std::move(host));
    co_return result.client_error;
}

GYRE_TEST(TlsHandshake, agrees_on_the_best_and_says_what) {
    auto result = co_await shake_hands(good_client(), good_server());
    EXPECT_EQ(result.client_error, "none");
    EXPECT_EQ(result.server_error, "none");
    if (!result.client || !result.server) co_return;
    const auto client = net::tls_info(*result.client);
    const auto server = net::tls_info(*result.server);
    EXPECT_EQ(client->version, "TLSv1.3");
    EXPECT_EQ(client->cipher, "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(client->server_name, "server.example");
    EXPECT_EQ(client->peer_certificate, "CN=server.example");
    EXPECT_EQ(client->alpn, "");
    EXPECT_EQ(server->version, "TLSv1.3");
    EXPECT_EQ(server->server_name, "server.example");
    EXPECT_EQ(server->peer_certificate, "");
}

GYRE_TEST(TlsHandshake, works_byte_by_byte) {
    for (std::uint32_t seed = 1; seed <= 8; ++seed) {
        const MemoryOptions options{.capacity = seed, .longest_transfer = seed % 2, .seed = seed};
        auto result = co_await shake_hands(good_client(), good_server(), "server.example", options);
        EXPECT_EQ(result.client_error, "none");
        EXPECT_EQ(result.server_error, "none");
    }
}

GYRE_TEST(TlsHandshake, no_tls_no_info) {
    MemoryConnection connection;
    net::Stream plain(std::move(connection.client));
    EXPECT_FALSE(net::tls_info(plain).has_value());
    co_return;
}

GYRE_TEST(TlsHandshake, addresses_are_verified_and_not_sent_as_a_name) {
    for (const std::string host : {"127.0.0.1", "::1"}) {
        auto result = co_await shake_hands(good_client(), good_server(), host);
        EXPECT_EQ(result.client_error, "none");
        if (!result.server) co_return;
        EXPECT_EQ(net::tls_info(*result.server)->server_name, "");
    }
    const auto other = co_await verdict(good_certificate(), "127.0.0.2");
    EXPECT_EQ(other,
        "tls 127.0.0.2: certificate is for 'server.example', '127.0.0.1', "
        "'0000:0000:0000:0000:0000:0000:0000:0001', 'localhost', not '127.0.0.2'");
}

GYRE_TEST(TlsHandshake, a_name_for_an_address_is_no_address) {
    const auto certificate = authority().issue({"server.example"});
    const auto text = co_await verdict(certificate, "10.0.0.1");
    EXPECT_EQ(text, "tls 10.0.0.1: certificate is for 'server.example', not '10.0.0.1'");
}

GYRE_TEST(TlsHandshake, wrong_host) {
    const auto certificate = authority().issue({"a.example"});
    const auto text = co_await verdict(certificate, "b.example");
    EXPECT_EQ(text, "tls b.example: certificate is for 'a.example', not 'b.example'");
}

GYRE_TEST(TlsHandshake, a_wildcard_is_one_label) {
    const auto certificate = authority().issue({"*.a.example"});
    auto text = co_await verdict(certificate, "x.a.example");
    EXPECT_EQ(text, "none");
    text = co_await verdict(certificate, "X.A.Example");
    EXPECT_EQ(text, "none");
    text = co_await verdict(certificate, "y.x.a.example");
    EXPECT_EQ(text, "tls y.x.a.example: certificate is for '*.a.example', not 'y.x.a.example'");
    text = co_await verdict(certificate, "a.example");
    EXPECT_EQ(text, "tls a.example: certificate is for '*.a.example', not 'a.example'");
}

GYRE_TEST(TlsHandshake, a_dot_at_the_end_and_letters_beyond_ascii_are_the_same_host) {
    auto text = co_await verdict(good_certificate(), "server.example.");
    EXPECT_EQ(text, "none");
    const auto international = authority().issue({"xn--bcher-kva.example"});
    text = co_await verdict(international, "bücher.example");
    EXPECT_EQ(text, "none");
}

GYRE_TEST(TlsHandshake, hosts_that_would_match_anything_are_refused) {
    for (const std::string host : {"", ".", ".example"}) {
        const auto text = co_await verdict(good_certificate(), host);
        EXPECT_EQ(text, "TLS handshake: the host is empty, begins with a dot or has a NUL (and it is no IoError)")
            << host;
    }
}

GYRE_TEST(TlsHandshake, expired) {
    const auto certificate = authority().issue({"server.example"}, {.begins = -48h, .lasts = 24h});
    const auto text = co_await verdict(certificate);
    EXPECT_EQ(text, "tls server.example: certificate has expired");
}

GYRE_TEST(TlsHandshake, not_yet_valid) {
    const auto certificate = authority().issue({"server.example"}, {.begins = 24h, .lasts = 24h});
    const auto text = co_await verdict(certificate);
    EXPECT_EQ(text, "tls server.example: certificate is not yet valid");
}

GYRE_TEST(TlsHandshake, another_authority) {
    const net::TestAuthority other("somebody else");
    const auto certificate = other.issue({"server.example"});
    const auto text = co_await verdict(certificate);
    EXPECT_EQ(text, "tls server.example: unable to get local issuer certificate (issued by 'CN=somebody else')");
}

GYRE_TEST(TlsHandshake, an_authority_that_is_sent_along_is_not_trusted_for_that) {
    const net::TestAuthority other("somebody else");
    auto certificate = other.issue({"server.example"});
    certificate.chain += other.certificate();
    const auto text = co_await verdict(certificate);
    EXPECT_EQ(text, "tls server.example: self-signed certificate in certificate chain");
}

GYRE_TEST(TlsHandshake, the_server_learns_why_it_was_refused) {
    const net::TestAuthority other("somebody else");
    const net::TlsServerContext server(server_options(other.issue({"server.example"})));
    auto result = co_await shake_hands(good_client(), server);
    EXPECT_EQ(result.server_error, "tls client: the peer refused: unknown ca");
}

GYRE_TEST(TlsHandshake, self_signed) {
    const auto text = co_await verdict(self_signed_certificate("server.example"));
    EXPECT_EQ(text, "tls server.example: self-signed certificate");
}

GYRE_TEST(TlsHandshake, the_system_trusts_no_test_authority) {
    const net::TlsClientContext client;
    auto result = co_await shake_hands(client, good_server());
    EXPECT_EQ(result.client_error,
        "tls server.example: unable to get local issuer certificate (issued by 'CN=gyre test authority')");
}

GYRE_TEST(TlsHandshake, the_common_name_is_no_host_name) {
    const auto certificate = common_name_certificate("server.example");
    net::TlsClientOptions options;
    options.ca_pem(certificate.chain);
    const net::TlsClientContext client(options);
    const net::TlsServerContext server(server_options(certificate));
    auto result = co_await shake_hands(client, server);
    EXPECT_EQ(
        result.client_error, "tls server.example: certificate is for no host or address at all, not 'server.example'");
}

GYRE_TEST(TlsHandshake, whoever_skips_verification_gets_anything) {
    net::TlsClientOptions options;
    options.insecure_skip_verify();
    const net::TlsClientContext client(options);
    const net::TlsServerContext server(server_options(self_signed_certificate("other.example")));
    auto result = co_await shake_hands(client, server);
    EXPECT_EQ(result.client_error, "none");
    if (!result.client) co_return;
    EXPECT_EQ(net::tls_info(*result.client)->peer_certificate, "CN=other.example");
}

/// The client's verdict of a server that OpenSSL was told to let do what ours never does.
auto verdict_of_odd_server(SSL_CTX& context, const net::TlsClientContext& client) -> Task<std::string> {
    MemoryConnection connection;
    Handshake result;
    net::TlsTransport server(std::move(connection.server), net::TlsEngine::server(context), "", "client");
    auto shaking = client.handshake(net::Stream(std::move(connection.client)), "server.example");
    co_await gather(attempt(std::move(shaking), result.client, result.client_error), [&]() -> Task<void> {
        const auto outcome = co_await as_outcome(server.handshake());
        server.abort();
        static_cast<void>(outcome);
    });
    co_return result.client_error;
}

auto odd_server(const net::TestCertificate& certificate) -> net::SslContextPointer {
    net::SslContextPointer context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    const net::BioPointer chain(BIO_new_mem_buf(certificate.chain.data(), static_cast<int>(certificate.chain.size())));
    const net::BioPointer secret(BIO_new_mem_buf(certificate.key.data(), static_cast<int>(certificate.key.size())));
    const net::CertificatePointer own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    const net::KeyPointer key(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(SSL_CTX_use_certificate(context.get(), own.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
    return context;
}

GYRE_TEST(TlsHandshake, a_weak_key_is_refused_even_if_trusted) {
    const auto certificate = weak_certificate("server.example");
    net::TlsClientOptions options;
    options.ca_pem(certificate.chain);
    const net::TlsClientContext client(options);
    const auto context = odd_server(certificate);
    const auto text = co_await verdict_of_odd_server(*context, client);
    EXPECT_EQ(text, "tls server.example: EE certificate key too weak");
}

GYRE_TEST(TlsHandshake, old_versions_are_refused) {
    const auto context = odd_server(good_certificate());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
    const auto text = co_await verdict_of_odd_server(*context, good_client());
    EXPECT_EQ(text, "tls server.example: the peer refused: protocol version");
}

GYRE_TEST(TlsHandshake, suites_outside_the_list_are_refused) {
    const auto context = odd_server(good_certificate());
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-SHA");
    const auto text = co_await verdict_of_odd_server(*context, good_client());
    EXPECT_EQ(text, "tls server.example: the peer refused: handshake failure");
}

GYRE_TEST(TlsHandshake, version_1_2_is_spoken) {
    const auto context = odd_server(good_certificate());
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const auto text = co_await verdict_of_odd_server(*context, good_client());
    EXPECT_EQ(text, "none");
}

GYRE_TEST(TlsHandshake, alpn_takes_what_the_server_likes_best) {
    const net::TlsClientContext client(client_options().alpn({"http/1.1", "h2", "x"}));
    const net::TlsServerContext server(server_options(good_certificate()).alpn({"y", "h2", "http/1.1"}));
    auto result = co_await shake_hands(client, server);
    EXPECT_EQ(result.client_error, "none");
    if (!result.client || !result.server) co_return;
    EXPECT_EQ(net::tls_info(*result.client)->alpn, "h2");
    EXPECT_EQ(net::tls_info(*result.server)->alpn, "h2");
}

GYRE_TEST(TlsHandshake, alpn_without_overlap_is_refused) {
    const net::TlsClientContext client(client_options().alpn({"h2"}));
    const net::TlsServerContext server(server_options(good_certificate()).alpn({"http/1.1"}));
    auto result = co_await shake_hands(client, server);
    EXPECT_EQ(result.client_error, "tls server.example: the peer refused: no application protocol");
    EXPECT_EQ(result.server_error, "tls client: no application protocol in common (ALPN)");
}

GYRE_TEST(TlsHandshake, alpn_of_one_side_only_chooses_nothing) {
    const net::TlsClientContext client(client_options().alpn({"h2"}));
    auto result = co_await shake_hands(client, good_server());
    EXPECT_EQ(result.client_error, "none");
    if (!result.client) co_return;
    EXPECT_EQ(net::tls_info(*result.client)->alpn, "");
    const net::TlsServerContext server(server_options(good_certificate()).alpn({"http/1.1"}));
    auto other = co_await shake_hands(good_client(), server);
    EXPECT_EQ(other.client_error, "none");
    if (!other.server) co_return;
    EXPECT_EQ(net::tls_info(*other.server)->alpn, "");
}

/// What a client says of a peer that answers with `answer` and then ends.
auto verdict_of_answer(std::string answer) -> Task<std::string> {
    MemoryConnection connection;
    Handshake result;
    connection.to_client->put(answer);
    connection.to_client->end();
    auto work = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    co_await attempt(std::move(work), result.client, result.client_error);
    co_return result.client_error;
}

GYRE_TEST(TlsHandshake, a_peer_that_goes) {
    const auto text = co_await verdict_of_answer("");
    EXPECT_EQ(text, "tls server.example: the peer ended the connection during the handshake");
}

GYRE_TEST(TlsHandshake, a_peer_that_does_not_speak_tls) {
    auto text = co_await verdict_of_answer("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_EQ(text, "tls server.example: the peer does not speak TLS, or a version that is not allowed");
    text = co_await verdict_of_answer("220 mail.example ESMTP\r\n");
    EXPECT_EQ(text, "tls server.example: the peer does not speak TLS, or a version that is not allowed");
}

GYRE_TEST(TlsHandshake, a_server_that_is_spoken_to_in_plain_http) {
    MemoryConnection connection;
    Handshake result;
    connection.to_server->put("GET / HTTP/1.1\r\nHost: server.example\r\n\r\n");
    auto work = good_server().handshake(net::Stream(std::move(connection.server)));
    co_await attempt(std::move(work), result.server, result.server_error);
    EXPECT_EQ(result.server_error, "tls client: the peer speaks plain HTTP, not TLS");
}

GYRE_TEST(TlsHandshake, a_peer_that_reads_nothing_does_not_keep_an_error_back) {
    MemoryConnection connection({.capacity = 600});  // the greeting fits, the alert after it does not
    Handshake result;
    connection.to_client->put("HTTP/1.1 400 Bad Request\r\n\r\n");
    const auto before = this_loop().now();
    auto work = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    co_await attempt(std::move(work), result.client, result.client_error);
    EXPECT_EQ(result.client_error, "tls server.example: the peer does not speak TLS, or a version that is not allowed");
    EXPECT_LE(this_loop().now() - before, net::TlsTransport::goodbye_limit);
}

TEST(TlsContext, errors_name_what_is_wrong) {
    const auto client_error = [](const net::TlsClientOptions& options) {
        return error_of([&] { const net::TlsClientContext made(options); });
    };
    const auto server_error = [](const net::TlsServerOptions& options) {
        return error_of([&] { const net::TlsServerContext made(options); });
    };
    const auto other = authority().issue({"other.example"});
    const auto& good = good_certificate();
    using net::TlsClientOptions;
    using net::TlsServerOptions;
    EXPECT_EQ(
        client_error(TlsClientOptions().ca_file("/nowhere/ca.pem")), "tls /nowhere/ca.pem: No such file or directory");
    EXPECT_EQ(client_error(TlsClientOptions().ca_pem("rubbish")),
        "tls trusted certificates: holds no certificate in PEM form");
    EXPECT_EQ(client_error(TlsClientOptions().ca_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
        "tls trusted certificates: holds a certificate that is broken");
    EXPECT_EQ(client_error(TlsClientOptions().alpn({""})), "TLS: an ALPN protocol name has 1 to 255 bytes: ''");
    EXPECT_EQ(server_error(TlsServerOptions()), "tls server: no certificate was given");
    EXPECT_EQ(server_error(TlsServerOptions().certificate_pem("rubbish", good.key)),
        "tls certificate: holds no certificate in PEM form");
    EXPECT_EQ(server_error(TlsServerOptions().certificate_pem(good.chain, "rubbish")),
        "tls private key: holds no private key in PEM form");
    EXPECT_EQ(server_error(TlsServerOptions().certificate_pem(good.chain, locked_key(good))),
        "tls private key: the key is locked with a passphrase; one without is needed");
    EXPECT_EQ(server_error(TlsServerOptions().certificate_pem(good.chain, other.key)),
        "tls private key: key and certificate do not belong together");
    EXPECT_EQ(server_error(TlsServerOptions().certificate("/nowhere/chain.pem", "/nowhere/key.pem")),
        "tls /nowhere/chain.pem: No such file or directory");
    const auto weak = weak_certificate("server.example");
    EXPECT_EQ(
        server_error(TlsServerOptions().certificate_pem(weak.chain, weak.key)), "tls certificate: ee key too small");
}

GYRE_TEST(TlsContext, reads_files) {
    const std::string folder = ::testing::TempDir() + "gyre-tls-" + std::to_string(::getpid());
    std::ofstream(folder + "-ca.pem") << authority().certificate();
    std::ofstream(folder + "-chain.pem") << good_certificate().chain;
    std::ofstream(folder + "-key.pem") << good_certificate().key;
    const net::TlsClientContext client(net::TlsClientOptions().ca_file(folder + "-ca.pem"));
    const net::TlsServerContext server(net::TlsServerOptions().certificate(folder + "-chain.pem", folder + "-key.pem"));
    auto result = co_await shake_hands(client, server);
    EXPECT_EQ(result.client_error, "none");
    for (const char* end : {"-ca.pem", "-chain.pem", "-key.pem"}) ::unlink((folder + end).c_str());
}

TEST(TestAuthority, refuses_what_is_no_name) {
    EXPECT_EQ(error_of([] { static_cast<void>(authority().issue({})); }),
        "TestAuthority: a certificate needs at least one name");
    EXPECT_EQ(error_of([] { static_cast<void>(authority().issue({"a,DNS:b"})); }),
        "TestAuthority: 'a,DNS:b' is no name for a certificate");
}

}  // namespace
}  // namespace gyre::testing
