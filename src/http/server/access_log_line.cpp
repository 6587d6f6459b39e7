#include "access_log_line.hpp"

#include "../core/json_text.hpp"
#include "core/hex_text.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace gyre::http::internal {

namespace {

constexpr int no_response = 499;

/// Text between quotes, in which nothing can end them or the line.
void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            out.push_back(c);
        } else {
            gyre::internal::append_hex(out.append("\\x"), byte);
        }
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    if (text.empty()) out.push_back('-');
    append_escaped(out, text);
    out.push_back('"');
}

template<class Number>
void append_number(std::string& out, Number number, std::size_t width = 0) {
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    const auto size = static_cast<std::size_t>(end - digits.data());
    if (size < width) out.append(width - size, '0');
    out.append(digits.data(), size);
}

void append_seconds(std::string& out, Duration duration) {
    const auto micros = std::max<std::int64_t>(
        0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
    append_number(out, micros / 1'000'000);
    out.push_back('.');
    append_number(out, micros % 1'000'000, 6);
}

struct Calendar {
    explicit Calendar(std::chrono::sys_seconds time) noexcept
        : date(std::chrono::floor<std::chrono::days>(time)), clock(time - std::chrono::floor<std::chrono::days>(time)) {}
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<std::chrono::seconds> clock;
};

void append_clock(std::string& out, const Calendar& calendar) {
    append_number(out, calendar.clock.hours().count(), 2);
    out.push_back(':');
    append_number(out, calendar.clock.minutes().count(), 2);
    out.push_back(':');
    append_number(out, calendar.clock.seconds().count(), 2);
}

/// "10/Oct/2000:13:55:36 +0000"
void append_log_time(std::string& out, std::chrono::sys_seconds time) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const Calendar calendar(time);
    append_number(out, static_cast<unsigned>(calendar.date.day()), 2);
    out.push_back('/');
    out.append(months.substr((static_cast<unsigned>(calendar.date.month()) - 1) * 3, 3));
    out.push_back('/');
    append_number(out, static_cast<int>(calendar.date.year()), 4);
    out.push_back(':');
    append_clock(out, calendar);
    out.append(" +0000");
}

/// "2000-10-10T13:55:36Z"
void append_iso_time(std::string& out, std::chrono::sys_seconds time) {
    const Calendar calendar(time);
    append_number(out, static_cast<int>(calendar.date.year()), 4);
    out.push_back('-');
    append_number(out, static_cast<unsigned>(calendar.date.month()), 2);
    out.push_back('-');
    append_number(out, static_cast<unsigned>(calendar.date.day()), 2);
    out.push_back('T');
    append_clock(out, calendar);
    out.push_back('Z');
}

auto field_of(const RequestRecord& record, std::string_view name) -> std::string_view {
    return record.fields == nullptr ? std::string_view() : record.fields->get(name).value_or("");
}

auto client_of(const RequestRecord& record) -> std::string {
    if (record.client == nullptr) return "-";
    const auto ip = record.client->is_ip() ? record.client->ip() : record.client->family() == AF_UNIX ? "unix:" : "-";
    return ip;
}

auto version_of(const RequestRecord& record) -> std::string {
    return "HTTP/" + std::to_string(record.version.major) + "." + std::to_string(record.version.minor);
}

void write_clf(const RequestRecord& record, AccessLogFormat format, std::string& line) {
    line.append(client_of(record)).append(" - - [");
    append_log_time(line, record.time);
    line.append("] \"");
    if (record.method.empty()) {
        line.push_back('-');
    } else {
        append_escaped(line, record.method);
        line.push_back(' ');
        append_escaped(line, record.target);
        line.append(" ").append(version_of(record));
    }
    line.append("\" ");
    append_number(line, record.status == 0 ? no_response : record.status);
    line.push_back(' ');
    append_number(line, record.body_bytes);
    if (format != AccessLogFormat::common) {
        line.push_back(' ');
        append_quoted(line, field_of(record, "Referer"));
        line.push_back(' ');
        append_quoted(line, field_of(record, "User-Agent"));
    }
    if (format == AccessLogFormat::timed) {
        line.push_back(' ');
        append_seconds(line, record.duration);
        line.push_back(' ');
        append_quoted(line, record.request_id);
    }
}

void append_member(std::string& line, std::string_view name, std::string_view text) {
    line.append(",\"").append(name).append("\":");
    if (text.empty()) {
        line.append("null");
    } else {
        line.append(json_string(text));
    }
}

void write_json(const RequestRecord& record, std::string& line) {
    line.append("{\"time\":\"");
    append_iso_time(line, record.time);
    line.append("\"");
    append_member(line, "client", record.client == nullptr ? std::string_view() : std::string_view(client_of(record)));
    append_member(line, "method", record.method);
    append_member(line, "target", record.target);
    append_member(line, "version", record.method.empty() ? std::string() : version_of(record));
    line.append(",\"secure\":").append(record.is_secure ? "true" : "false");
    line.append(",\"status\":");
    append_number(line, record.status == 0 ? no_response : record.status);
    line.append(",\"whole\":").append(record.is_whole ? "true" : "false");
    line.append(",\"bytes\":");
    append_number(line, record.body_bytes);
    line.append(",\"seconds\":");
    append_seconds(line, record.duration);
    append_member(line, "host", field_of(record, "Host"));
    append_member(line, "referer", field_of(record, "Referer"));
    append_member(line, "user_agent", field_of(record, "User-Agent"));
    append_member(line, "request_id", record.request_id);
    line.push_back('}');
}

}  // namespace

void write_log_line(const RequestRecord& record, AccessLogFormat format, std::string& line) {
    line.clear();
    if (format == AccessLogFormat::json) {
        write_json(record, line);
    } else {
        write_clf(record, format, line);
    }
    line.push_back('\n');
}

}  // namespace gyre::http::internal
