#include <gyre/http/core/query.hpp>

#include <gyre/core/errors.hpp>

#include <gtest/gtest.h>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;

TEST(QueryParams, every_rule_of_the_url_standard) {
    struct Case {
        std::string_view text;
        QueryParams params;
        std::string_view written;
    };
    const Case cases[] = {
        {"", {}, ""},
        {"a=1&b=2", {{"a", "1"}, {"b", "2"}}, "a=1&b=2"},
        {"a=1&a=2&A=3", {{"a", "1"}, {"a", "2"}, {"A", "3"}}, "a=1&a=2&A=3"},
        {"&&a=1&&", {{"a", "1"}}, "a=1"},
        {"a", {{"a", ""}}, "a="},
        {"=", {{"", ""}}, "="},
        {"=b", {{"", "b"}}, "=b"},
        {"a=b=c", {{"a", "b=c"}}, "a=b%3Dc"},
        {"a+b=c+d", {{"a b", "c d"}}, "a+b=c+d"},
        {"a%20b=%2B", {{"a b", "+"}}, "a+b=%2B"},
        {"%26=%3D", {{"&", "="}}, "%26=%3D"},
        {"a=%c3%A4", {{"a", "\xc3\xa4"}}, "a=%C3%A4"},
        {"a=\xc3\xa4", {{"a", "\xc3\xa4"}}, "a=%C3%A4"},
        {"a=%zz%4&b=%", {{"a", "%zz%4"}, {"b", "%"}}, "a=%25zz%254&b=%25"},
        {"a=%00", {{"a", "\0"sv}}, "a=%00"},
        {"a=%FF", {{"a", "\xff"}}, "a=%FF"},
        {"a;b=c", {{"a;b", "c"}}, "a%3Bb=c"},  // CVE-2021-23336: a semicolon separates nothing
        {"?a=1", {{"?a", "1"}}, "%3Fa=1"},
        {"a=*-._~!'()", {{"a", "*-._~!'()"}}, "a=*-._%7E%21%27%28%29"},
    };
    for (const auto& c : cases) {
        const auto params = QueryParams::parse(c.text);
        EXPECT_EQ(params, c.params) << c.text;
        EXPECT_EQ(params.to_string(), c.written) << c.text;
        EXPECT_EQ(QueryParams::parse(params.to_string()), params) << c.text;
    }
}

TEST(QueryParams, every_byte_survives) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    QueryParams params;
    params.add(all, all);
    EXPECT_EQ(QueryParams::parse(params.to_string()), params);
}

// oCERT-2011-003: as many names as fit in a request, chosen to collide, stopped servers. Here they are few, and not hashed.
TEST(QueryParams, the_number_of_pairs_is_bounded_on_both_sides) {
    std::string text = "a=1";
    for (std::size_t i = 1; i < QueryParams::default_limit; ++i) text += "&a=1";
    EXPECT_EQ(QueryParams::parse(text).size(), QueryParams::default_limit);
    EXPECT_EQ(QueryParams::parse(text + "&").size(), QueryParams::default_limit);
    EXPECT_THROW((void)QueryParams::parse(text + "&b"), LimitError);
    EXPECT_EQ(QueryParams::parse("a&b", 2).size(), 2U);
    EXPECT_THROW((void)QueryParams::parse("a&b&c", 2), LimitError);
    EXPECT_THROW((void)QueryParams::parse("a", 0), LimitError);
}

TEST(QueryParams, looked_up_by_name) {
    const auto params = QueryParams::parse("a=1&b=2&a=3");
    EXPECT_EQ(params.get("a"), "1");
    EXPECT_EQ(params.get("c"), std::nullopt);
    EXPECT_EQ(params.get_all("a"), (std::vector<std::string_view>{"1", "3"}));
    EXPECT_TRUE(params.get_all("c").empty());
    EXPECT_TRUE(params.contains("b"));
    EXPECT_FALSE(params.contains("B"));
}

TEST(QueryParams, changed_in_place) {
    auto params = QueryParams::parse("a=1&b=2&a=3&c=4");
    params.set("a", "x");
    EXPECT_EQ(params.to_string(), "a=x&b=2&c=4");
    params.set("d", "5").add("b", "6");
    EXPECT_EQ(params.to_string(), "a=x&b=2&c=4&d=5&b=6");
    EXPECT_EQ(params.remove("b"), 2U);
    EXPECT_EQ(params.remove("b"), 0U);
    EXPECT_EQ(params.to_string(), "a=x&c=4&d=5");
    EXPECT_FALSE(params.empty());
}

TEST(QueryParams, a_name_may_be_a_view_of_the_list) {
    auto params = QueryParams::parse(
        "long-enough-to-be-on-the-heap-itself=1&b=2&long-enough-to-be-on-the-heap-itself=3");
    params.set(params.begin()[2].first, "4");
    EXPECT_EQ(params.to_string(), "long-enough-to-be-on-the-heap-itself=4&b=2");
    EXPECT_EQ(params.remove(params.begin()->first), 1U);
    EXPECT_EQ(params.to_string(), "b=2");
}

}  // namespace
}  // namespace gyre::http
