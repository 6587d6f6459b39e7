#include <gyre/net/stream.hpp>

#include "connected.hpp"
#include "support/loops.hpp"

#include <cstring>

namespace gyre::testing {
namespace {

/// A stream that reads what a test puts into it.
class Fed {
public:
    explicit Fed(MemoryOptions options = {}) : connection(options), stream(std::move(connection.server)) {}
    explicit Fed(std::string_view bytes, bool ends = true) : Fed() {
        connection.to_server->put(bytes);
        if (ends) connection.to_server->end();
    }
    auto operator->() -> net::Stream* { return &stream; }

    MemoryConnection connection;
    net::Stream stream;
};

auto text_of(std::span<const char> bytes) -> std::string { return {bytes.begin(), bytes.end()}; }

GYRE_TEST(Stream, read_line_takes_both_line_ends) {
    Fed fed("one\r\ntwo\n\nlast");
    std::string lines;
    while (auto line = co_await fed->read_line()) lines += "[" + *line + "]";
    EXPECT_EQ(lines, "[one][two][][last]");
    const auto after = co_await fed->read_line();
    EXPECT_FALSE(after.has_value());
}

GYRE_TEST(Stream, a_carriage_return_alone_ends_no_line) {
    Fed fed("a\rb\nc\r");
    const auto first = co_await fed->read_line();
    EXPECT_EQ(*first, "a\rb");
    const auto last = co_await fed->read_line();
    EXPECT_EQ(*last, "c\r");
}

GYRE_TEST(Stream, a_line_has_a_limit_with_its_end) {
    Fed fed("12345\n123456\n");
    const auto fits = co_await fed->read_line(6);
    EXPECT_EQ(*fits, "12345");
    const auto too_long = co_await failure_of(fed->read_line(6));
    EXPECT_EQ(too_long, "read: the line did not end within the limit of 6 bytes");
    const auto kept = co_await fed->read_line();
    EXPECT_EQ(*kept, "123456");
}

GYRE_TEST(Stream, read_until_gives_the_delimiter_too) {
    Fed fed("head\r\n\r\nbody");
    const auto head = co_await fed->read_until("\r\n\r\n");
    EXPECT_EQ(head, "head\r\n\r\n");
    const auto body = co_await fed->read_all();
    EXPECT_EQ(body, "body");
}

GYRE_TEST(Stream, read_until_keeps_what_came_when_the_limit_is_passed) {
    Fed fed("0123456789end");
    const auto text = co_await failure_of(fed->read_until("end", 12));
    EXPECT_EQ(text, "read: the delimiter did not come within the limit of 12 bytes");
    EXPECT_EQ(text_of(fed->buffered()), "0123456789end");
    const auto all = co_await fed->read_until("end", 13);
    EXPECT_EQ(all, "0123456789end");
}

GYRE_TEST(Stream, read_until_says_what_came_before_an_early_end) {
    Fed fed("half");
    std::string partial;
    try {
        co_await fed->read_until("\n");
    } catch (const net::IncompleteReadError& error) {
        partial = error.partial() + "|" + error.what();
    }
    EXPECT_EQ(partial, "half|read_until: the stream ended after 4 bytes, before the delimiter");
}

GYRE_TEST(Stream, read_until_wants_a_delimiter) {
    Fed fed("x");
    const auto text = co_await failure_of(fed->read_until(""));
    EXPECT_EQ(text, "read_until: the delimiter is empty");
}

GYRE_TEST(Stream, a_delimiter_may_come_in_pieces) {
    Fed fed("", false);
    auto reading = spawn(fed->read_until("ab-ab-c"));
    for (const char c : std::string_view("ab-ab-ab-c!")) {
        co_await all_blocked();
        fed.connection.to_server->put({&c, 1});
    }
    const auto found = co_await reading;
    EXPECT_EQ(found, "ab-ab-ab-c");
    const auto rest = co_await fed->read_some();
    EXPECT_EQ(rest, "!");
}

GYRE_TEST(Stream, a_long_search_takes_linear_time) {
    // One byte at a time: a search from the front each time would look at 5 * 10^9 bytes.
    constexpr std::size_t size = 100'000;
    Fed fed(MemoryOptions{.capacity = 2 * size, .longest_transfer = 1});
    fed.connection.to_server->put(std::string(size, 'a') + "\n");
    const auto line = co_await fed->read_line(size + 1);
    EXPECT_EQ(line->size(), size);
}

GYRE_TEST(Stream, read_exactly_takes_what_it_says) {
    Fed fed("123456");
    const auto four = co_await fed->read_exactly(4);
    EXPECT_EQ(four, "1234");
    const auto none = co_await fed->read_exactly(0);
    EXPECT_EQ(none, "");
    const auto text = co_await failure_of(fed->read_exactly(4));
    EXPECT_EQ(text, "read_exactly: the stream ended after 2 of 4 bytes");
}

GYRE_TEST(Stream, read_exactly_of_much_takes_no_memory_before_it_comes) {
    Fed fed("little");
    const auto text = co_await failure_of(fed->read_exactly(std::size_t{1} << 60));
    EXPECT_EQ(text, "read_exactly: the stream ended after 6 of 1152921504606846976 bytes");
}

GYRE_TEST(Stream, large_reads_are_whole) {
    std::string data(1'000'000, '\0');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 % 251);
    Fed fed(data);
    const auto line = co_await fed->read_exactly(3);
    const auto most = co_await fed->read_exactly(900'000);
    const auto rest = co_await fed->read_all();
    EXPECT_TRUE(line + most + rest == data);
}

GYRE_TEST(Stream, read_all_has_a_limit) {
    Fed fed("12345");
    const auto text = co_await failure_of(fed->read_all(4));
    EXPECT_EQ(text, "read: the stream did not end within the limit of 4 bytes");
    const auto all = co_await fed->read_all(5);
    EXPECT_EQ(all, "12345");
    const auto none = co_await fed->read_all(0);
    EXPECT_EQ(none, "");
}

GYRE_TEST(Stream, read_some_gives_the_buffer_first) {
    Fed fed("line\nrest");
    co_await fed->read_line();
    fed.connection.to_server->put("!");
    std::array<std::byte, 100'000> bytes{};
    const auto count = co_await fed->read_some(bytes);
    EXPECT_EQ(count, 4U);
    EXPECT_EQ(std::memcmp(bytes.data(), "rest", 4), 0);
    const auto next = co_await fed->read_some(1);
    EXPECT_EQ(next, "!");
    const auto end = co_await fed->read_some(bytes);
    EXPECT_EQ(end, 0U);
    const auto nothing = co_await fed->read_some();
    EXPECT_EQ(nothing, "");
}

GYRE_TEST(Stream, a_small_read_leaves_the_rest_in_the_buffer) {
    Fed fed("abcdef");
    std::array<std::byte, 2> two{};
    const auto count = co_await fed->read_some(two);
    EXPECT_EQ(count, 2U);
    EXPECT_EQ(text_of(fed->buffered()), "cdef");
    const auto some = co_await fed->read_some(3);
    EXPECT_EQ(some, "cde");
}

GYRE_TEST(Stream, parsers_read_in_place) {
    Fed fed(MemoryOptions{.longest_transfer = 3});
    fed.connection.to_server->put("abcdef");
    fed.connection.to_server->end();
    std::size_t total = 0;
    while (const auto count = co_await fed->fill(1)) total += count;
    EXPECT_EQ(total, 6U);
    EXPECT_EQ(text_of(fed->buffered()), "abcdef");
    fed->consume(4);
    EXPECT_EQ(text_of(fed->buffered()), "ef");
    fed->consume(100);
    EXPECT_TRUE(fed->buffered().empty());
}

GYRE_TEST(Stream, two_readers_are_a_mistake_with_a_name) {
    Fed fed("", false);
    auto first = spawn(fed->read_line());
    co_await all_blocked();
    const auto text = co_await failure_of(fed->read_some());
    EXPECT_EQ(text, "read: another task is reading this stream");
    fed.connection.to_server->put("mine\n");
    const auto line = co_await first;
    EXPECT_EQ(*line, "mine");
}

GYRE_TEST(Stream, a_cancelled_read_keeps_what_came) {
    Fed fed("begin", false);
    const auto line = co_await move_on_after(1ms, fed->read_line());
    EXPECT_FALSE(line.has_value());
    const auto exact = co_await move_on_after(1ms, fed->read_exactly(10));
    EXPECT_FALSE(exact.has_value());
    const auto all = co_await move_on_after(1ms, fed->read_all());
    EXPECT_FALSE(all.has_value());
    EXPECT_EQ(text_of(fed->buffered()), "begin");
    fed.connection.to_server->put("-end\n");
    const auto whole = co_await fed->read_line();
    EXPECT_EQ(*whole, "begin-end");
}

GYRE_TEST(Stream, moves_with_its_buffer) {
    Fed fed("a\nb\n");
    co_await fed->read_line();
    net::Stream other = std::move(fed.stream);
    const auto line = co_await other.read_line();
    EXPECT_EQ(*line, "b");
    EXPECT_TRUE(fed->is_closed());
    EXPECT_EQ(error_of([&] { static_cast<void>(fed->close()); }),
        "this Stream is empty: it was moved from, or its transport was released");
}

GYRE_TEST(Stream, gives_its_transport_away_only_with_an_empty_buffer) {
    Fed fed("a\nb");
    co_await fed->read_line();
    EXPECT_EQ(error_of([&] { static_cast<void>(fed->release_transport()); }),
        "release_transport: 1 bytes are buffered and would be lost");
    fed->consume(1);
    const auto transport = fed->release_transport();
    EXPECT_NE(transport, nullptr);
    EXPECT_THROW(net::Stream(nullptr), std::invalid_argument);
}

auto reads_lines_of_pieces() -> Task<> {
    Fed fed(MemoryOptions{.capacity = 8, .longest_transfer = 2});
    auto writing = fed.connection.client->write_all(std::as_bytes(std::span(std::string_view("one\ntwo\nthree\n"))));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(std::move(writing));
        for (const auto* expected : {"one", "two", "three"}) {
            const auto line = co_await fed->read_line();
            EXPECT_EQ(*line, expected);
        }
    });
}

TEST(Stream, survives_cancellation_anywhere) { CancelEverywhere(reads_lines_of_pieces).run(); }

}  // namespace
}  // namespace gyre::testing
