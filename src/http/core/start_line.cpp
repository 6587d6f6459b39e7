#include "start_line.hpp"

#include "scan.hpp"

#include <cstring>

namespace gyre::http::internal {
namespace {

constexpr std::size_t largest_limit = std::size_t{1} << 29;
constexpr std::string_view http_1_1_line_end = "HTTP/1.1\r\n";
constexpr std::size_t version_size = 8;  // "HTTP/1.1"

// Where to stop: the end of the data or of the line's limit, whichever is nearer.
auto nearer(std::size_t size, std::size_t line_start, std::size_t limit) noexcept -> std::size_t {
    return std::min(size, line_start + std::min(limit, largest_limit));
}

auto is_version_byte(char c, std::size_t index) noexcept -> bool {
    return index == 5 || index == 7 ? is_digit(c) : c == "HTTP/1.1"[index];
}

// As out.assign(text), which looks first whether the text is a part of what it replaces.
void copy_into(std::string& out, std::string_view text) {
    out.clear();
    out.append(text);
}

auto version_from(const char* text) noexcept -> Version {
    return {static_cast<std::uint8_t>(text[5] - '0'), static_cast<std::uint8_t>(text[7] - '0')};
}

}  // namespace

auto RequestLineScanner::skip_empty_line(std::span<const char> input) -> bool {
    while (position_ < input.size()) {
        const char c = input[position_];
        if (phase_ == Phase::before_line_lf) {
            if (c != '\n') refuse(Rule::bare_cr, position_ - 1);
            skipped_empty_line_ = true;
            phase_ = Phase::before_line;
        } else if (c == '\r') {
            if (skipped_empty_line_) refuse(Rule::empty_lines_before_request, position_);
            phase_ = Phase::before_line_lf;
        } else {
            line_start_ = position_;
            phase_ = Phase::method;
            return true;
        }
        ++position_;
    }
    return false;
}

auto RequestLineScanner::scan_target(const char* data, std::size_t at, std::size_t stop) noexcept -> std::size_t {
    // In a local: a member that each byte reads and writes would cost more than the rest of the loop.
    unsigned seen = 0;
    for (; at != stop; ++at) {
        const unsigned classes = char_classes[static_cast<unsigned char>(data[at])];
        if ((classes & target_char) == 0) break;
        seen |= classes;
    }
    target_classes_ = static_cast<std::uint8_t>(target_classes_ | seen);
    return at;
}

auto RequestLineScanner::scan(std::span<const char> input, std::size_t limit) -> bool {
    const char* const data = input.data();
    const std::size_t size = input.size();
    std::size_t at = position_;
    std::size_t stop = nearer(size, line_start_, limit);
    const auto check_length = [&] {
        if (at == stop && data[at] != '\r') refuse(Rule::request_line_too_long, at);
    };

    switch (phase_) {
    case Phase::before_line:
    case Phase::before_line_lf:
        if (!skip_empty_line(input)) return false;
        at = position_;
        stop = nearer(size, line_start_, limit);
        [[fallthrough]];
    case Phase::method:
        while (at != stop && has_class(data[at], token_char)) ++at;
        if (at == size) return pause(at, Phase::method);
        check_length();
        if (data[at] != ' ' || at == line_start_) refuse_in_method(data[at], at);
        method_end_ = at;
        ++at;
        [[fallthrough]];
    case Phase::target:
        at = scan_target(data, at, stop);
        if (at == size) return pause(at, Phase::target);
        check_length();
        if (data[at] != ' ' || at == method_end_ + 1) refuse_in_target(data[at], at);
        target_end_ = at;
        ++at;
        if (stop - at > version_size &&
            std::memcmp(data + at, http_1_1_line_end.data(), http_1_1_line_end.size() - 1) == 0) {
            at += version_size;
        }
        [[fallthrough]];
    case Phase::version:
        for (; at < target_end_ + 1 + version_size; ++at) {
            if (at == size) return pause(at, Phase::version);
            check_length();
            check_version_byte(data[at], at);
        }
        if (at == size) return pause(at, Phase::version);
        check_length();
        check_version_byte(data[at], at);
        if (data[target_end_ + 6] != '1') refuse(Rule::unsupported_version, target_end_ + 6);
        ++at;
        [[fallthrough]];
    case Phase::line_lf:
        if (at == size) return pause(at, Phase::line_lf);
        if (data[at] != '\n') refuse(Rule::bare_cr, at - 1);
        position_ = at + 1;
    }
    return true;
}

void RequestLineScanner::check_version_byte(char c, std::size_t position) const {
    const std::size_t index = position - (target_end_ + 1);
    if (index < version_size ? is_version_byte(c, index) : c == '\r') return;
    if (c == '\n') refuse(Rule::bare_lf, position);
    if (c == ' ' && (index == 0 || index == version_size)) refuse(Rule::extra_whitespace_in_start_line, position);
    refuse(c == '\r' && index == 0 ? Rule::missing_version : Rule::bad_version, position);
}

void RequestLineScanner::refuse_in_method(char c, std::size_t position) const {
    if (c == '\n') refuse(Rule::bare_lf, position);
    // A space behind a method is none that is refused.
    refuse(c == ' ' ? Rule::extra_whitespace_in_start_line : Rule::bad_method, position);
}

void RequestLineScanner::refuse_in_target(char c, std::size_t position) const {
    switch (c) {
    case '\n':
        refuse(Rule::bare_lf, position);
    case '\r':
        refuse(Rule::missing_version, position);
    case '#':
        refuse(Rule::fragment_in_target, position);
    case ' ':
        refuse(Rule::extra_whitespace_in_start_line, position);
    default:
        refuse(Rule::bad_target_character, position);
    }
}

void RequestLineScanner::finish(std::span<const char> data, RequestHead& head) const {
    const std::string_view method{data.data() + line_start_, method_end_ - line_start_};
    const std::string_view target{data.data() + method_end_ + 1, target_end_ - method_end_ - 1};
    // Origin form without a percent sign and the like was checked by the scan already.
    const bool is_plain = target.front() == '/' && (target_classes_ & careful_char) == 0 && method.front() != 'C';
    if (!is_plain) check_target(method, target, method_end_ + 1);
    copy_into(head.method, method);
    copy_into(head.target, target);
    head.version = version_from(data.data() + target_end_ + 1);
}

auto RequestLineScanner::pause(std::size_t position, Phase phase) noexcept -> bool {
    position_ = position;
    phase_ = phase;
    return false;
}

// "HTTP/1.1 200", then either the line end or a space and the reason. The standard wants that space even before an
// empty reason; a server that forgets it frames nothing differently, so this is taken.
constexpr std::size_t status_start = version_size + 1;
constexpr std::size_t fixed_size = status_start + 3;

namespace {

// As nearly every response begins.
auto is_usual_status(const char* data) noexcept -> bool {
    constexpr std::string_view usual = "HTTP/1.1 ";
    return std::memcmp(data, usual.data(), usual.size()) == 0 && data[status_start] != '0' &&
           is_digit(data[status_start]) && is_digit(data[status_start + 1]) && is_digit(data[status_start + 2]);
}

}  // namespace

auto StatusLineScanner::scan(std::span<const char> input, std::size_t limit) -> bool {
    const char* const data = input.data();
    const std::size_t size = input.size();
    const std::size_t stop = nearer(size, 0, limit);
    std::size_t at = position_;
    const auto pause = [&](Phase phase) {
        position_ = at;
        phase_ = phase;
        return false;
    };
    const auto check_length = [&] {
        if (at == stop && data[at] != '\r') refuse(Rule::status_line_too_long, at);
    };

    switch (phase_) {
    case Phase::fixed_part:
        if (at == 0 && stop > fixed_size && is_usual_status(data)) at = fixed_size;
        for (; at <= fixed_size; ++at) {
            if (at == size) return pause(Phase::fixed_part);
            check_length();
            check_fixed_byte(data[at], at);
            if (data[at] == '\r') break;
        }
        [[fallthrough]];
    case Phase::reason:
        at = static_cast<std::size_t>(find_value_end(data + at, data + stop) - data);
        if (at == size) return pause(Phase::reason);
        check_length();
        if (data[at] != '\r') refuse(data[at] == '\n' ? Rule::bare_lf : Rule::control_in_reason, at);
        line_end_ = at;
        ++at;
        [[fallthrough]];
    case Phase::line_lf:
        if (at == size) return pause(Phase::line_lf);
        if (data[at] != '\n') refuse(Rule::bare_cr, at - 1);
        position_ = at + 1;
    }
    return true;
}

void StatusLineScanner::check_fixed_byte(char c, std::size_t position) const {
    if (c == '\n') refuse(Rule::bare_lf, position);
    if (position == 5 && is_digit(c) && c != '1') refuse(Rule::unsupported_version, position);
    if (position < version_size) {
        if (!is_version_byte(c, position)) refuse(position < 5 ? Rule::bad_status_line : Rule::bad_version, position);
    } else if (position == version_size) {
        if (c != ' ') refuse(Rule::bad_status_line, position);
    } else if (position < fixed_size) {
        if (c == ' ' && position == status_start) refuse(Rule::extra_whitespace_in_start_line, position);
        if (!is_digit(c) || (position == status_start && c == '0')) refuse(Rule::bad_status_code, position);
    } else if (c != ' ' && c != '\r') {
        refuse(is_digit(c) ? Rule::bad_status_code : Rule::bad_status_line, position);
    }
}

void StatusLineScanner::finish(std::span<const char> data, ResponseHead& head) const {
    const char* const text = data.data();
    head.version = version_from(text);
    head.status = (text[status_start] - '0') * 100 + (text[status_start + 1] - '0') * 10 +
                  (text[status_start + 2] - '0');
    const auto reason_start = std::min(fixed_size + 1, line_end_);
    copy_into(head.reason, {text + reason_start, line_end_ - reason_start});
}

}  // namespace gyre::http::internal
