#include <gyre/http/core/event_stream.hpp>

#include "grammar.hpp"

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gyre::http {
namespace {

using std::chrono::milliseconds;
using namespace std::string_view_literals;

constexpr auto byte_order_mark = "\xef\xbb\xbf"sv;
constexpr milliseconds longest_wait = std::chrono::hours(24);

// Calls `visit(line)` for each line; all three ends count.
template<typename Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (true) {
        const auto end = text.find_first_of("\r\n");
        visit(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
}

void check_line(std::string_view text, std::string_view bad, std::string_view what) {
    if (text.find_first_of(bad) == std::string_view::npos) return;
    throw std::invalid_argument("server-sent event: the " + std::string(what) + " has a line end or NUL");
}

}  // namespace

ServerEvent::ServerEvent(std::string event_type, std::string event_data, std::string event_id)
    : type(std::move(event_type)), data(std::move(event_data)), id(std::move(event_id)) {}

auto EventStreamParser::next(std::string_view& input) -> std::optional<ServerEvent> {
    while (!input.empty()) {
        if (std::exchange(skips_lf_, false) && input.front() == '\n') {
            input.remove_prefix(1);
            continue;
        }
        const auto end = input.find_first_of("\r\n");
        const auto piece = input.substr(0, end);
        if (piece.size() > limits_.line_bytes - line_.size())
            throw LimitError("event stream: a line is over its limit");
        line_ += piece;
        input.remove_prefix(piece.size());
        if (end == std::string_view::npos) break;
        skips_lf_ = input.front() == '\r';
        input.remove_prefix(1);
        if (auto event = take_line()) return event;
    }
    return std::nullopt;
}

auto EventStreamParser::take_line() -> std::optional<ServerEvent> {
    std::string_view line = line_;
    if (std::exchange(is_first_line_, false) && line.starts_with(byte_order_mark))
        line.remove_prefix(byte_order_mark.size());
    if (line.empty()) {
        line_.clear();
        return dispatch();
    }
    const auto colon = std::min(line.find(':'), line.size());
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
    line_.clear();
    return std::nullopt;
}

void EventStreamParser::take_field(std::string_view name, std::string_view value) {
    if (name == "data") {
        const std::size_t separator = has_data_ ? 1 : 0;
        if (value.size() + separator > limits_.event_bytes - data_.size()) {
            throw LimitError("event stream: the data of an event is over its limit");
        }
        if (has_data_) data_ += '\n';
        data_ += value;
        has_data_ = true;
    } else if (name == "event") {
        type_ = value;
    } else if (name == "id") {
        // The standard leaves out NUL only. What no field may hold could not be sent back as Last-Event-ID either.
        if (std::none_of(value.begin(), value.end(), internal::is_forbidden_control)) id_ = value;
    } else if (name == "retry" && !value.empty() && std::all_of(value.begin(), value.end(), internal::is_digit)) {
        milliseconds wait{0};
        for (char c : value) wait = std::min(wait * 10 + milliseconds(c - '0'), longest_wait);
        retry_ = wait;
    }
}

auto EventStreamParser::dispatch() -> std::optional<ServerEvent> {
    last_id_ = id_;
    auto type = std::exchange(type_, {});
    if (!std::exchange(has_data_, false)) return std::nullopt;
    return ServerEvent(type.empty() ? "message" : std::move(type), std::exchange(data_, {}), last_id_);
}

void EventStreamParser::restart() noexcept {
    line_.clear();
    type_.clear();
    data_.clear();
    has_data_ = false;
    is_first_line_ = true;
    skips_lf_ = false;
    id_ = last_id_;
}

auto format_event(const ServerEvent& event) -> std::string {
    check_line(event.type, "\r\n"sv, "type");
    check_line(event.id, "\r\n\0"sv, "id");
    std::string out;
    if (!event.type.empty() && event.type != "message") out.append("event: ").append(event.type).append("\n");
    if (!event.id.empty()) out.append("id: ").append(event.id).append("\n");
    for_each_line(event.data, [&](std::string_view line) { out.append("data: ").append(line).append("\n"); });
    return out += '\n';
}

auto format_event_comment(std::string_view text) -> std::string {
    std::string out;
    for_each_line(text, [&](std::string_view line) { out.append(": ").append(line).append("\n"); });
    return out += '\n';
}

auto format_event_retry(std::chrono::milliseconds wait) -> std::string {
    if (wait < milliseconds(0)) throw std::invalid_argument("server-sent event: the time to reconnect is below zero");
    return "retry: " + std::to_string(wait.count()) + "\n\n";
}

}  // namespace gyre::http
