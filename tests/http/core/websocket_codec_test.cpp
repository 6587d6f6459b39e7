// Frames as the classes of the Autobahn test suite sort them, each with its number there and the section of RFC 6455.

#include "websocket_transcript.hpp"

#include "http/core/utf8.hpp"
#include "http/core/websocket_mask.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <stdexcept>

namespace gyre::http::testing {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr unsigned final_text = 0x81;
constexpr unsigned final_binary = 0x82;

/// A frame, masked as a client does. @param form_of_length 0: the shortest; else 126 or 127.
auto frame(unsigned first, std::string_view payload, unsigned form_of_length = 0, bool is_masked = true) -> std::string {
    std::string bytes(1, static_cast<char>(first));
    const std::size_t size = payload.size();
    unsigned form = form_of_length;
    if (form == 0) form = size < 126 ? static_cast<unsigned>(size) : size < 65536 ? 126 : 127;
    bytes.push_back(static_cast<char>((is_masked ? 0x80U : 0U) | form));
    const int length_bytes = form == 126 ? 2 : form == 127 ? 8 : 0;
    for (int i = length_bytes - 1; i >= 0; --i) bytes.push_back(static_cast<char>(size >> (8 * i)));
    constexpr auto mask = "\x5a\x01\xff\x80"sv;
    if (is_masked) bytes += mask;
    for (std::size_t i = 0; i < size; ++i) {
        bytes.push_back(is_masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i]);
    }
    return bytes;
}

auto text(std::string_view payload) -> std::string { return frame(final_text, payload); }
auto close(std::string_view payload) -> std::string { return frame(0x88, payload); }
auto code(unsigned value, std::string_view reason = "") -> std::string {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value)}.append(reason);
}

struct Row {
    const char* name;
    std::string bytes;
    std::string expected;
};

void expect_rows(const std::vector<Row>& rows, const WebSocketReading& reading = {}) {
    for (const auto& row : rows) {
        for (const auto& cuts : {Cuts{}, Cuts{1}, Cuts{7, 3}, Cuts{997}}) {
            EXPECT_EQ(websocket_transcript(row.bytes, reading, cuts), row.expected)
                << row.name << ", cut " << (cuts.empty() ? 0 : cuts[0]);
        }
    }
}

const std::string kilo(1000, '*');

TEST(WebSocketCodec, class_1_framing) {
    std::vector<Row> rows;
    for (const std::size_t size : {0U, 1U, 40U, 125U, 126U, 127U, 128U, 65535U, 65536U}) {
        const std::string payload(size, '*');
        const std::string bytes(size, '\xfe');
        rows.push_back({"1.1", text(payload), "text " + shown(payload) + "\n"});
        rows.push_back({"1.2", frame(final_binary, bytes), "binary " + shown(bytes) + "\n"});
    }
    rows.push_back({"two messages in one read", text("a") + text("b"), "text a\ntext b\n"});
    expect_rows(rows);
}

TEST(WebSocketCodec, class_2_pings_and_pongs) {
    const std::string longest(125, 'p');
    std::string ten;
    std::string ten_said;
    for (int i = 0; i < 10; ++i) {
        ten += frame(0x89, "payload-" + std::to_string(i));
        ten_said += "ping payload-" + std::to_string(i) + "\n";
    }
    expect_rows({
        {"2.1", frame(0x89, ""), "ping \n"},
        {"2.2", frame(0x89, "Hello, world!"), "ping Hello, world!\n"},
        {"2.3", frame(0x89, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"sv), "ping \x00\xff\xfe\xfd\xfc\xfb\x00\xff\n"s},
        {"2.4", frame(0x89, longest), "ping (125 bytes)\n"},
        {"2.5, RFC 6455 5.5", frame(0x89, longest + "p"), "refused control_too_long in the frame at 0\n"},
        {"2.7", frame(0x8a, ""), "pong \n"},
        {"2.8", frame(0x8a, "unasked for"), "pong unasked for\n"},
        {"2.9", frame(0x8a, "unasked for") + frame(0x89, "ping"), "pong unasked for\nping ping\n"},
        {"2.10", ten, ten_said},
    });
}

TEST(WebSocketCodec, class_3_reserved_bits) {
    std::vector<Row> rows;
    for (const unsigned bits : {0x10U, 0x20U, 0x30U, 0x40U, 0x50U, 0x60U, 0x70U}) {
        for (const unsigned opcode : {0x1U, 0x2U, 0x8U, 0x9U, 0xaU}) {
            rows.push_back({"3.1 to 3.7, RFC 6455 5.2", text("ok") + frame(0x80U | bits | opcode, "x"),
                "text ok\nrefused reserved_bits in the frame at 8\n"});
        }
    }
    expect_rows(rows);
}

TEST(WebSocketCodec, class_4_opcodes) {
    std::vector<Row> rows;
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        rows.push_back({"4.1 and 4.2, RFC 6455 5.2", text("ok") + frame(0x80U | opcode, "") + frame(0x89, ""),
            "text ok\nrefused unknown_opcode in the frame at 8\n"});
    }
    expect_rows(rows);
}

TEST(WebSocketCodec, class_5_fragmentation) {
    const std::string first = frame(0x01, "frag");
    const std::string last = frame(0x80, "ment");
    expect_rows({
        {"5.1, RFC 6455 5.5", frame(0x09, "frag") + last, "refused fragmented_control in the frame at 0\n"},
        {"5.2", frame(0x0a, "frag") + last, "refused fragmented_control in the frame at 0\n"},
        {"a fragmented close", frame(0x08, ""), "refused fragmented_control in the frame at 0\n"},
        {"5.3", first + last, "text fragment\n"},
        {"5.6", first + frame(0x89, "between") + last, "ping between\ntext fragment\n"},
        {"5.9, RFC 6455 5.4", frame(0x80, "lonely") + text("x"),
            "refused continuation_without_start in the frame at 0\n"},
        {"5.12", frame(0x00, "lonely") + text("x"), "refused continuation_without_start in the frame at 0\n"},
        {"5.15", first + last + frame(0x00, "lonely"),
            "text fragment\nrefused continuation_without_start in the frame at 20\n"},
        {"5.18", first + text("x"), "refused message_inside_message in the frame at 10\n"},
        {"a binary one in a text", first + frame(0x02, "x"), "refused message_inside_message in the frame at 10\n"},
        {"5.19",
            first + frame(0x00, "men") + frame(0x89, "p1") + frame(0x00, "t2") + frame(0x89, "p2") + frame(0x80, ""),
            "ping p1\nping p2\ntext fragment2\n"},
        {"empty fragments", frame(0x01, "") + frame(0x00, "") + frame(0x80, ""), "text \n"},
        {"a close in a message", first + close(code(1000)), "close 1000 \n"},
    });
}

TEST(WebSocketCodec, class_6_utf8) {
    const auto good = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"s;
    const auto refused = "refused bad_utf8 in the frame at 0\n"s;
    std::vector<Row> rows{
        {"6.2.1", text(good), "text " + good + "\n"},
        {"6.2.2", frame(0x01, good.substr(0, 3)) + frame(0x80, good.substr(3)), "text " + good + "\n"},
        {"6.3.1, RFC 6455 8.1", text(good + "\xed\xa0\x80" + "edited"), refused},
        // Known to be wrong before the rest has come.
        {"6.4.1", frame(0x01, good + "\xf4\x90"), refused},
        {"6.12", text("\xfe"), refused},
        {"a character that never ends", text("\xf0\x9f\x98"), refused},
        {"... in fragments", frame(0x01, "\xf0\x9f") + frame(0x80, ""), "refused bad_utf8 in the frame at 8\n"},
        {"binary is not looked at", frame(final_binary, "\xfe\xff"), "binary \xfe\xff\n"},
        {"a character over three fragments", frame(0x01, "\xf0") + frame(0x00, "\x9f\x98") + frame(0x80, "\x80"),
            "text \xf0\x9f\x98\x80\n"},
        {"the check begins anew", text("\xc3\xbc") + text("\xc3\xbc"), "text \xc3\xbc\ntext \xc3\xbc\n"},
    };
    expect_rows(rows);
}

TEST(WebSocketCodec, utf8_both_sides_of_every_edge) {
    const std::vector<std::string> good{""s, "\x00"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s,
        "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "\xef\xbf\xbe"s,
        "abcdefgh\xc3\xbc"
        "abcdefgh"s};
    const std::vector<std::string> bad{"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc2"s, "\xc2\x7f"s, "\xc2\xc0"s,
        "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xed\xbf\xbf"s, "\xe1\x80"s, "\xe1\x80\x7f"s, "\xf0\x8f\xbf\xbf"s,
        "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xf8\x88\x80\x80\x80"s, "\xfe"s, "\xff"s, "abcdefgh\xff"s};
    for (const auto& sample : good) EXPECT_TRUE(is_utf8(sample)) << sample;
    for (const auto& sample : bad) {
        EXPECT_FALSE(is_utf8(sample)) << sample;
        EXPECT_FALSE(is_utf8(sample + "a")) << sample;
        internal::Utf8Check check;
        bool is_good = true;
        for (const char c : sample) is_good = is_good && check.take({&c, 1});
        EXPECT_FALSE(is_good && check.is_complete()) << sample;
    }
}

TEST(WebSocketCodec, class_7_close) {
    std::vector<Row> rows{
        {"7.1.1", text("Hello") + close(code(1000)) + text("late"), "text Hello\nclose 1000 \n"},
        {"7.1.5", frame(0x01, "frag") + close(code(1000)) + frame(0x80, "ment"), "close 1000 \n"},
        {"7.3.1", close(""), "close 1005 \n"},
        {"7.3.2, RFC 6455 5.5.1", close("\x03"), "refused close_payload_too_short in the frame at 0\n"},
        {"7.3.4", close(code(1000, "Hello World!")), "close 1000 Hello World!\n"},
        {"7.3.5", close(code(1000, std::string(123, '*'))), "close 1000 " + std::string(123, '*') + "\n"},
        {"7.3.6", close(code(1000, std::string(124, '*'))), "refused control_too_long in the frame at 0\n"},
        {"7.5.1", close(code(1000, "\xce\xba\xed\xa0\x80")), "refused bad_utf8_in_close in the frame at 0\n"},
        {"a reason that is cut", close(code(1000, "\xc3")), "refused bad_utf8_in_close in the frame at 0\n"},
    };
    for (const unsigned value : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U,
             3000U, 3999U, 4000U, 4999U}) {
        rows.push_back({"7.7", close(code(value)), "close " + std::to_string(value) + " \n"});
    }
    for (const unsigned value : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
        rows.push_back({"7.9, 7.13, RFC 6455 7.4", close(code(value)), "refused bad_close_code in the frame at 0\n"});
    }
    expect_rows(rows);
}

TEST(WebSocketCodec, class_9_limits_on_both_sides) {
    const WebSocketReading small{.limits = {.message_bytes = 1000, .fragments = 3}};
    const std::string many = frame(0x01, "1") + frame(0x00, "2");
    // More than the limit is known from the header: no payload has to come.
    const auto announced = frame(final_text, kilo + "x").substr(0, 8);
    expect_rows(
        {
            {"a message of 1000", text(kilo), "text (1000 bytes)\n"},
            {"a message of 1001", announced, "refused message_too_big in the frame at 0\n"},
            {"1000 in fragments", frame(0x01, kilo.substr(1)) + frame(0x80, "x"), "text (1000 bytes)\n"},
            {"1001 in fragments", frame(0x01, kilo) + frame(0x80, "x").substr(0, 6),
                "refused message_too_big in the frame at 1008\n"},
            {"each message has its own", text(kilo) + text(kilo), "text (1000 bytes)\ntext (1000 bytes)\n"},
            {"3 fragments", many + frame(0x80, "3") + many + frame(0x80, "3"), "text 123\ntext 123\n"},
            {"4 fragments", many + frame(0x00, "3") + frame(0x80, "4"),
                "refused too_many_fragments in the frame at 21\n"},
            {"2^63 - 1 bytes",
                "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                "mask"s,
                "refused message_too_big in the frame at 0\n"},
            {"2^63 bytes, RFC 6455 5.2", "\x82\xff\x80\0\0\0\0\0\0\0mask"s,
                "refused length_overflow in the frame at 0\n"},
        },
        small);
    const std::string mega(1024 * 1024, 'm');
    EXPECT_EQ(websocket_transcript(text(mega), {}), "text (1048576 bytes)\n");
    EXPECT_EQ(websocket_transcript(text(mega + "m"), {}), "refused message_too_big in the frame at 0\n");
    std::string pieces = frame(0x01, "");
    for (int i = 0; i < 1022; ++i) pieces += frame(0x00, "");
    EXPECT_EQ(websocket_transcript(pieces + frame(0x80, ""), {}), "text \n");
    EXPECT_EQ(websocket_transcript(pieces + frame(0x00, "") + frame(0x80, ""), {}),
        "refused too_many_fragments in the frame at 6144\n");
}

TEST(WebSocketCodec, lengths_are_written_in_the_shortest_form) {
    expect_rows({
        {"125 in two bytes, RFC 6455 5.2", frame(final_text, std::string(125, '*'), 126),
            "refused length_not_minimal in the frame at 0\n"},
        {"126 in two bytes", frame(final_text, std::string(126, '*'), 126), "text (126 bytes)\n"},
        {"65535 in eight bytes", frame(final_text, std::string(65535, '*'), 127),
            "refused length_not_minimal in the frame at 0\n"},
        {"65536 in eight bytes", frame(final_text, std::string(65536, '*'), 127), "text (65536 bytes)\n"},
        {"a ping with two bytes of length", frame(0x89, "x", 126), "refused control_too_long in the frame at 0\n"},
    });
}

TEST(WebSocketCodec, masks_are_demanded_from_clients_and_refused_from_servers) {
    const auto plain = frame(final_text, "x", 0, false);
    expect_rows({{"RFC 6455 5.1", plain, "refused unmasked_from_client in the frame at 0\n"}});
    expect_rows(
        {
            {"RFC 6455 5.1", text("x"), "refused masked_from_server in the frame at 0\n"},
            {"as servers do", plain, "text x\n"},
        },
        {.role = WebSocketRole::client});
}

TEST(WebSocketCodec, a_refusal_stays) {
    WebSocketReader reader(WebSocketRole::server);
    EXPECT_THROW(static_cast<void>(reader.next(frame(0x83, ""))), WebSocketError);
    try {
        static_cast<void>(reader.next(text("fine")));
        FAIL();
    } catch (const WebSocketError& error) {
        EXPECT_EQ(error.rule(), WebSocketRule::unknown_opcode);
        EXPECT_EQ(error.code(), 1002);
        EXPECT_STREQ(
            error.what(), "the opcode is a reserved one, in the frame at byte 0 [unknown_opcode, RFC 6455 5.2]");
    }
}

TEST(WebSocketCodec, the_table_of_rules_is_whole) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < websocket_rule_count; ++i) {
        const auto rule = static_cast<WebSocketRule>(i);
        names.insert(rule_name(rule));
        EXPECT_TRUE(is_valid_close_code(rule_close_code(rule)));
        EXPECT_LE(rule_text(rule).size(), 123U);  // it is sent as the reason
        EXPECT_TRUE(rule_source(rule).starts_with("RFC "));
    }
    EXPECT_EQ(names.size(), websocket_rule_count);
}

TEST(WebSocketCodec, masking_at_every_size_and_place_as_the_reference) {
    const internal::MaskBytes mask{std::byte{0x12}, std::byte{0xfe}, std::byte{0x00}, std::byte{0x81}};
    std::string payload;
    for (int i = 0; i < 100; ++i) payload.push_back(static_cast<char>(i * 37));
    for (std::size_t size = 0; size <= payload.size(); ++size) {
        for (std::size_t at = 0; at < 4; ++at) {
            auto fast = payload.substr(0, size);
            auto slow = fast;
            internal::apply_mask(fast.data(), size, mask, at);
            internal::apply_mask_scalar(slow.data(), size, mask, at);
            EXPECT_EQ(fast, slow) << size << " at " << at;
        }
    }
}

constexpr WebSocketMask some_mask{std::byte{0x5a}, std::byte{0x01}, std::byte{0xff}, std::byte{0x80}};

TEST(WebSocketCodec, the_writer_writes_what_the_rows_above_say) {
    for (const bool is_masked : {true, false}) {
        WebSocketWriter writer(is_masked ? WebSocketRole::client : WebSocketRole::server);
        std::string out;
        std::string expected;
        for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U}) {
            writer.fragment(out, std::string(size, 't'), {}, some_mask);
            expected += frame(final_text, std::string(size, 't'), 0, is_masked);
        }
        writer.fragment(out, "\xff", {.is_text = false, .is_last = false}, some_mask);
        EXPECT_TRUE(writer.in_message());
        writer.ping(out, "ping", some_mask);
        writer.fragment(out, "middle", {.is_text = false, .is_last = false}, some_mask);
        writer.fragment(out, "", {.is_text = false}, some_mask);
        EXPECT_FALSE(writer.in_message());
        writer.pong(out, std::string(125, 'p'), some_mask);
        writer.close(out, 4999, std::string(123, 'r'), some_mask);
        writer.close(out, close_code::none, "", some_mask);
        expected += frame(0x02, "\xff", 0, is_masked) + frame(0x89, "ping", 0, is_masked) +
                    frame(0x00, "middle", 0, is_masked) + frame(0x80, "", 0, is_masked) +
                    frame(0x8a, std::string(125, 'p'), 0, is_masked) +
                    frame(0x88, code(4999, std::string(123, 'r')), 0, is_masked) + frame(0x88, "", 0, is_masked);
        EXPECT_EQ(out, expected);
    }
}

TEST(WebSocketCodec, the_writer_refuses_what_may_not_be_sent) {
    WebSocketWriter writer(WebSocketRole::client);
    std::string out;
    EXPECT_THROW(writer.ping(out, std::string(126, 'p'), some_mask), std::invalid_argument);
    EXPECT_THROW(writer.pong(out, std::string(126, 'p'), some_mask), std::invalid_argument);
    EXPECT_THROW(writer.close(out, 1000, std::string(124, 'r'), some_mask), std::invalid_argument);
    EXPECT_THROW(writer.close(out, 1000, "\xff", some_mask), std::invalid_argument);
    EXPECT_THROW(writer.close(out, close_code::none, "why", some_mask), std::invalid_argument);
    for (const std::uint16_t value : {0, 999, 1004, 1006, 1015, 2999, 5000}) {
        EXPECT_THROW(writer.close(out, value, "", some_mask), std::invalid_argument) << value;
    }
    EXPECT_EQ(out, "");
}

TEST(WebSocketCodec, a_reader_may_be_moved_before_each_byte) {
    const auto bytes = frame(0x01, "Hel") + frame(0x89, "ping") + frame(0x80, "lo") + frame(final_binary, kilo) +
                       close(code(1000, "bye"));
    EXPECT_EQ(websocket_transcript<Wandering<WebSocketReader>>(bytes, {}, {1}),
        "ping ping\ntext Hello\nbinary (1000 bytes)\nclose 1000 bye\n");
}

TEST(WebSocketCodec, the_reader_says_what_is_worth_reading) {
    WebSocketReader reader(WebSocketRole::server);
    const auto bytes = text(kilo);
    EXPECT_EQ(reader.expected(), 0U);
    static_cast<void>(reader.next(std::string_view(bytes).substr(0, 108)));
    EXPECT_EQ(reader.expected(), 900U);
    static_cast<void>(reader.next(std::string_view(bytes).substr(108)));
    EXPECT_EQ(reader.expected(), 0U);
}

}  // namespace
}  // namespace gyre::http::testing
