// What servers show and ask for: several certificates, clients that may come without one, session tickets and their keys.

#include "net/tls_tickets.hpp"
#include "os/os_support.hpp"
#include "tls_fixture.hpp"

#include <array>

namespace gyre::testing {
namespace {

/// The name of the certificate that a client is shown who asks for `host`.
auto shown_for(const net::TlsServerContext& server, std::string host) -> Task<std::string> {
    net::TlsClientOptions any;
    any.insecure_skip_verify();
    const net::TlsClientContext client(any);
    auto shaken = co_await shake_hands(client, server, std::move(host));
    if (!shaken.client) co_return shaken.client_error;
    co_return net::tls_info(*shaken.client)->peer_certificate;
}

auto add_to(net::TlsServerOptions& options, const std::vector<std::string>& names) -> void {
    const auto certificate = authority().issue(names);
    options.certificate_pem(certificate.chain, certificate.key);
}

GYRE_TEST(TlsServerNames, each_name_is_shown_its_certificate) {
    net::TlsServerOptions options;
    add_to(options, {"one.example", "1.example"});
    add_to(options, {"two.example"});
    add_to(options, {"*.three.example"});
    const net::TlsServerContext server(options);
    const std::pair<const char*, const char*> cases[] = {
        {"one.example", "CN=one.example"}, {"1.example", "CN=one.example"}, {"two.example", "CN=two.example"},
        {"TWO.example", "CN=two.example"}, {"a.three.example", "CN=*.three.example"},
        {"a.b.three.example", "CN=one.example"}, {"other.example", "CN=one.example"},
        {"127.0.0.1", "CN=one.example"},  // addresses are not sent
    };
    for (const auto& [host, expected] : cases) {
        const auto shown = co_await shown_for(server, host);
        EXPECT_EQ(shown, expected) << host;
    }
}

GYRE_TEST(TlsServerNames, one_that_does_not_fit_its_key_is_named) {
    const auto one = authority().issue({"one.example"});
    const auto two = authority().issue({"two.example"});
    net::TlsServerOptions options;
    options.certificate_pem(one.chain, one.key).certificate_pem(two.chain, one.key);
    EXPECT_EQ(error_of([&] { const net::TlsServerContext context(options); }),
        "tls private key: key and certificate do not belong together");
    EXPECT_EQ(error_of([] { const net::TlsServerContext context{net::TlsServerOptions()}; }),
        "tls server: no certificate was given");
    options.certificate("/a/chain.pem", "/a/key.pem").client_ca_file("/a/ca.pem");
    EXPECT_EQ(options.files(), (std::vector<std::string>{"/a/chain.pem", "/a/key.pem", "/a/ca.pem"}));
    co_return;
}

GYRE_TEST(TlsServerClients, may_come_without_a_certificate_if_the_server_says_so) {
    auto options = server_options(good_certificate());
    options.client_ca_pem(authority().certificate()).client_certificate_optional();
    const net::TlsServerContext server(options);
    auto without = co_await shake_hands(good_client(), server);
    EXPECT_EQ(without.server_error, "none");
    const auto nobody = *net::tls_info(*without.server);
    EXPECT_EQ(nobody.peer_certificate, "");
    EXPECT_FALSE(nobody.is_peer_verified);

    const auto alice = authority().issue({"alice", "10.0.0.7"});
    auto client_settings = client_options();
    client_settings.certificate_pem(alice.chain, alice.key);
    auto with = co_await shake_hands(net::TlsClientContext(client_settings), server);
    const auto somebody = *net::tls_info(*with.server);
    EXPECT_EQ(somebody.peer_certificate, "CN=alice");
    EXPECT_EQ(somebody.peer_issuer, "CN=gyre test authority");
    EXPECT_EQ(somebody.peer_names, (std::vector<std::string>{"DNS:alice", "IP:10.0.0.7"}));
    EXPECT_EQ(somebody.peer_sha256.size(), 64U);
    EXPECT_TRUE(somebody.is_peer_verified);

    const net::TestAuthority stranger("stranger");
    const auto mallory = stranger.issue({"mallory"});
    auto other_settings = client_options();
    other_settings.certificate_pem(mallory.chain, mallory.key);
    auto unknown = co_await shake_hands(net::TlsClientContext(other_settings), server);
    EXPECT_NE(unknown.server_error, "none") << "one that is shown must be right";
}

TEST(TlsTicketKeys, are_used_for_half_a_day_and_known_for_another) {
    net::TlsTicketKeys keys;
    const Time start = Time() + 100h;
    const auto first = *keys.newest(start);
    EXPECT_EQ(keys.newest(start + 12h - 1ns)->name, first.name);
    EXPECT_TRUE(keys.find(first.name, start + 12h - 1ns));
    const auto second = *keys.newest(start + 12h);
    EXPECT_NE(second.name, first.name);
    EXPECT_NE(second.cipher, first.cipher);
    EXPECT_NE(second.mac, first.mac);
    EXPECT_EQ(keys.find(first.name, start + 12h)->cipher, first.cipher);
    EXPECT_TRUE(keys.find(first.name, start + 24h - 1ns));
    EXPECT_FALSE(keys.find(first.name, start + 24h));
    EXPECT_TRUE(keys.find(second.name, start + 24h));
    // After a long silence nothing old is good.
    EXPECT_FALSE(keys.find(second.name, start + 100h));
    const std::array<unsigned char, 16> unknown{};
    EXPECT_FALSE(keys.find(unknown, start + 100h));
}

/// A client as OpenSSL has it, which keeps its session. Ours never comes back with a ticket.
class ReturningClient {
public:
    ReturningClient() : context_(SSL_CTX_new(TLS_client_method())) {}

    /// Connects, says "hi" and reads it back. @return whether the server knew it.
    auto connect(const net::TlsServerContext& server) -> Task<bool> {
        MemoryConnection connection{MemoryOptions()};
        net::Stream stream(std::move(connection.client));
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_connect_state(ssl_.get());
        SSL_set_tlsext_host_name(ssl_.get(), "server.example");
        if (session_ != nullptr) SSL_set_session(ssl_.get(), session_);
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        auto echoing = echo(server, net::Stream(std::move(connection.server)));
        auto talking = talk(stream);
        co_await gather(std::move(echoing), std::move(talking));
        SSL_SESSION_free(session_);
        session_ = SSL_get1_session(ssl_.get());
        const bool was_known = SSL_session_reused(ssl_.get()) == 1;
        SSL_shutdown(ssl_.get());
        co_return was_known;
    }

    ReturningClient(const ReturningClient&) = delete;
    auto operator=(const ReturningClient&) -> ReturningClient& = delete;
    ~ReturningClient() { SSL_SESSION_free(session_); }

private:
    static auto echo(const net::TlsServerContext& server, net::Stream stream) -> Task<> {
        auto secured = co_await server.handshake(std::move(stream));
        const auto text = co_await secured.read_exactly(2);
        co_await secured.write(text);
        co_await secured.close();
    }

    auto talk(net::Stream& stream) -> Task<> {
        std::array<char, 2> answer{};
        bool has_written = false;
        for (;;) {
            int result = SSL_do_handshake(ssl_.get());
            if (result == 1 && !has_written) has_written = SSL_write(ssl_.get(), "hi", 2) == 2;
            if (result == 1) result = SSL_read(ssl_.get(), answer.data(), 2);
            char* output = nullptr;
            const auto size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &output);
            const std::string text(output, static_cast<std::size_t>(size));
            static_cast<void>(BIO_reset(SSL_get_wbio(ssl_.get())));
            if (!text.empty()) co_await stream.write(text);
            if (result == 2) break;
            const auto input = co_await stream.read_some();
            if (input.empty()) break;
            BIO_write(SSL_get_rbio(ssl_.get()), input.data(), static_cast<int>(input.size()));
        }
        EXPECT_EQ(std::string(answer.data(), 2), "hi");
    }

    net::SslContextPointer context_;
    net::SslPointer ssl_;
    SSL_SESSION* session_ = nullptr;
};

GYRE_TEST(TlsTickets, are_good_on_every_loop_and_for_half_a_day_at_least) {
    auto options = server_options(good_certificate());
    const net::TlsServerContext one(options);
    const net::TlsServerContext other(options);  // as the server of another loop makes it
    const net::TlsServerContext stranger(server_options(good_certificate()));
    ReturningClient client;
    const bool first = co_await client.connect(one);
    EXPECT_FALSE(first);
    const bool second = co_await client.connect(other);
    EXPECT_TRUE(second);
    const bool elsewhere = co_await client.connect(stranger);
    EXPECT_FALSE(elsewhere) << "another server has other keys";
    net::TlsServerOptions renewed;
    add_to(renewed, {"server.example"});
    renewed.share_tickets(options);
    const net::TlsServerContext after(renewed);
    ReturningClient returning;
    const bool before_renewal = co_await returning.connect(one);
    EXPECT_FALSE(before_renewal);
    const bool after_renewal = co_await returning.connect(after);
    EXPECT_TRUE(after_renewal) << "a new certificate does not make strangers of clients";
}

GYRE_TEST(TlsTickets, are_good_for_the_authorities_by_which_their_client_was_judged) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "authorities.pem";
    co_await fs::write_text(file, authority().certificate());
    const net::TestAuthority partner("partner");
    auto options = server_options(good_certificate());
    options.client_ca_file(file.string()).client_ca_pem(partner.certificate()).client_certificate_optional();
    const net::TlsServerContext before(options);
    const net::TlsServerContext same(options);
    options.client_ca_pem(authority().certificate());
    const net::TlsServerContext after(options);
    ReturningClient client;
    const bool first = co_await client.connect(before);
    EXPECT_FALSE(first);
    const bool again = co_await client.connect(same);
    EXPECT_TRUE(again);
    const bool judged_anew = co_await client.connect(after);
    EXPECT_FALSE(judged_anew) << "the partner is trusted no longer";
}

}  // namespace
}  // namespace gyre::testing
