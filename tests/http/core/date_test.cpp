#include <gyre/http/core/date.hpp>

#include <gtest/gtest.h>

namespace gyre::http {
namespace {

using namespace std::chrono;

const sys_seconds example = sys_days{1994y / November / 6} + 8h + 49min + 37s;
const sys_seconds now = sys_days{2026y / November / 1};

TEST(Date, written_as_imf_fixdate) {
    EXPECT_EQ(format_http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_http_date(sys_seconds{}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_http_date(sys_seconds{-1s}), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_THROW((void)format_http_date(sys_days{10000y / 1 / 1}), std::out_of_range);
}

TEST(Date, all_three_formats_are_read) {
    for (const auto* text :
        {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(parse_http_date(text, now), example) << text;
    }
}

TEST(Date, two_digit_years_are_within_fifty) {
    const auto year_of = [](std::string_view text) {
        return static_cast<int>(year_month_day{floor<days>(*parse_http_date(text, now))}.year());
    };
    EXPECT_EQ(year_of("Sunday, 06-Nov-76 08:49:37 GMT"), 2076);
    EXPECT_EQ(year_of("Sunday, 06-Nov-77 08:49:37 GMT"), 1977);
    EXPECT_EQ(year_of("Sunday, 06-Nov-00 08:49:37 GMT"), 2000);
}

TEST(Date, nothing_else_is_read) {
    for (const auto* text :
        {"", "Sun", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov +994 08:49:37 GMT", "784111777", "Sun Nov 06 08:49:37 94"}) {
        EXPECT_FALSE(parse_http_date(text, now).has_value()) << text;
    }
}

TEST(Date, what_is_cut_or_goes_on_is_none_in_all_formats) {
    for (const std::string_view text :
        {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        ASSERT_TRUE(parse_http_date(text, {})) << text;
        EXPECT_FALSE(parse_http_date(std::string(text) + "x", {})) << text;
        for (std::size_t size = 0; size < text.size(); ++size) {
            EXPECT_FALSE(parse_http_date(text.substr(0, size), {})) << text.substr(0, size);
        }
    }
}

TEST(Date, two_digit_years_around_the_turn_of_a_century) {
    using namespace std::chrono;
    const auto year_of = [](int now, std::string_view digits) {
        const auto text = "Sunday, 06-Nov-" + std::string(digits) + " 08:49:37 GMT";
        const auto date = parse_http_date(text, sys_days(year(now) / 6 / 1));
        return static_cast<int>(year_month_day(floor<days>(*date)).year());
    };
    EXPECT_EQ(year_of(2090, "10"), 2110);
    EXPECT_EQ(year_of(2090, "40"), 2140);
    EXPECT_EQ(year_of(2090, "41"), 2041);
    EXPECT_EQ(year_of(2010, "61"), 1961);
    EXPECT_EQ(year_of(2010, "60"), 2060);
}

TEST(Date, years_outside_of_four_digits_are_not_written) {
    using namespace std::chrono;
    EXPECT_EQ(format_http_date(sys_days(year(0) / 1 / 1)), "Sat, 01 Jan 0000 00:00:00 GMT");
    EXPECT_EQ(format_http_date(sys_days(year(9999) / 12 / 31)), "Fri, 31 Dec 9999 00:00:00 GMT");
    EXPECT_THROW((void)format_http_date(sys_days(year(-1) / 12 / 31)), std::out_of_range);
    EXPECT_THROW((void)format_http_date(sys_days(year(10'000) / 1 / 1)), std::out_of_range);
}

}  // namespace
}  // namespace gyre::http
