#include <gyre/http/core/date.hpp>

#include "grammar.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gyre::http {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> long_weekdays{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fragments {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

// Reads from the front of a text; once something does not fit, `ok` stays false.
struct Reader {
    std::string_view rest;
    bool ok = true;

    void literal(std::string_view expected) {
        if (ok && rest.starts_with(expected)) {
            rest.remove_prefix(expected.size());
        } else {
            ok = false;
        }
    }

    auto number(std::size_t digits) -> int {
        if (!ok || rest.size() < digits || !std::all_of(rest.begin(), rest.begin() + digits, internal::is_digit)) {
            ok = false;
            return 0;
        }
        int value = 0;
        for (char c : rest.substr(0, digits)) value = value * 10 + (c - '0');
        rest.remove_prefix(digits);
        return value;
    }

    auto month() -> unsigned {
        const auto found = std::find(months.begin(), months.end(), rest.substr(0, 3));
        if (found == months.end()) ok = false;
        if (ok) rest.remove_prefix(3);
        return static_cast<unsigned>(found - months.begin()) + 1;
    }

    void time(Fragments& out) {
        out.hour = number(2);
        literal(":");
        out.minute = number(2);
        literal(":");
        out.second = number(2);
    }
};

auto imf_fixdate(Reader reader) -> std::optional<Fragments> {
    Fragments out;
    reader.literal(", ");
    out.day = static_cast<unsigned>(reader.number(2));
    reader.literal(" ");
    out.month = reader.month();
    reader.literal(" ");
    out.year = reader.number(4);
    reader.literal(" ");
    reader.time(out);
    reader.literal(" GMT");
    if (!reader.ok || !reader.rest.empty()) return std::nullopt;
    return out;
}

auto rfc850_date(Reader reader, sys_seconds now) -> std::optional<Fragments> {
    Fragments out;
    reader.literal(", ");
    out.day = static_cast<unsigned>(reader.number(2));
    reader.literal("-");
    out.month = reader.month();
    reader.literal("-");
    const int short_year = reader.number(2);
    reader.literal(" ");
    reader.time(out);
    reader.literal(" GMT");
    if (!reader.ok || !reader.rest.empty()) return std::nullopt;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int this_year = static_cast<int>(today.year());
    out.year = this_year - this_year % 100 + short_year;
    if (out.year > this_year + 50) out.year -= 100;
    if (out.year <= this_year - 50) out.year += 100;
    return out;
}

auto asctime_date(Reader reader) -> std::optional<Fragments> {
    Fragments out;
    reader.literal(" ");
    out.month = reader.month();
    reader.literal(" ");
    const bool is_padded = reader.rest.starts_with(' ');
    if (is_padded) reader.rest.remove_prefix(1);
    out.day = static_cast<unsigned>(reader.number(is_padded ? 1 : 2));
    reader.literal(" ");
    reader.time(out);
    reader.literal(" ");
    out.year = reader.number(4);
    if (!reader.ok || !reader.rest.empty()) return std::nullopt;
    return out;
}

auto to_time(const Fragments& from) -> std::optional<sys_seconds> {
    const std::chrono::year_month_day date{
        std::chrono::year{from.year}, std::chrono::month{from.month}, std::chrono::day{from.day}};
    // 60 is a leap second; it is the first of the next minute in a count that has none.
    if (!date.ok() || from.hour > 23 || from.minute > 59 || from.second > 60) return std::nullopt;
    return sys_days{date} + std::chrono::hours{from.hour} + std::chrono::minutes{from.minute} +
           std::chrono::seconds{from.second};
}

void append_padded(std::string& out, int value, std::size_t width) {
    const auto digits = std::to_string(value);
    out.append(width - std::min(width, digits.size()), '0').append(digits);
}

}  // namespace

auto format_http_date(sys_seconds time) -> std::string {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) throw std::out_of_range("gyre::http::format_http_date: year outside 0 to 9999");

    std::string out{long_weekdays[std::chrono::weekday{day}.c_encoding()].substr(0, 3)};
    out += ", ";
    append_padded(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    out.append(" ").append(months[static_cast<unsigned>(date.month()) - 1]).append(" ");
    append_padded(out, year, 4);
    out += ' ';
    append_padded(out, static_cast<int>(clock.hours().count()), 2);
    out += ':';
    append_padded(out, static_cast<int>(clock.minutes().count()), 2);
    out += ':';
    append_padded(out, static_cast<int>(clock.seconds().count()), 2);
    return out += " GMT";
}

auto parse_http_date(std::string_view text, sys_seconds now) -> std::optional<sys_seconds> {
    std::optional<Fragments> found;
    for (const auto weekday : long_weekdays) {
        if (!text.starts_with(weekday.substr(0, 3))) continue;
        const auto after_short = text.substr(3);
        if (after_short.starts_with(',')) found = imf_fixdate({after_short});
        if (after_short.starts_with(' ')) found = asctime_date({after_short});
        if (text.starts_with(weekday)) found = rfc850_date({text.substr(weekday.size())}, now);
    }
    return found ? to_time(*found) : std::nullopt;
}

}  // namespace gyre::http
