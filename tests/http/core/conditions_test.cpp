// Entity tags and conditional requests: RFC 9110 8.8, 13.

#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/date.hpp>

#include <gtest/gtest.h>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds changed(1'700'000'000s);
constexpr std::chrono::sys_seconds now(changed + 1h);

using Lines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

auto at(std::chrono::seconds after) -> std::string { return format_http_date(changed + after); }

auto weigh(Lines lines, std::string_view method = "GET", std::string_view tag = "\"a\"") -> Precondition {
    return check_conditions(method, Fields(lines), Validators(tag, changed), now);
}

auto may_be_partial(Lines lines, std::string_view tag = "\"a\"", std::chrono::sys_seconds when = now) -> bool {
    return range_applies(Fields(lines), Validators(tag, changed), when);
}

TEST(EntityTag, reads_and_writes) {
    EXPECT_EQ(EntityTag("abc").to_string(), "\"abc\"");
    EXPECT_EQ(EntityTag("abc", true).to_string(), "W/\"abc\"");
    EXPECT_EQ(EntityTag::parse("W/\"a,b\""), EntityTag("a,b", true));
    EXPECT_EQ(EntityTag::parse("\"\""), EntityTag(""));
    EXPECT_EQ(EntityTag::parse("\"\xC3\xA9\""), EntityTag("\xC3\xA9"));
    for (const auto* const text :
        {"", "abc", "\"abc", "abc\"", "w/\"a\"", "W/ \"a\"", "\"a\" ", "\"a\"b", "\"a b\"", "\"\x7f\"", "*"}) {
        EXPECT_EQ(EntityTag::parse(text), std::nullopt) << text;
    }
    EXPECT_THROW(EntityTag("a\"b"), std::invalid_argument);
    EXPECT_THROW(EntityTag("a b"), std::invalid_argument);
    EXPECT_THROW(Validators("abc"), std::invalid_argument) << "without its quotes";
}

TEST(EntityTag, compares) {  // the table of RFC 9110 8.8.3.2
    const EntityTag weak1("1", true);
    const EntityTag weak2("2", true);
    const EntityTag strong1("1");
    EXPECT_FALSE(weak1.matches_strongly(weak1));
    EXPECT_TRUE(weak1.matches_weakly(weak1));
    EXPECT_FALSE(weak1.matches_weakly(weak2));
    EXPECT_FALSE(weak1.matches_strongly(strong1));
    EXPECT_TRUE(weak1.matches_weakly(strong1));
    EXPECT_TRUE(strong1.matches_strongly(strong1));
}

TEST(Conditions, none_hold) { EXPECT_EQ(weigh({}), Precondition::holds); }

TEST(Conditions, if_match) {
    EXPECT_EQ(weigh({{"If-Match", "\"a\""}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Match", "\"b\" ,, \"a\""}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Match", "\"b\""}, {"If-Match", "\"a\""}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Match", "\"b\""}}), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Match", "*"}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Match", "W/\"a\""}}), Precondition::failed) << "strong comparison";
    EXPECT_EQ(weigh({{"If-Match", "\"a\""}}, "PUT", "W/\"a\""), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Match", "a"}}), Precondition::failed) << "no tag";
    EXPECT_EQ(weigh({{"If-Match", ""}}), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Match", "\"b\"\"a\""}}), Precondition::failed) << "no list";
}

TEST(Conditions, if_none_match) {
    EXPECT_EQ(weigh({{"If-None-Match", "\"a\""}}), Precondition::not_modified);
    EXPECT_EQ(weigh({{"If-None-Match", "W/\"a\""}}), Precondition::not_modified) << "weak comparison";
    EXPECT_EQ(weigh({{"If-None-Match", "\"b\", \"a,b\""}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-None-Match", "*"}}, "HEAD"), Precondition::not_modified);
    EXPECT_EQ(weigh({{"If-None-Match", "\"a\""}}, "PUT"), Precondition::failed);
    EXPECT_EQ(weigh({{"If-None-Match", "nonsense"}}), Precondition::holds);
}

TEST(Conditions, what_does_not_exist_yet) {
    Validators nothing;
    nothing.exists = false;
    EXPECT_EQ(check_conditions("PUT", Fields({{"If-None-Match", "*"}}), nothing, now), Precondition::holds);
    EXPECT_EQ(check_conditions("PUT", Fields({{"If-Match", "*"}}), nothing, now), Precondition::failed);
}

TEST(Conditions, dates) {
    EXPECT_EQ(weigh({{"If-Modified-Since", at(0s)}}), Precondition::not_modified);
    EXPECT_EQ(weigh({{"If-Modified-Since", at(1s)}}), Precondition::not_modified);
    EXPECT_EQ(weigh({{"If-Modified-Since", at(-1s)}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Modified-Since", at(0s)}}, "POST"), Precondition::holds) << "for GET and HEAD only";
    EXPECT_EQ(weigh({{"If-Modified-Since", "yesterday"}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Modified-Since", at(0s)}, {"If-Modified-Since", at(0s)}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Unmodified-Since", at(0s)}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Unmodified-Since", at(-1s)}}), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Unmodified-Since", at(-1s)}}, "DELETE"), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Unmodified-Since", "yesterday"}}), Precondition::holds);
}

TEST(Conditions, tags_go_before_dates) {
    EXPECT_EQ(weigh({{"If-Match", "\"a\""}, {"If-Unmodified-Since", at(-1s)}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-None-Match", "\"b\""}, {"If-Modified-Since", at(0s)}}), Precondition::holds);
    EXPECT_EQ(weigh({{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}), Precondition::failed) << "If-Match is first";
    EXPECT_EQ(weigh({{"If-Unmodified-Since", at(-1s)}, {"If-None-Match", "\"a\""}}), Precondition::failed);
    EXPECT_EQ(weigh({{"If-Match", "*"}, {"If-None-Match", "\"a\""}}), Precondition::not_modified);
}

TEST(Conditions, if_range) {
    EXPECT_TRUE(may_be_partial({}));
    EXPECT_TRUE(may_be_partial({{"If-Range", "\"a\""}}));
    EXPECT_FALSE(may_be_partial({{"If-Range", "\"b\""}}));
    EXPECT_FALSE(may_be_partial({{"If-Range", "W/\"a\""}}));
    EXPECT_FALSE(may_be_partial({{"If-Range", "W/\"a\""}}, "W/\"a\"")) << "strong comparison";
    EXPECT_TRUE(may_be_partial({{"If-Range", at(0s)}}));
    EXPECT_FALSE(may_be_partial({{"If-Range", at(1s)}})) << "the same date, not a later one";
    EXPECT_FALSE(may_be_partial({{"If-Range", at(0s)}}, "\"a\"", changed)) << "it may change again within its second";
    EXPECT_TRUE(may_be_partial({{"If-Range", at(0s)}}, "\"a\"", changed + 1s));
    EXPECT_FALSE(may_be_partial({{"If-Range", "nonsense"}}));
    EXPECT_FALSE(may_be_partial({{"If-Range", "\"a\""}, {"If-Range", "\"a\""}}));
}

TEST(Conditions, what_is_not_there_or_has_no_validators) {
    Validators nothing;
    nothing.exists = false;
    EXPECT_EQ(check_conditions("PUT", {{"If-Match", "\"a\""}}, nothing, now), Precondition::failed);
    EXPECT_EQ(check_conditions("PUT", {{"If-Match", "*"}}, nothing, now), Precondition::failed);
    EXPECT_EQ(check_conditions("PUT", {{"If-None-Match", "*"}}, nothing, now), Precondition::holds);
    const Validators bare;
    EXPECT_EQ(check_conditions("GET", {{"If-None-Match", "\"a\""}}, bare, now), Precondition::holds);
    EXPECT_EQ(check_conditions("GET", {{"If-Unmodified-Since", at(-1h)}}, bare, now), Precondition::holds);
    EXPECT_EQ(check_conditions("GET", {{"If-Modified-Since", at(1h)}}, bare, now), Precondition::holds);
    EXPECT_FALSE(range_applies({{"If-Range", "\"a\""}}, bare, now));
    EXPECT_FALSE(range_applies({{"If-Range", at(0s)}}, bare, now));
    EXPECT_FALSE(range_applies({{"If-Range", "nonsense"}}, bare, now));
    EXPECT_EQ(weigh({{"If-None-Match", "\"x\"\t,, \t\"a\""}}), Precondition::not_modified) << "tabs and empty members";
}

}  // namespace
}  // namespace gyre::http
