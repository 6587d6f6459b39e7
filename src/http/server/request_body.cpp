#include "request_body.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <system_error>
#include <utility>

namespace gyre::http::internal {

Refusal::Refusal(const ProtocolError& error) : status(error.status()) {
    text.append(rule_name(error.rule())).append(": ").append(rule_text(error.rule()));
    text.append(" (").append(rule_source(error.rule())).append(")");
}

void RequestBody::begin() {
    refusal_.reset();
    pending_ = 0;
    delivered_ = 0;
    began_at_ = stream_.received() - stream_.buffered().size();
    waited_ = {};
    owes_continue_ = waits_for_continue_ = parser_.expects_continue();
    is_complete_ = parser_.next({}).kind == EventKind::complete;
}

void RequestBody::release() noexcept { stream_.consume(std::exchange(pending_, 0)); }

auto RequestBody::read() -> Task<std::span<const char>> {
    release();
    while (!is_complete_) {
        Event event;
        try {
            event = parser_.next(stream_.buffered());
        } catch (const ProtocolError& error) {
            refusal_.emplace(error);
            throw;
        }
        if (event.kind == EventKind::body && !event.body.empty()) {
            pending_ = event.consumed;
            stream_.lend();
            delivered_ += event.body.size();
            waits_for_continue_ = false;
            co_return event.body;
        }
        stream_.consume(event.consumed);
        if (event.kind == EventKind::complete) is_complete_ = true;
        if (event.kind == EventKind::need_more) co_await fill();
    }
    co_return std::span<const char>();
}

auto RequestBody::fill() -> Task<void> {
    if (std::exchange(owes_continue_, false)) {
        co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
        waits_for_continue_ = false;
    }
    const auto before = this_loop().now();
    auto now = before;
    const auto deadline = before + patience();
    auto result = GuardedStream::Fill::slow;
    while (result == GuardedStream::Fill::slow) {
        result = co_await stream_.fill(now, deadline);
        now = stream_.filled_at();
    }
    waited_ += now - before;
    if (result == GuardedStream::Fill::late) {
        refusal_.emplace(408, "the body comes too slowly");
        throw IoError(
            std::make_error_code(std::errc::timed_out), "read", "the body of a request", "it comes too slowly");
    }
    if (result == GuardedStream::Fill::end) {
        try {
            parser_.finish();
        } catch (const ProtocolError& error) {
            refusal_.emplace(error);
            throw;
        }
    }
}

auto RequestBody::patience() const noexcept -> Duration {
    const Pace pace{options_.body_idle_timeout, options_.body_min_rate, options_.body_rate_grace};
    return pace.patience(stream_.received() - began_at_, waited_);
}

auto RequestBody::can_be_drained() const noexcept -> bool {
    if (is_complete_) return true;
    if (refusal_ || waits_for_continue_) return false;
    return parser_.framing() != BodyFraming::content_length ||
           parser_.content_length() - delivered_ <= options_.drain_bytes;
}

auto RequestBody::drain() -> Task<bool> {
    if (!can_be_drained()) co_return false;
    std::optional<bool> dropped;
    try {
        dropped = co_await move_on_after(options_.linger_timeout, drop_rest());
    } catch (const std::exception&) {
        dropped = false;  // a broken rest: the connection ends, and the response has been sent
    }
    co_return dropped.value_or(false);
}

auto RequestBody::drop_rest() -> Task<bool> {
    auto left = options_.drain_bytes;
    while (true) {
        const auto piece = co_await read();
        if (piece.empty()) co_return true;
        if (piece.size() > left) co_return false;
        left -= piece.size();
    }
}

}  // namespace gyre::http::internal
