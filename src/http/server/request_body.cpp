#include "request_body.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <algorithm>
#include <chrono>
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
    received_ = stream_.buffered().size();
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
            delivered_ += event.body.size();
            waits_for_continue_ = false;
            co_return event.body;
        }
        stream_.consume(event.consumed);
        if (event.kind == EventKind::complete) {
            is_complete_ = true;
            if (completed_ != nullptr) completed_->set();
        }
        if (event.kind == EventKind::need_more) co_await fill();
    }
    co_return std::span<const char>();
}

auto RequestBody::wait_complete() -> Task<void> {
    if (is_complete_) co_return;
    /// Takes the event back, also when this is cancelled.
    class Waiting {
    public:
        explicit Waiting(gyre::Event*& place) noexcept : place_(place) {}
        Waiting(const Waiting&) = delete;
        auto operator=(const Waiting&) -> Waiting& = delete;
        ~Waiting() { place_ = nullptr; }

    private:
        gyre::Event*& place_;
    };
    gyre::Event completed("the end of a request's body");
    completed_ = &completed;
    const Waiting waiting(completed_);
    co_await completed.wait();
}

auto RequestBody::fill() -> Task<void> {
    if (std::exchange(owes_continue_, false)) {
        co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
        waits_for_continue_ = false;
    }
    auto& loop = this_loop();
    const auto before = loop.now();
    const auto result = co_await stream_.fill(before + patience());
    waited_ += loop.now() - before;
    received_ += stream_.buffered().size();  // nothing was left when this fill began
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
    if (options_.body_min_rate == 0) return options_.body_idle_timeout;
    // The bytes so far have earned that much time; the cap keeps it inside of what a Duration holds.
    const auto earned = std::chrono::milliseconds(
        std::min<std::uint64_t>(received_, std::uint64_t{1} << 32) * 1000 / options_.body_min_rate);
    const Duration grace = std::min<Duration>(options_.body_rate_grace, Duration::max() - earned);
    return std::min<Duration>(options_.body_idle_timeout, grace + earned - waited_);
}

auto RequestBody::can_be_drained() const noexcept -> bool {
    if (is_complete_) return true;
    if (refusal_ || waits_for_continue_) return false;
    return parser_.framing() != BodyFraming::content_length ||
           parser_.content_length() - delivered_ <= options_.drain_bytes;
}

auto RequestBody::drain() -> Task<bool> {
    if (is_complete_) {
        release();
        co_return true;
    }
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
