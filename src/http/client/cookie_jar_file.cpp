// The jar as text: a line with the version, then a line for each cookie, its parts separated by tabs:
//   domain  exact|below  path  seconds since 1970|-  created  used  flags  name  value
// Controls and "%" are written as %XX; flags are separated by commas, "-" if there are none.

#include "cookie_rules.hpp"
#include "http/core/grammar.hpp"

#include <gyre/http/core/percent.hpp>
#include <gyre/os/filesystem.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gyre::http {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::string_view first_line = "gyre cookies 1";
constexpr std::size_t column_count = 9;
constexpr std::int64_t most = std::int64_t{1} << 53;  // in any number: sums of a few do not overflow

using Columns = std::array<std::string_view, column_count>;

struct Flag {
    std::string_view name;
    bool (*is_set)(const StoredCookie&);
    void (*set)(StoredCookie&);
};

constexpr Flag flags[] = {
    {"secure", [](const StoredCookie& c) { return c.secure; }, [](StoredCookie& c) { c.secure = true; }},
    {"http-only", [](const StoredCookie& c) { return c.http_only; }, [](StoredCookie& c) { c.http_only = true; }},
    {"partitioned", [](const StoredCookie& c) { return c.partitioned; }, [](StoredCookie& c) { c.partitioned = true; }},
    {"same-site-none", [](const StoredCookie& c) { return c.same_site == SameSite::none; },
        [](StoredCookie& c) { c.same_site = SameSite::none; }},
    {"same-site-lax", [](const StoredCookie& c) { return c.same_site == SameSite::lax; },
        [](StoredCookie& c) { c.same_site = SameSite::lax; }},
    {"same-site-strict", [](const StoredCookie& c) { return c.same_site == SameSite::strict; },
        [](StoredCookie& c) { c.same_site = SameSite::strict; }},
};

void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f && c != '%') {
            out += c;
        } else {
            internal::append_percent(out, c);
        }
    }
}

auto flags_of(const StoredCookie& cookie) -> std::string {
    std::string text;
    for (const auto& flag : flags) {
        if (flag.is_set(cookie)) text.append(text.empty() ? "" : ",").append(flag.name);
    }
    return text.empty() ? "-" : text;
}

void append_line(std::string& out, const StoredCookie& cookie) {
    append_escaped(out, cookie.domain);
    out += cookie.host_only ? "\texact\t" : "\tbelow\t";
    append_escaped(out, cookie.path);
    out += '\t';
    out += cookie.expires ? std::to_string(cookie.expires->time_since_epoch().count()) : "-";
    out.append("\t")
        .append(std::to_string(cookie.created))
        .append("\t")
        .append(std::to_string(cookie.used))
        .append("\t");
    out.append(flags_of(cookie)).append("\t");
    append_escaped(out, cookie.name);
    out += '\t';
    append_escaped(out, cookie.value);
    out += '\n';
}

auto take_until(std::string_view& text, char end) -> std::string_view {
    const auto length = std::min(text.find(end), text.size());
    const auto part = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    return part;
}

struct LineProblem {
    std::string_view text;
};

auto parse_number(std::string_view text) -> std::int64_t {
    std::int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size() || value < 0 || value > most) {
        throw LineProblem{"a number is none, or out of range"};
    }
    return value;
}

auto split_columns(std::string_view line) -> Columns {
    if (static_cast<std::size_t>(std::count(line.begin(), line.end(), '\t')) + 1 != column_count) {
        throw LineProblem{"there are not nine columns"};
    }
    Columns columns;
    for (auto& column : columns) column = take_until(line, '\t');
    return columns;
}

void set_flags(StoredCookie& cookie, std::string_view text) {
    if (text == "-") return;
    while (!text.empty()) {
        const auto name = take_until(text, ',');
        const auto* flag = std::find_if(
            std::begin(flags), std::end(flags), [name](const Flag& f) { return f.name == name; });
        if (flag == std::end(flags)) throw LineProblem{"an unknown flag"};
        flag->set(cookie);
    }
}

auto parse_line(std::string_view line) -> StoredCookie {
    const auto columns = split_columns(line);
    StoredCookie cookie;
    cookie.domain = percent_decode(columns[0]);
    if (columns[1] != "exact" && columns[1] != "below")
        throw LineProblem{"the second column is neither exact nor below"};
    cookie.host_only = columns[1] == "exact";
    cookie.path = percent_decode(columns[2]);
    if (columns[3] != "-") cookie.expires = sys_seconds(seconds(parse_number(columns[3])));
    cookie.created = static_cast<std::uint64_t>(parse_number(columns[4]));
    cookie.used = static_cast<std::uint64_t>(parse_number(columns[5]));
    set_flags(cookie, columns[6]);
    cookie.name = percent_decode(columns[7]);
    cookie.value = percent_decode(columns[8]);
    return cookie;
}

auto parse_lines(std::string_view text) -> std::vector<StoredCookie> {
    std::vector<StoredCookie> cookies;
    std::size_t number = 1;
    if (take_until(text, '\n') != first_line) throw CookieJarError("cookie jar: line 1: this is no jar of version 1");
    while (!text.empty()) {
        ++number;
        const bool is_whole = text.find('\n') != std::string_view::npos;
        const auto line = take_until(text, '\n');
        try {
            if (!is_whole) throw LineProblem{"it has no end: the text was cut"};
            cookies.push_back(parse_line(line));
        } catch (const LineProblem& problem) {
            throw CookieJarError("cookie jar: line " + std::to_string(number) + ": " + std::string(problem.text));
        }
    }
    return cookies;
}

/// When something happened to one of them, in order.
auto times_of(const std::vector<StoredCookie>& cookies) -> std::vector<std::uint64_t> {
    std::vector<std::uint64_t> times;
    times.reserve(2 * cookies.size());
    for (const auto& cookie : cookies) {
        times.push_back(cookie.created);
        times.push_back(cookie.used);
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
}

auto write_jar(std::filesystem::path path, std::string text) -> Task<void> {
    const fs::WriteOptions options{.atomic = true, .permissions = 0600};  // CVE-2022-32207
    co_await fs::write_text(std::move(path), text, options);
}

}  // namespace

auto CookieJar::to_text(sys_seconds now, bool with_session) const -> std::string {
    auto all = cookies();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.created < b.created; });
    std::string text(first_line);
    text += '\n';
    for (const auto& cookie : all) {
        if (!internal::is_expired(cookie, now) && (cookie.expires || with_session)) append_line(text, cookie);
    }
    return text;
}

void CookieJar::add_text(std::string_view text, sys_seconds now) {
    auto added = parse_lines(text);
    const auto times = times_of(added);
    // Their order counts, and not the numbers: those would grow with each time that a jar is loaded.
    const auto here = [&times, before = clock_](std::uint64_t time) {
        const auto rank = std::lower_bound(times.begin(), times.end(), time) - times.begin();
        return before + 1 + static_cast<std::uint64_t>(rank);
    };
    for (auto& cookie : added) {
        // The file may be of another machine, or written by hand: it is held to the rules like a server.
        if (!internal::has_storable_text(cookie) || !internal::keeps_promises(cookie, true)) continue;
        if (!cookie.host_only && suffixes_.is_public_suffix(cookie.domain)) continue;
        if (cookie.expires) cookie.expires = std::min(*cookie.expires, now + limits_.lifetime);
        cookie.created = here(cookie.created);
        cookie.used = here(cookie.used);
        clock_ = std::max({clock_, cookie.created, cookie.used});
        store(std::move(cookie), now);
    }
}

auto CookieJar::save(std::filesystem::path path, sys_seconds now, bool with_session) const -> Task<void> {
    return write_jar(std::move(path), to_text(now, with_session));
}

auto CookieJar::load(std::filesystem::path path, sys_seconds now) -> Task<void> {
    const auto text = co_await fs::read_text(std::move(path));
    add_text(text, now);
}

}  // namespace gyre::http
