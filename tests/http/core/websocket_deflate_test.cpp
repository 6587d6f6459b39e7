// permessage-deflate: classes 12 and 13 of the Autobahn test suite, the examples of RFC 7692, and hostile data.

#include "websocket_transcript.hpp"

#include "http/core/websocket_deflate.hpp"
#include "support/heap.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace gyre::http::testing {
namespace {

using namespace std::string_literals;

constexpr WebSocketMask no_mask{};

/// What a client reads: nothing is masked.
auto from_server(std::optional<WebSocketDeflate> deflate = WebSocketDeflate{}, WebSocketLimits limits = {})
    -> WebSocketReading {
    return {.role = WebSocketRole::client, .limits = limits, .deflate = deflate};
}

void expect_said(const std::string& bytes, const std::string& expected, const WebSocketReading& reading = from_server()) {
    for (const auto& cuts : {Cuts{}, Cuts{1}, Cuts{7, 3}}) {
        EXPECT_EQ(websocket_transcript(bytes, reading, cuts), expected);
    }
}

TEST(WebSocketDeflate, the_examples_of_the_standard) {
    const auto hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
    const std::string said = "text Hello\n";
    expect_said("\xc1\x07"s + hello, said);                                              // RFC 7692 7.2.3.1
    expect_said("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"s, said);                  // in two fragments
    expect_said("\xc1\x07"s + hello + "\xc1\x05\xf2\x00\x11\x00\x00"s, said + said);     // 7.2.3.2: the window is kept
    expect_said("\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s, said);          // 7.2.3.3: stored
    expect_said("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, said);                      // 7.2.3.4: a last block
    expect_said("\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s, said);  // 7.2.3.5: two blocks
    expect_said("\xc1\x01\x00"s, "text \n");                                             // 7.2.3.6: an empty one
    expect_said("\xc1\x03\x03\x00\x00"s, "text \n");                                     // 7.2.3.4: an empty last block
    // A last block, and the next message refers to what was before it.
    expect_said("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x05\xf2\x00\x11\x00\x00"s, said + said);
    // The same reference is an error where the window is not kept.
    expect_said("\xc1\x07"s + hello + "\xc1\x05\xf2\x00\x11\x00\x00"s, said + "refused bad_deflate in the frame at 9\n",
        from_server(WebSocketDeflate{.server_no_context_takeover = true}));
}

TEST(WebSocketDeflate, the_compression_bit) {
    const auto hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
    expect_said("\xc1\x07"s + hello, "refused reserved_bits in the frame at 0\n", from_server(std::nullopt));
    expect_said(
        "\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00"s, "refused misplaced_compression_bit in the frame at 5\n");
    expect_said("\xc9\x01x"s, "refused misplaced_compression_bit in the frame at 0\n");
    expect_said("\xc8\x00"s, "refused misplaced_compression_bit in the frame at 0\n");
    expect_said("\xa1\x01x"s, "refused reserved_bits in the frame at 0\n");
    expect_said("\x81\x01x"s, "text x\n");  // messages may go without
    expect_said("\x41\x03\xf2\x48\xcd\x89\x01p\x80\x04\xc9\xc9\x07\x00"s, "ping p\ntext Hello\n");
}

TEST(WebSocketDeflate, what_is_no_deflate_data) {
    const std::string refused = "refused bad_deflate in the frame at 0\n";
    expect_said("\xc1\x01\x07"s, refused);                  // a block type that does not exist
    expect_said("\xc1\x05\x00\x05\x00\xff\xff"s, refused);  // lengths that do not agree
    expect_said("\xc1\x03\xf2\x48\xcd"s, refused);          // cut within a block
    expect_said("\xc1\x02\x00\x05"s, refused);              // cut within the lengths of a stored block
    expect_said("\xc1\x00"s, refused);                      // not even the empty block's first byte
    expect_said("\xc1\x03\xf2\x00\x11"s, refused);          // refers to what never was
}

TEST(WebSocketDeflate, a_message_has_at_most_16_last_blocks) {
    // Each of them begins the decompression anew, which costs as much as hundreds of bytes: 64 KiB of them would be 40 ms.
    const auto message = [](int count) {
        std::string bytes(2, '\xc1');
        for (int i = 0; i < count; ++i) bytes += "\x03\x00"s;
        bytes += '\0';  // an empty block that is not the last
        bytes[1] = static_cast<char>(bytes.size() - 2);
        return bytes;
    };
    expect_said(message(16), "text \n");
    expect_said(message(17), "refused bad_deflate in the frame at 0\n");
    expect_said(message(16) + message(16), "text \ntext \n");  // each message has its own
    internal::MessageInflater inflater(15, true);
    std::string flood;
    for (int i = 0; i < 32 * 1024; ++i) flood += "\x03\x00"s;
    std::string out;
    EXPECT_EQ(inflater.take(flood, out, 1024), internal::MessageInflater::Result::bad_data);
}

TEST(WebSocketDeflate, text_is_checked_after_decompression) {
    for (const bool is_text : {true, false}) {
        WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
        std::string out;
        writer.fragment(out, "caf\xc3", {.is_text = is_text}, no_mask);
        expect_said(out, is_text ? "refused bad_utf8 in the frame at 0\n" : "binary caf\xc3\n");
    }
}

/// The first event but those that say that a message is being unpacked. @param steps counts these.
auto unpacked_event(WebSocketReader& reader, std::string_view& rest, std::size_t* steps = nullptr)
    -> WebSocketEventKind {
    while (true) {
        const auto event = reader.next(rest);
        rest.remove_prefix(event.consumed);
        if (event.kind != WebSocketEventKind::unpacking) return event.kind;
        if (steps != nullptr) ++*steps;
    }
}

/// Bytes that compress somewhat, the same each time.
auto sample(std::size_t size, unsigned seed) -> std::string {
    std::mt19937 random(seed);  // seam: sample data, the same each time
    std::string data;
    while (data.size() < size) {
        if (random() % 3 == 0 && data.size() > 300) {
            const auto back = 1 + random() % std::min<std::size_t>(data.size(), 40'000);
            const std::string again = data.substr(data.size() - back, 3 + random() % 60);
            data += again;
        } else {
            data.push_back(static_cast<char>('a' + random() % 60));
        }
    }
    data.resize(size);
    return data;
}

TEST(WebSocketDeflate, round_trips_for_every_window_with_and_without_context) {
    for (std::uint8_t bits = 8; bits <= 15; ++bits) {
        for (const bool forgets : {false, true}) {
            const WebSocketDeflate deflate{
                .server_window_bits = bits, .client_window_bits = bits, .server_no_context_takeover = forgets};
            WebSocketWriter writer(WebSocketRole::server, deflate);
            std::string out;
            std::vector<std::string> sent;
            for (const std::size_t size : {0U, 1U, 100U, 0U, 5000U, 16U * 1024, 200'000U}) {
                sent.push_back(sample(size, bits));
                writer.fragment(out, sent.back(), {.is_text = false}, no_mask);
            }
            // In pieces, of which some are empty.
            sent.emplace_back(sample(3000, 7));
            writer.fragment(out, "", {.is_text = false, .is_last = false}, no_mask);
            writer.fragment(out, sent.back().substr(0, 2000), {.is_text = false, .is_last = false}, no_mask);
            writer.fragment(out, sent.back().substr(2000), {.is_text = false, .is_last = false}, no_mask);
            writer.fragment(out, "", {.is_text = false}, no_mask);
            WebSocketReader reader(WebSocketRole::client, {}, deflate);
            std::string_view rest = out;
            for (const auto& message : sent) {
                ASSERT_EQ(unpacked_event(reader, rest), WebSocketEventKind::message);
                EXPECT_TRUE(reader.take_message() == message)
                    << "window " << int(bits) << ", " << message.size() << " bytes";
            }
            EXPECT_TRUE(rest.empty());
        }
    }
}

TEST(WebSocketDeflate, a_window_of_256_bytes_is_never_left) {
    // Given one byte of room at a time, zlib has nothing but the window to copy from.
    internal::MessageDeflater deflater(8, true, 9, 9);
    internal::MessageInflater inflater(8, true);
    for (unsigned seed = 0; seed < 20; ++seed) {
        const auto message = sample(4000, seed);
        std::string packed;
        deflater.take(message, true, packed);
        std::string unpacked;
        for (const char byte : packed) {
            ASSERT_EQ(inflater.take({&byte, 1}, unpacked, 10'000), internal::MessageInflater::Result::good);
        }
        ASSERT_EQ(inflater.finish(unpacked, 10'000), internal::MessageInflater::Result::good);
        ASSERT_TRUE(unpacked == message) << seed;
    }
}

TEST(WebSocketDeflate, the_window_that_is_kept_makes_the_next_message_small) {
    const auto message = sample(3000, 1);
    std::size_t sizes[2];
    for (const bool forgets : {false, true}) {
        WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{.server_no_context_takeover = forgets});
        std::string first;
        std::string second;
        writer.fragment(first, message, {}, no_mask);
        writer.fragment(second, message, {}, no_mask);
        sizes[forgets] = second.size();
        if (forgets) EXPECT_EQ(first, second);
    }
    EXPECT_LT(sizes[false] * 5, sizes[true]);
}

TEST(WebSocketDeflate, the_limit_holds_compressed_and_decompressed) {
    WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
    const auto reading = from_server(WebSocketDeflate{}, {.message_bytes = 50'000});
    std::string edge;
    writer.fragment(edge, std::string(50'000, 'a'), {}, no_mask);
    EXPECT_LT(edge.size(), 300U);
    expect_said(edge, "text (50000 bytes)\n", reading);
    WebSocketWriter again(WebSocketRole::server, WebSocketDeflate{});
    std::string beyond;
    again.fragment(beyond, std::string(50'001, 'a'), {}, no_mask);
    expect_said(beyond, "refused inflated_too_big in the frame at 0\n", reading);
    // Stored blocks that hold nothing: the output stays small, and the input is bounded all the same.
    std::string empty_blocks;
    for (int i = 0; i < 10'001; ++i) empty_blocks += "\x00\x00\x00\xff\xff"s;
    std::string bytes = "\x42\x7e\xc3\x50"s + empty_blocks.substr(0, 50'000) + "\x80\x05"s + empty_blocks.substr(0, 5);
    expect_said(bytes, "refused message_too_big in the frame at 50004\n", reading);
}

TEST(WebSocketDeflate, much_at_once_is_one_message) {
    const auto message = sample(500'000, 3);
    internal::MessageDeflater deflater(15, true, 6, 8);
    std::string packed;
    deflater.take(message, true, packed);
    ASSERT_GT(packed.size(), 64U * 1024);
    const auto unpack = [&](std::size_t limit, std::string& out) {
        internal::MessageInflater inflater(15, true);
        const auto taken = inflater.take(packed, out, limit);
        return taken == internal::MessageInflater::Result::good ? inflater.finish(out, limit) : taken;
    };
    std::string out;
    EXPECT_EQ(unpack(500'000, out), internal::MessageInflater::Result::good);
    EXPECT_TRUE(out == message);
    out.clear();
    EXPECT_EQ(unpack(10'000, out), internal::MessageInflater::Result::too_big);
    EXPECT_TRUE(out == message.substr(0, 10'000));
}

TEST(WebSocketDeflate, both_directions_keep_their_own_window) {
    const WebSocketDeflate deflate{
        .server_window_bits = 15, .client_window_bits = 9, .client_no_context_takeover = true};
    WebSocketWriter client(WebSocketRole::client, deflate);
    WebSocketReader server(WebSocketRole::server, {}, deflate);
    const WebSocketMask mask{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    std::string first;
    for (int round = 0; round < 2; ++round) {
        const auto message = sample(20'000, 5);
        std::string out;
        client.fragment(out, message, {.is_text = false}, mask);
        if (round == 0) first = out;
        EXPECT_TRUE(out == first) << "what went before is forgotten";
        std::string_view rest = out;
        ASSERT_EQ(unpacked_event(server, rest), WebSocketEventKind::message);
        EXPECT_TRUE(server.take_message() == message);
    }
}

TEST(WebSocketDeflate, what_was_not_agreed_on_is_sent_as_it_is) {
    for (const auto& deflate : {std::optional<WebSocketDeflate>(), std::optional(WebSocketDeflate{})}) {
        WebSocketWriter writer(WebSocketRole::server, deflate);
        std::string out;
        writer.fragment(out, "Hello", {.compress = !deflate}, no_mask);
        EXPECT_EQ(out, "\x81\x05Hello");
    }
}

// The window goes with them: the second message refers to the first.
TEST(WebSocketDeflate, both_ends_may_be_moved_within_a_message) {
    const auto message = sample(5'000, 3);
    WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
    const auto move = [&writer] {
        WebSocketWriter elsewhere = std::move(writer);
        writer = std::move(elsewhere);
    };
    std::string bytes;
    for (int round = 0; round < 2; ++round) {
        writer.fragment(
            bytes, std::string_view(message).substr(0, 2'000), {.is_text = false, .is_last = false}, no_mask);
        move();
        EXPECT_TRUE(writer.in_message());
        writer.fragment(bytes, std::string_view(message).substr(2'000), {}, no_mask);
        move();
    }
    EXPECT_EQ(websocket_transcript<Wandering<WebSocketReader>>(bytes, from_server(), {1}),
        "binary (5000 bytes)\nbinary (5000 bytes)\n");
}

TEST(WebSocketDeflate, levels_are_one_to_nine) {
    const auto make = [](WebSocketCompression compression) {
        const WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{}, compression);
    };
    for (const int level : {1, 9}) {
        EXPECT_NO_THROW(make({.level = level}));
        EXPECT_NO_THROW(make({.memory_level = level}));
    }
    for (const int level : {0, 10}) {
        EXPECT_THROW(make({.level = level}), std::invalid_argument);
        EXPECT_THROW(make({.memory_level = level}), std::invalid_argument);
    }
}

// A hundred thousand connections that once sent something long must not keep room for it.
TEST(WebSocketDeflate, a_long_message_leaves_no_memory_behind) {
    WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
    std::string out;
    writer.fragment(out, "Hello", {}, no_mask);  // makes the compressor
    const auto message = sample(3'000'000, 4);
    out.reserve(4'000'000);
    const auto before = gyre::testing::heap_bytes();
    writer.fragment(out, message, {.is_text = false}, no_mask);
    EXPECT_LE(gyre::testing::heap_bytes(), before + 64 * 1024);
}

TEST(WebSocketDeflate, a_message_is_unpacked_in_short_steps) {
    // Zeros make much of little; random bytes have as much to be read as they make.
    const auto random = sample(400'000, 6);
    for (const auto& message : {std::string(1'000'000, '\0'), random}) {
        WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
        std::string out;
        writer.fragment(out, message, {.is_text = false}, no_mask);
        WebSocketReader reader(WebSocketRole::client, {}, WebSocketDeflate{});
        std::string_view rest = out;
        std::size_t steps = 0;
        ASSERT_EQ(unpacked_event(reader, rest, &steps), WebSocketEventKind::message);
        EXPECT_TRUE(reader.take_message() == message);
        EXPECT_GE(steps, std::max(message.size() / (32 * 1024), out.size() / 4096));
        EXPECT_TRUE(rest.empty());
    }
}

TEST(WebSocketDeflate, what_does_not_shrink_is_read_in_short_steps) {
    std::mt19937 chance(1);
    std::string message(20'000, '\0');
    for (char& byte : message) byte = static_cast<char>(chance() & 0xffU);
    internal::MessageDeflater deflater(15, true, 9, 9);
    std::string packed;
    deflater.take(message, true, packed);
    internal::MessageInflater inflater(15, true);
    std::string_view rest = packed;
    std::string out;
    std::size_t steps = 0;
    auto result = internal::MessageInflater::Result::more;
    while (result == internal::MessageInflater::Result::more) {
        result = inflater.step(rest, out, 100'000);
        ++steps;
    }
    EXPECT_EQ(result, internal::MessageInflater::Result::good);
    EXPECT_EQ(steps, (packed.size() + 4095) / 4096);
    EXPECT_EQ(inflater.finish(out, 100'000), internal::MessageInflater::Result::good);
    EXPECT_TRUE(out == message);
}

TEST(WebSocketDeflate, a_message_is_unpacked_on_without_more_input) {
    WebSocketWriter writer(WebSocketRole::server, WebSocketDeflate{});
    std::string out;
    writer.fragment(out, std::string(1'000'000, '\0'), {.is_text = false}, no_mask);
    WebSocketReader reader(WebSocketRole::client, {}, WebSocketDeflate{});
    std::string_view rest = std::string_view(out).substr(0, out.size() - 1);
    std::size_t steps = 0;
    EXPECT_EQ(unpacked_event(reader, rest, &steps), WebSocketEventKind::need_more);
    EXPECT_TRUE(rest.empty());
    EXPECT_GE(steps, 30U);
    EXPECT_EQ(reader.next({}).kind, WebSocketEventKind::need_more);
    rest = std::string_view(out).substr(out.size() - 1);
    EXPECT_EQ(unpacked_event(reader, rest), WebSocketEventKind::message);
    EXPECT_EQ(reader.take_message().size(), 1'000'000U);
}

// CVE-2026-1526.
TEST(WebSocketDeflate, a_bomb_stops_at_the_limit) {
    internal::MessageDeflater deflater(15, true, 9, 9);
    std::string bomb;
    deflater.take(std::string(20'000'000, '\0'), true, bomb);
    internal::MessageInflater inflater(15, true);
    std::string out;
    EXPECT_EQ(inflater.take(bomb, out, 1024 * 1024), internal::MessageInflater::Result::too_big);
    EXPECT_LE(out.capacity(), 2U * 1024 * 1024);
}

TEST(WebSocketDeflate, a_bomb_that_was_refused_holds_nothing) {
    internal::MessageDeflater deflater(15, true, 9, 9);
    std::string bomb;
    deflater.take(std::string(20'000'000, '\0'), true, bomb);
    std::string frame = {'\xc2', '\x7e', static_cast<char>(bomb.size() >> 8U), static_cast<char>(bomb.size() & 0xffU)};
    frame += bomb;
    ASSERT_LT(bomb.size(), 65'536U);
    const WebSocketDeflate agreed;
    WebSocketReader reader(WebSocketRole::client, {}, agreed);
    const auto before = gyre::testing::heap_bytes();
    std::string_view rest = frame;
    EXPECT_THROW(static_cast<void>(unpacked_event(reader, rest)), WebSocketError);
    EXPECT_LE(gyre::testing::heap_bytes(), before + 1024);
    EXPECT_THROW(static_cast<void>(reader.next({})), WebSocketError);
    EXPECT_EQ(reader.take_message(), "");
}

}  // namespace
}  // namespace gyre::http::testing
