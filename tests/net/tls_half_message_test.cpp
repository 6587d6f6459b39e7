// A message of the protocol itself that has come half: what is written meanwhile needs the other half first.
#include "tls_fixture.hpp"

#include "net/tls_transport.hpp"

#include <array>

namespace gyre::testing {
namespace {

using namespace std::chrono_literals;

/// A server whose session tickets are long and come in many small records.
auto talkative_server() -> SSL_CTX& {
    static const net::SslContextPointer made = [] {
        net::SslContextPointer context(SSL_CTX_new(TLS_server_method()));
        const auto& certificate = good_certificate();
        const net::BioPointer chain(
            BIO_new_mem_buf(certificate.chain.data(), static_cast<int>(certificate.chain.size())));
        const net::BioPointer secret(BIO_new_mem_buf(certificate.key.data(), static_cast<int>(certificate.key.size())));
        const net::CertificatePointer own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
        const net::KeyPointer key(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr));
        SSL_CTX_use_certificate(context.get(), own.get());
        SSL_CTX_use_PrivateKey(context.get(), key.get());
        SSL_CTX_set_max_send_fragment(context.get(), 512);
        const auto lengthen = [](SSL* ssl, void*) -> int {
            static const std::array<char, 4000> data{};
            return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
        };
        SSL_CTX_set_session_ticket_cb(context.get(), lengthen, nullptr, nullptr);
        return context;
    }();
    return *made;
}

/// A connection whose client has got a third of a session ticket; `rest` holds the rest, and "x" behind it.
class HalfMessage {
public:
    auto prepare() -> Task<void> {
        MemoryConnection connection({.capacity = 1'000'000});
        to_client = connection.to_client;
        server = std::make_unique<net::TlsTransport>(
            std::move(connection.server), net::TlsEngine::server(talkative_server()), "", "client");
        auto work = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
        auto both = co_await gather(std::move(work), server->handshake());
        client.emplace(std::get<0>(std::move(both)));
        const std::array<std::byte, 1> x{std::byte{'x'}};
        co_await server->write_all(x);
        const auto all = to_client->take();
        EXPECT_GT(all.size(), 8000U);
        to_client->put(std::string_view(all).substr(0, all.size() / 6));
        rest = all.substr(all.size() / 6);
    }

    std::shared_ptr<MemoryPipe> to_client;
    std::unique_ptr<net::TlsTransport> server;
    std::optional<net::Stream> client;
    std::string rest;
};

auto received(net::TlsTransport& transport) -> Task<std::string> {
    std::array<std::byte, 100> buffer{};
    const auto count = co_await transport.read_some(buffer);
    co_return std::string(reinterpret_cast<const char*>(buffer.data()), count);
}

GYRE_TEST(TlsHalfMessage, a_write_receives_by_itself) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    reader.cancel();
    const auto gone = co_await as_outcome(reader.join());
    EXPECT_FALSE(gone.has_value());
    auto writer = spawn(half.client->write(std::string_view("hello")));
    co_await all_blocked();
    EXPECT_FALSE(writer.done());
    half.to_client->put(half.rest);
    co_await writer.join();
    const auto text = co_await received(*half.server);
    EXPECT_EQ(text, "hello");
    const auto x = co_await half.client->read_some();
    EXPECT_EQ(x, "x");
}

GYRE_TEST(TlsHalfMessage, a_write_waits_for_the_reader) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    auto writer = spawn(half.client->write(std::string_view("hello")));
    co_await all_blocked();
    EXPECT_FALSE(writer.done());
    for (const char byte : half.rest) {
        half.to_client->put({&byte, 1});
        co_await yield_now();
    }
    co_await writer.join();
    const auto x = co_await reader.join();
    EXPECT_EQ(x, "x");
    const auto text = co_await received(*half.server);
    EXPECT_EQ(text, "hello");
}

GYRE_TEST(TlsHalfMessage, a_write_takes_over_from_a_cancelled_reader) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    auto writer = spawn(half.client->write(std::string_view("hello")));
    co_await all_blocked();
    reader.cancel();
    co_await all_blocked();
    EXPECT_TRUE(reader.cancelled());
    EXPECT_FALSE(writer.done());
    half.to_client->put(half.rest);
    co_await writer.join();
    const auto x = co_await half.client->read_some();
    EXPECT_EQ(x, "x");
}

GYRE_TEST(TlsHalfMessage, a_reader_takes_over_from_a_cancelled_write) {
    HalfMessage half;
    co_await half.prepare();
    auto early = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    early.cancel();
    co_await all_blocked();
    auto writer = spawn(half.client->write(std::string_view("hello")));
    co_await all_blocked();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    writer.cancel();
    co_await all_blocked();
    EXPECT_TRUE(writer.cancelled());
    half.to_client->put(half.rest);
    const auto x = co_await reader.join();
    EXPECT_EQ(x, "x");
}

GYRE_TEST(TlsHalfMessage, the_other_half_never_comes) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    auto writer = spawn(half.client->write(std::string_view("hello")));
    co_await all_blocked();
    half.to_client->end();
    const auto read = co_await as_outcome(reader.join());
    const auto written = co_await as_outcome(writer.join());
    EXPECT_EQ(describe(read.error()),
        "tls server.example: the connection ended without a TLS goodbye: what was read may be truncated");
    EXPECT_EQ(
        describe(written.error()), "tls server.example: the peer ended the connection in the middle of a message");
}

/// What the server reads: "end" for a goodbye, else the error.
auto end_at(net::TlsTransport& server) -> Task<std::string> {
    const auto outcome = co_await as_outcome(received(server));
    if (!outcome.has_value()) co_return describe(outcome.error());
    co_return outcome.value().empty() ? std::string("end") : outcome.value();
}

GYRE_TEST(TlsHalfMessage, a_goodbye_waits_for_the_other_half) {
    for (const bool closes : {false, true}) {
        HalfMessage half;
        co_await half.prepare();
        auto reader = spawn(half.client->read_some(std::size_t{10}));
        co_await all_blocked();
        reader.cancel();
        co_await all_blocked();
        auto ending = closes ? half.client->close() : half.client->shutdown_write();
        auto ended = spawn(std::move(ending));
        co_await all_blocked();
        EXPECT_FALSE(ended.done());
        half.to_client->put(half.rest);
        co_await ended.join();
        const auto seen = co_await end_at(*half.server);
        EXPECT_EQ(seen, "end");
        if (closes) continue;
        const auto x = co_await half.client->read_some();
        EXPECT_EQ(x, "x") << "reading goes on";
    }
}

GYRE_TEST(TlsHalfMessage, a_goodbye_does_not_wait_for_ever) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    reader.cancel();
    co_await all_blocked();
    const auto before = this_loop().now();
    co_await half.client->close();
    EXPECT_EQ(this_loop().now() - before, net::TlsTransport::goodbye_limit);
    const auto seen = co_await end_at(*half.server);
    EXPECT_EQ(seen, "tls client: the connection ended without a TLS goodbye: what was read may be truncated");
}

GYRE_TEST(TlsHalfMessage, a_goodbye_after_which_nothing_comes_is_an_error) {
    HalfMessage half;
    co_await half.prepare();
    auto reader = spawn(half.client->read_some(std::size_t{10}));
    co_await all_blocked();
    reader.cancel();
    co_await all_blocked();
    half.to_client->end();
    const auto outcome = co_await as_outcome(half.client->shutdown_write());
    EXPECT_EQ(
        describe(outcome.error()), "tls server.example: the peer ended the connection in the middle of a message");
}

}  // namespace
}  // namespace gyre::testing
