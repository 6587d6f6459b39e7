// What flows over a TLS connection: all of it, in order, in both directions at once, whatever the network does to it.
#include "tls_fixture.hpp"

#include "net/quiet.hpp"
#include "net/tls_transport.hpp"

#include "support/loops.hpp"
#include <random>

namespace gyre::testing {
namespace {

using namespace std::chrono_literals;

/// Bytes that differ everywhere.
auto pattern(std::size_t size, std::uint32_t seed) -> std::string {
    std::minstd_rand random(seed);
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random() >> 8);
    return text;
}

auto engine_of(net::Stream& stream) -> net::TlsEngine& {
    return dynamic_cast<net::TlsTransport&>(stream.transport()).engine();
}

auto send_all(net::Stream& stream, std::string_view data) -> Task<void> {
    co_await stream.write(data);
    co_await stream.shutdown_write();
}

GYRE_TEST(TlsStream, both_directions_at_once) {
    constexpr std::size_t size = 10 * 1024 * 1024;
    const auto up = pattern(size, 1);
    const auto down = pattern(size, 2);
    auto pair = co_await secure_pair({.capacity = 100'000, .longest_transfer = 40'000});
    auto& [client, server] = pair;
    auto received = co_await gather(client.read_all(), server.read_all(), send_all(client, up), send_all(server, down));
    EXPECT_TRUE(std::get<0>(received) == down);
    EXPECT_TRUE(std::get<1>(received) == up);
}

/// As `read_all`, with waits that hold no memory.
auto read_all_late(net::Stream& stream) -> Task<std::string> {
    std::string all;
    for (;;) {
        const auto count = co_await stream.fill_late();
        if (count == 0) co_return all;
        all.append(stream.buffered().data(), stream.buffered().size());
        stream.consume(stream.buffered().size());
    }
}

/// Sends in pieces, with new keys now and then: input that is none for the reader.
auto send_in_pieces(net::Stream& stream, std::string_view data) -> Task<void> {
    for (std::size_t at = 0; at < data.size(); at += 10'000) {
        engine_of(stream).renew_keys(at % 20'000 == 0);
        co_await stream.write(data.substr(at, 10'000));
        co_await sleep(1ms);
    }
    co_await stream.shutdown_write();
}

GYRE_TEST(TlsStream, waits_without_memory_lose_nothing) {
    const auto up = pattern(200'000, 1);
    const auto down = pattern(300'000, 2);
    auto listener = co_await net::listen("127.0.0.1", 0);
    auto left = co_await net::connect("127.0.0.1", listener.local_address().port());
    auto right = co_await listener.accept();
    auto pair = co_await gather(
        good_client().handshake(std::move(left), "server.example"), good_server().handshake(std::move(right)));
    auto& [client, server] = pair;
    const auto nothing = co_await move_on_after(1ms, server.fill_late());
    EXPECT_FALSE(nothing.has_value());
    auto received = co_await gather(
        read_all_late(client), read_all_late(server), send_in_pieces(client, up), send_in_pieces(server, down));
    EXPECT_TRUE(std::get<0>(received) == down);
    EXPECT_TRUE(std::get<1>(received) == up);
}

GYRE_TEST(TlsStream, byte_by_byte) {
    const auto up = pattern(40'000, 1);
    const auto down = pattern(50'000, 2);
    auto pair = co_await secure_pair({.capacity = 7, .longest_transfer = 3});
    auto& [client, server] = pair;
    auto received = co_await gather(client.read_all(), server.read_all(), send_all(client, up), send_all(server, down));
    EXPECT_TRUE(std::get<0>(received) == down);
    EXPECT_TRUE(std::get<1>(received) == up);
}

/// Reads that ask for little: what a record holds beyond it must not wait for the network.
GYRE_TEST(TlsStream, small_reads_of_one_large_record) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    co_await server.write(std::string_view("abcdefgh"));
    auto& transport = client.transport();
    std::string text;
    for (int i = 0; i < 8; ++i) {
        std::array<std::byte, 1> one{};
        const auto count = co_await timeout(1s, transport.read_some(one));
        EXPECT_EQ(count, 1U);
        text += static_cast<char>(one[0]);
    }
    EXPECT_EQ(text, "abcdefgh");
}

GYRE_TEST(TlsStream, one_read_takes_many_records) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    for (int i = 0; i < 10; ++i) co_await server.write(std::string_view("0123456789"));
    const auto text = co_await client.read_some();
    EXPECT_EQ(text.size(), 100U);
}

GYRE_TEST(TlsStream, half_close) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    co_await client.write(std::string_view("question"));
    co_await client.shutdown_write();
    co_await client.shutdown_write();  // again: nothing happens
    const auto question = co_await server.read_all();
    EXPECT_EQ(question, "question");
    co_await server.write(std::string_view("answer"));
    co_await server.close();
    const auto answer = co_await client.read_all();
    EXPECT_EQ(answer, "answer");
    const auto late = co_await as_outcome(client.write(std::string_view("more")));
    EXPECT_EQ(describe(late.error()), "write server.example: this side was shut down before");
    co_await client.close();
}

GYRE_TEST(TlsStream, closed_is_closed) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    co_await client.close();
    co_await client.close();
    EXPECT_TRUE(client.is_closed());
    const auto read = co_await as_outcome(client.read_all());
    EXPECT_EQ(describe(read.error()), "read server.example: the connection is closed");
    const auto write = co_await as_outcome(client.write(std::string_view("x")));
    EXPECT_EQ(describe(write.error()), "write server.example: the connection is closed");
    const auto rest = co_await server.read_all();
    EXPECT_EQ(rest, "");
    server.abort();
}

GYRE_TEST(TlsStream, an_end_without_goodbye_is_an_error) {
    MemoryConnection connection;
    auto to_client = connection.to_client;
    auto left = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    auto right = good_server().handshake(net::Stream(std::move(connection.server)));
    auto both = co_await gather(std::move(left), std::move(right));
    auto& [client, server] = both;
    co_await server.write(std::string_view("half of a"));
    to_client->end();
    const auto text = co_await client.read_exactly(9);
    EXPECT_EQ(text, "half of a");
    for (int i = 0; i < 2; ++i) {
        const auto end = co_await as_outcome(client.read_some(std::size_t{100}));
        EXPECT_TRUE(failed_with<net::TlsError>(end));
        EXPECT_EQ(describe(end.error()),
            "tls server.example: the connection ended without a TLS goodbye: what was read may be truncated");
    }
}

GYRE_TEST(TlsStream, a_damaged_record_is_an_error_on_both_sides) {
    MemoryConnection connection;
    auto to_client = connection.to_client;
    auto left = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    auto right = good_server().handshake(net::Stream(std::move(connection.server)));
    auto both = co_await gather(std::move(left), std::move(right));
    auto& [client, server] = both;
    co_await server.write(std::string_view("good"));
    co_await server.write(std::string_view("evil"));
    to_client->bytes().back() ^= 1;
    const auto good = co_await client.read_some();  // what came whole is delivered first
    EXPECT_EQ(good, "good");
    for (int i = 0; i < 2; ++i) {
        const auto evil = co_await as_outcome(client.read_some(std::size_t{100}));
        EXPECT_EQ(describe(evil.error()), "tls server.example: a record was damaged or forged (bad record MAC)");
    }
    const auto write = co_await as_outcome(client.write(std::string_view("x")));
    EXPECT_EQ(describe(write.error()), "tls server.example: a record was damaged or forged (bad record MAC)");
    const auto told = co_await as_outcome(server.read_some(std::size_t{100}));
    EXPECT_EQ(describe(told.error()), "tls client: the peer refused: bad record mac");
    co_await client.close();
    co_await server.close();
}

GYRE_TEST(TlsStream, new_keys_at_any_time) {
    auto pair = co_await secure_pair({.capacity = 1000, .longest_transfer = 100});
    auto& [client, server] = pair;
    for (int i = 0; i < 6; ++i) {
        auto& sender = i % 2 == 0 ? client : server;
        auto& receiver = i % 2 == 0 ? server : client;
        engine_of(sender).renew_keys(i < 4);
        const auto text = pattern(5000, static_cast<std::uint32_t>(i));
        auto received = co_await gather(receiver.read_exactly(text.size()), sender.write(text));
        EXPECT_TRUE(std::get<0>(received) == text);
    }
}

GYRE_TEST(TlsStream, a_goodbye_is_said_also_when_new_keys_are_due) {
    for (const bool ask : {false, true}) {
        for (const bool closes : {false, true}) {
            auto pair = co_await secure_pair();
            auto& [client, server] = pair;
            engine_of(client).renew_keys(ask);
            auto ending = closes ? client.close() : client.shutdown_write();
            co_await std::move(ending);
            const auto end = co_await as_outcome(server.read_some(std::size_t{100}));
            EXPECT_TRUE(end.has_value() && end.value().empty()) << describe(end.error());
            co_await server.close();
            if (closes) continue;
            const auto other = co_await as_outcome(client.read_some(std::size_t{100}));
            EXPECT_TRUE(other.has_value() && other.value().empty()) << describe(other.error());
            co_await client.close();
        }
    }
}

/// What is asked of a connection that nobody has read for a while.
auto is_quiet_in_time(net::Stream& stream) -> Task<bool> {
    auto asking = net::is_quiet(stream.transport());
    auto answer = co_await move_on_after(1s, std::move(asking));
    EXPECT_TRUE(answer.has_value()) << "it waits for more";
    co_return answer.value_or(false);
}

class TlsQuiet : public OnLoops {};
GYRE_ON_LOOPS(TlsQuiet);

TEST_P(TlsQuiet, is_who_has_sent_messages_of_tls_only) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto left = co_await net::connect("127.0.0.1", listener.local_address().port());
        auto right = co_await listener.accept();
        auto pair = co_await gather(
            good_client().handshake(std::move(left), "server.example"), good_server().handshake(std::move(right)));
        auto& [client, server] = pair;
        bool is_quiet = co_await is_quiet_in_time(client);
        EXPECT_TRUE(is_quiet);
        co_await server.write("");  // the session tickets go with it
        while (!client.has_input()) co_await sleep(1ms);
        is_quiet = co_await is_quiet_in_time(client);
        EXPECT_TRUE(is_quiet) << "tickets are none of a reader's business";
        EXPECT_FALSE(client.has_input());

        co_await server.write("data");
        while (!client.has_input()) co_await sleep(1ms);
        for (int again = 0; again < 2; ++again) {
            is_quiet = co_await is_quiet_in_time(client);
            EXPECT_FALSE(is_quiet);
        }
        const auto got = co_await client.read_some(std::size_t{100});
        EXPECT_EQ(got, "data") << "it was only looked at";

        co_await server.close();
        while (!client.has_input()) co_await sleep(1ms);
        is_quiet = co_await is_quiet_in_time(client);
        EXPECT_FALSE(is_quiet);
    });
}

GYRE_TEST(TlsStream, a_goodbye_has_a_time_limit) {
    auto pair = co_await secure_pair({.capacity = 4000});
    auto& [client, server] = pair;
    const auto stuck = co_await move_on_after(1s, client.write(std::string(4000 - 22, 'x')));  // fills it to the brim
    EXPECT_TRUE(stuck);
    const auto before = this_loop().now();
    co_await client.close();
    EXPECT_EQ(this_loop().now() - before, net::TlsTransport::goodbye_limit);
    EXPECT_TRUE(client.is_closed());
    server.abort();
}

GYRE_TEST(TlsStream, closing_towards_a_peer_that_has_gone_is_no_error) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    server.abort();
    co_await client.close();
    EXPECT_TRUE(client.is_closed());
}

GYRE_TEST(TlsStream, a_cancelled_read_loses_nothing) {
    const auto text = pattern(100'000, 3);
    auto pair = co_await secure_pair({.capacity = 3000, .longest_transfer = 700});
    auto& [client, server] = pair;
    std::string received;
    int cancelled = 0;
    co_await gather(send_all(server, text), [&]() -> Task<void> {
        std::minstd_rand random(5);
        while (received.size() < text.size()) {
            auto reader = spawn(client.read_some(std::size_t{5000}));
            for (auto turns = random() % 4; turns > 0; --turns) co_await yield_now();
            reader.cancel();
            const auto part = co_await as_outcome(reader.join());
            if (part.has_value()) {
                received += part.value();
            } else {
                ++cancelled;
            }
        }
    });
    EXPECT_TRUE(received == text);
    EXPECT_GT(cancelled, 10);
}

GYRE_TEST(TlsStream, after_a_cancelled_write_nothing_can_be_written) {
    auto pair = co_await secure_pair({.capacity = 1000});
    auto& [client, server] = pair;
    const std::string much(50'000, 'x');
    const auto whole = co_await move_on_after(1s, client.write(much));
    EXPECT_FALSE(whole);
    const auto again = co_await as_outcome(client.write(much));
    EXPECT_TRUE(failed_with<net::TlsError>(again));
    EXPECT_EQ(describe(again.error()),
        "tls server.example: an earlier write failed or was cancelled: the connection can only be closed");
    co_await client.close();
    const auto end = co_await as_outcome(server.read_all());
    EXPECT_TRUE(failed_with<net::TlsError>(end));  // half a record and no goodbye
}

GYRE_TEST(TlsStream, two_readers_or_two_writers_are_a_mistake) {
    auto pair = co_await secure_pair({.capacity = 1000});
    auto& [client, server] = pair;
    auto& transport = client.transport();
    auto reader = spawn(client.read_some(std::size_t{10}));
    const std::string much(50'000, 'x');
    auto writer = spawn(client.write(much));
    co_await all_blocked();
    std::array<std::byte, 10> buffer{};
    const auto read = co_await as_outcome(transport.read_some(buffer));
    EXPECT_EQ(describe(read.error()), "read: another task is reading this connection");
    const auto write = co_await as_outcome(transport.write_all(buffer));
    EXPECT_EQ(describe(write.error()), "write: another task is writing to this connection");
    const auto shutdown = co_await as_outcome(transport.shutdown_write());
    EXPECT_EQ(describe(shutdown.error()), "shutdown_write: another task is writing to this connection");
    reader.cancel();
    writer.cancel();
    const auto one = co_await as_outcome(reader.join());
    const auto two = co_await as_outcome(writer.join());
    EXPECT_TRUE(one.is_error() && two.is_error());
    server.abort();
}

GYRE_TEST(TlsStream, tls_inside_tls) {
    auto pair = co_await secure_pair({.longest_transfer = 50});
    auto& [outer_client, outer_server] = pair;
    auto left = good_client().handshake(std::move(outer_client), "localhost");
    auto right = good_server().handshake(std::move(outer_server));
    auto inner = co_await gather(std::move(left), std::move(right));
    auto& [client, server] = inner;
    const auto text = pattern(50'000, 4);
    auto received = co_await gather(server.read_all(), send_all(client, text));
    EXPECT_TRUE(std::get<0>(received) == text);
}

// --- Cancelled anywhere -----------------------------------------------------------------------------------------------

auto talk(net::Stream& stream, std::string_view text, std::size_t expected) -> Task<void> {
    auto done = co_await gather(stream.read_exactly(expected), stream.write(text));
    EXPECT_EQ(std::get<0>(done).size(), expected);
    co_await stream.close();
}

auto life_of_a_connection() -> Task<void> {
    auto pair = co_await secure_pair({.capacity = 900, .longest_transfer = 400});
    auto& [client, server] = pair;
    const std::string question(3000, 'q');
    const std::string answer(4000, 'a');
    co_await gather(talk(client, question, answer.size()), talk(server, answer, question.size()));
}

TEST(TlsCancel, anywhere_in_the_life_of_a_connection) {
    const auto steps = CancelEverywhere(life_of_a_connection).orders(2).at_most(150).run();
    EXPECT_GT(steps, 20U);
}

}  // namespace
}  // namespace gyre::testing
