#include <gyre/http/core/event_stream.hpp>

#include <gyre/core/errors.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace gyre::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using Events = std::vector<ServerEvent>;

auto read_in_pieces(EventStreamParser& parser, std::string_view text, std::size_t first, std::size_t piece) -> Events {
    Events events;
    while (!text.empty()) {
        auto input = text.substr(0, first);
        text.remove_prefix(input.size());
        first = piece;
        while (auto event = parser.next(input)) events.push_back(std::move(*event));
        EXPECT_TRUE(input.empty());
    }
    return events;
}

// The same for every cut.
auto read(std::string_view text) -> Events {
    EventStreamParser whole;
    auto expected = read_in_pieces(whole, text, text.size(), text.size());
    for (std::size_t first = 1; first < text.size(); ++first) {
        EventStreamParser parser;
        EXPECT_EQ(read_in_pieces(parser, text, first, text.size()), expected) << "cut at " << first;
        EXPECT_EQ(parser.last_event_id(), whole.last_event_id());
        EXPECT_EQ(parser.retry(), whole.retry());
    }
    EventStreamParser bytes;
    EXPECT_EQ(read_in_pieces(bytes, text, 1, 1), expected) << "byte by byte";
    return expected;
}

TEST(EventStream, goes_on_from_an_id) {
    EventStreamParser parser({}, "41");
    EXPECT_EQ(parser.last_event_id(), "41");
    EXPECT_EQ(read_in_pieces(parser, "data: x\n\n", 1, 1), (Events{{"message", "x", "41"}}));
    parser.restart();
    EXPECT_EQ(parser.last_event_id(), "41");
    EXPECT_EQ(read_in_pieces(parser, "id\ndata: x\n\n", 1, 1), (Events{{"message", "x"}}));
    EXPECT_EQ(parser.last_event_id(), "");
}

TEST(EventStream, every_rule_of_the_standard) {
    struct Case {
        std::string_view rule;
        std::string_view text;
        Events events;
    };
    const Case cases[] = {
        {"data", "data: x\n\n", {{"message", "x"}}},
        {"one space is dropped", "data:  x\n\n", {{"message", " x"}}},
        {"no space", "data:x\n\n", {{"message", "x"}}},
        {"several lines", "data: a\ndata: b\n\n", {{"message", "a\nb"}}},
        {"CRLF", "data: a\r\ndata: b\r\n\r\n", {{"message", "a\nb"}}},
        {"CR", "data: a\rdata: b\r\r", {{"message", "a\nb"}}},
        {"mixed", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\n", {{"message", "a\nb\nc"}, {"message", "d"}}},
        {"LF CR is two", "data: a\n\rdata: b\n\n", {{"message", "a"}, {"message", "b"}}},
        {"a type", "event: ping\ndata: x\n\n", {{"ping", "x"}}},
        {"the last type", "event: a\nevent: b\ndata: x\n\n", {{"b", "x"}}},
        {"an empty type", "event\ndata: x\n\n", {{"message", "x"}}},
        {"the type ends with its event", "event: a\ndata: x\n\ndata: y\n\n", {{"a", "x"}, {"message", "y"}}},
        {"no data, no event", "event: a\n\ndata: y\n\n", {{"message", "y"}}},
        {"data without colon", "data\n\n", {{"message", ""}}},
        {"two of them", "data\ndata\n\n", {{"message", "\n"}}},
        {"empty data", "data:\n\n", {{"message", ""}}},
        {"an id stays", "id: 1\ndata: x\n\ndata: y\n\n", {{"message", "x", "1"}, {"message", "y", "1"}}},
        {"an id is reset", "id: 1\ndata: x\n\nid\ndata: y\n\n", {{"message", "x", "1"}, {"message", "y", ""}}},
        {"an id with NUL", "id: 1\nid: a\0b\ndata: x\n\n"sv, {{"message", "x", "1"}}},
        {"an id that is no field", "id: 1\nid: a\x01\ndata: x\n\n", {{"message", "x", "1"}}},
        {"a comment", ": hello\ndata: x\n: more\n\n", {{"message", "x"}}},
        {"only comments", ":\n\n:x\n\n", {}},
        {"an unknown field", "foo: bar\nDATA: y\ndata : z\ndata: x\n\n", {{"message", "x"}}},
        {"a byte order mark",
            "\xef\xbb\xbf"
            "data: x\n\n",
            {{"message", "x"}}},
        {"only the first one",
            "\xef\xbb\xbf"
            "data: x\n\n\xef\xbb\xbf"
            "data: y\n\n",
            {{"message", "x"}}},
        {"a colon in data", "data: a: b\n\n", {{"message", "a: b"}}},
        {"not ended", "data: x\n\ndata: y\n", {{"message", "x"}}},
        {"not ended", "data: x", {}},
        {"empty lines", "\n\n\r\n\r\rdata: x\n\n\n\n", {{"message", "x"}}},
        {"UTF-8", "data: \xc3\xa4\n\n", {{"message", "\xc3\xa4"}}},
    };
    for (const auto& c : cases) EXPECT_EQ(read(c.text), c.events) << c.rule << ": " << c.text;
}

TEST(EventStream, the_last_id_counts_from_the_end_of_its_event) {
    EventStreamParser parser;
    std::string_view input = "id: 1\ndata: x\n\nid: 2\ndata: y\n";
    EXPECT_EQ(parser.next(input)->id, "1");
    EXPECT_FALSE(parser.next(input));
    EXPECT_EQ(parser.last_event_id(), "1");
    input = "\n";
    EXPECT_EQ(parser.next(input)->id, "2");
    EXPECT_EQ(parser.last_event_id(), "2");
    input = "id: 3\n\n";
    EXPECT_FALSE(parser.next(input));
    EXPECT_EQ(parser.last_event_id(), "3");
}

TEST(EventStream, retry_is_digits) {
    struct Case {
        std::string_view text;
        std::optional<std::chrono::milliseconds> wait;
    };
    for (const auto& c : std::vector<Case>{{"0", 0ms}, {"1500", 1500ms}, {"", {}}, {"-1", {}}, {"1.5", {}}, {"1s", {}},
             {"86400000", 24h}, {"86400001", 24h}, {"99999999999999999999999", 24h}}) {
        EventStreamParser parser;
        const auto text = "retry: " + std::string(c.text) + "\n";
        std::string_view input = text;
        EXPECT_FALSE(parser.next(input));
        EXPECT_EQ(parser.retry(), c.wait) << c.text;
    }
}

TEST(EventStream, limits_hold_on_both_sides) {
    const auto reads = [](std::string text, EventStreamLimits limits) {
        EventStreamParser parser(limits);
        std::string_view input = text;
        return parser.next(input).has_value();
    };
    EXPECT_TRUE(reads("data: " + std::string(64 * 1024 - 6, 'x') + "\n\n", {}));
    EXPECT_THROW(reads("data: " + std::string(64 * 1024 - 5, 'x') + "\n\n", {}), LimitError);
    EXPECT_THROW(reads(":" + std::string(64 * 1024, 'x'), {}), LimitError);
    EXPECT_TRUE(reads("data:1234\ndata:678\n\n", {.event_bytes = 8}));
    EXPECT_THROW(reads("data:1234\ndata:6789\n\n", {.event_bytes = 8}), LimitError);
    std::string lines;
    for (int i = 0; i < 16; ++i) lines += "data:" + std::string(64 * 1024 - 5, 'x') + "\n";
    EXPECT_TRUE(reads(lines + "data:" + std::string(64, 'x') + "\n\n", {}));  // 16 line ends between, 5 bytes less each
    EXPECT_THROW(reads(lines + "data:" + std::string(65, 'x') + "\n\n", {}), LimitError);
}

TEST(EventStream, a_new_connection_begins_anew) {
    EventStreamParser parser;
    std::string_view input = "id: 1\nretry: 5\ndata: x\n\nid: 2\nevent: e\ndata: y\ndata: z";
    EXPECT_TRUE(parser.next(input));
    EXPECT_FALSE(parser.next(input));
    parser.restart();
    input =
        "\xef\xbb\xbf"
        "data: w\n\n";
    EXPECT_EQ(parser.next(input), ServerEvent("message", "w", "1"));
    EXPECT_EQ(parser.retry(), 5ms);
}

TEST(EventStream, written_events) {
    EXPECT_EQ(format_event({"message", "x"}), "data: x\n\n");
    EXPECT_EQ(format_event({"", "x"}), "data: x\n\n");
    EXPECT_EQ(
        format_event({"ping", "a\nb\r\nc\rd", "7"}), "event: ping\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(format_event({"message", ""}), "data: \n\n");
    EXPECT_EQ(format_event_comment("keep\nalive"), ": keep\n: alive\n\n");
    EXPECT_EQ(format_event_retry(1500ms), "retry: 1500\n\n");
    EXPECT_THROW((void)format_event_retry(-1ms), std::invalid_argument);
}

TEST(EventStream, injection_is_refused_or_made_data) {
    for (const auto bad : {"a\nb"sv, "a\rb"sv}) {
        EXPECT_THROW((void)format_event({std::string(bad), "x"}), std::invalid_argument);
        EXPECT_THROW((void)format_event({"message", "x", std::string(bad)}), std::invalid_argument);
    }
    EXPECT_THROW((void)format_event({"message", "x", std::string("\0", 1)}), std::invalid_argument);
    for (const auto data : {"x\n\nevent: evil\ndata: y"sv, "x\revent: evil"sv, "\r\n\r\nid: 9"sv}) {
        const auto events = read(format_event({"good", std::string(data), "1"}));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].type, "good");
        EXPECT_EQ(events[0].id, "1");
    }
    EXPECT_TRUE(read(format_event_comment("x\n\ndata: evil\n\n")).empty());
}

}  // namespace
}  // namespace gyre::http
