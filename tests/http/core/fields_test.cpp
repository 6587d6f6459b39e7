#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/fields.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;

TEST(Fields, keep_order_and_ignore_case_of_names) {
    Fields fields{{"B", "1"}, {"a", "2"}, {"b", "3"}};
    EXPECT_EQ(fields.get("b"), "1");
    EXPECT_EQ(fields.get_all("B"), (std::vector<std::string_view>{"1", "3"}));
    EXPECT_EQ(fields.count("b"), 2U);
    EXPECT_EQ(fields[1].name, "a");
    EXPECT_FALSE(fields.get("c").has_value());
    EXPECT_EQ(fields.remove("B"), 2U);
    EXPECT_EQ(fields.size(), 1U);
}

TEST(Fields, set_takes_the_place_of_the_first_and_drops_the_rest) {
    Fields fields{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    fields.set("A", "new");
    EXPECT_EQ(fields, (Fields{{"A", "new"}, {"B", "2"}}));
    fields.set("A", *fields.get("B"));  // a view into the list itself
    EXPECT_EQ(fields.get("a"), "2");
}

TEST(Fields, refuse_what_would_inject_lines) {
    Fields fields;
    const auto rule_of = [&](std::string_view name, std::string_view value) -> std::string_view {
        try {
            fields.add(name, value);
        } catch (const ProtocolError& error) {
            return rule_name(error.rule());
        }
        return "accepted";
    };
    EXPECT_EQ(rule_of("A", "x\r\nB: y"), "control_in_value");
    EXPECT_EQ(rule_of("A", "x\ny"), "control_in_value");
    EXPECT_EQ(rule_of("A", "x\0y"sv), "control_in_value");
    EXPECT_EQ(rule_of("A", "x\x7f"), "control_in_value");
    EXPECT_EQ(rule_of("A\r\nB", "x"), "bad_field_name");
    EXPECT_EQ(rule_of("A:", "x"), "bad_field_name");
    EXPECT_EQ(rule_of("A B", "x"), "bad_field_name");
    EXPECT_EQ(rule_of("\xc3\xa9", "x"), "bad_field_name");
    EXPECT_EQ(rule_of("", "x"), "empty_field_name");
    EXPECT_TRUE(fields.empty());
    EXPECT_EQ(rule_of("A", " \tx\ty\xff "), "accepted");
    EXPECT_EQ(fields.get("a"), "x\ty\xff");
    EXPECT_THROW(fields.set("A", "\n x\n"), ProtocolError);
}

TEST(Fields, refuse_more_text_than_they_can_count) {
    constexpr std::size_t limit = std::size_t{1} << 31;
    // Never written or read: it takes no memory.
    const std::unique_ptr<char, decltype(&std::free)> huge(static_cast<char*>(std::calloc(limit, 1)), &std::free);
    ASSERT_TRUE(huge);
    Fields fields{{"A", "1"}};
    EXPECT_THROW(fields.add("B", {huge.get(), limit}), std::length_error);
    EXPECT_THROW(fields.set("A", {huge.get(), limit - 2}), std::length_error);
    EXPECT_EQ(fields, (Fields{{"A", "1"}}));
    // One byte less is refused for what it holds.
    EXPECT_THROW(fields.add("B", {huge.get(), limit - 3}), ProtocolError);
}

TEST(Fields, tokens_are_matched_whole) {
    const Fields fields{{"Connection", "keep-alive, , Upgrade"}, {"connection", "x-close"}};
    EXPECT_TRUE(fields.contains_token("connection", "upgrade"));
    EXPECT_TRUE(fields.contains_token("connection", "KEEP-ALIVE"));
    EXPECT_FALSE(fields.contains_token("connection", "close"));
    EXPECT_FALSE(fields.contains_token("connection", "up"));
}

TEST(Fields, changing_one_value_for_ever_does_not_grow_the_rest) {
    Fields fields{{"A", "1"}};
    const std::string value(600, 'x');
    for (int i = 0; i < 10'000; ++i) fields.set("B", value);
    for (int i = 0; i < 10'000; ++i) {
        fields.add("C", value);
        fields.remove("c");
    }
    const auto span = fields.get("B")->data() - fields.get("A")->data();
    EXPECT_LT(std::abs(span), 8192);
    EXPECT_EQ(fields.size(), 2U);
}

TEST(Rules, each_has_a_name_a_text_a_source_and_a_status) {
    for (std::size_t i = 0; i < rule_count; ++i) {
        const auto rule = static_cast<Rule>(i);
        const ProtocolError error(rule, 17);
        const std::string what = error.what();
        EXPECT_NE(what.find(rule_text(rule)), std::string::npos);
        EXPECT_NE(what.find(rule_name(rule)), std::string::npos);
        EXPECT_NE(what.find("byte 17"), std::string::npos);
        EXPECT_TRUE(rule_source(rule).starts_with("RFC "));
        EXPECT_GE(rule_status(rule), 400);
    }
    EXPECT_EQ(rule_status(Rule::request_line_too_long), 414);
    EXPECT_EQ(rule_status(Rule::too_many_fields), 431);
    EXPECT_EQ(rule_status(Rule::body_too_large), 413);
    EXPECT_EQ(rule_status(Rule::unknown_transfer_coding), 501);
    EXPECT_EQ(rule_status(Rule::unsupported_version), 505);
    EXPECT_EQ(rule_status(Rule::unknown_expectation), 417);
}

TEST(Fields, removing_nothing_changes_nothing_and_equality_is_of_names_values_and_number) {
    Fields fields{{"A", "1"}, {"B", "2"}};
    EXPECT_EQ(fields.remove("C"), 0U);
    EXPECT_EQ(fields, (Fields{{"a", "1"}, {"b", "2"}}));
    EXPECT_NE(fields, (Fields{{"A", "1"}, {"C", "2"}}));
    EXPECT_NE(fields, (Fields{{"A", "1"}, {"B", "3"}}));
    EXPECT_NE(fields, (Fields{{"A", "1"}}));
}

}  // namespace
}  // namespace gyre::http
