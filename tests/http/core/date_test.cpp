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

}  // namespace
}  // namespace gyre::http
