#include "sending.hpp"

#include "http/write_watch.hpp"
#include "outgoing.hpp"
#include "pool.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::size_t write_size = 64 * 1024;   // what one wait is for
constexpr std::size_t small_piece = 16 * 1024;  // travels with its framing in one write

auto time_left(WriteLimit limit) -> Duration {
    if (limit.deadline == Time::max()) return limit.each;
    const Duration left = std::max<Duration>(limit.deadline - this_loop().now(), std::chrono::nanoseconds(1));
    return limit.each <= Duration::zero() ? left : std::min(limit.each, left);
}

/// Writes a piece as long as some of what was written arrives in each stretch of that length, at most until the deadline.
auto write_piece(net::Stream& stream, std::string_view piece, Duration patience, WriteLimit limit) -> Task<bool> {
    CancelScope scope;
    auto arrived = stream.transport().arrived();
    const WriteWatch watch(scope, patience, [&] {
        const auto before = std::exchange(arrived, stream.transport().arrived());
        const bool moves = before && arrived && *arrived > *before && this_loop().now() < limit.deadline;
        return moves ? time_left(limit) : Duration::zero();
    });
    auto writing = stream.write(piece);
    const bool sent = co_await scope.run(std::move(writing));
    co_return sent;
}

}  // namespace

auto write_within(net::Stream& stream, std::string_view bytes, WriteLimit limit) -> Task<void> {
    while (!bytes.empty()) {
        if (bytes.size() <= small_piece) bytes.remove_prefix(stream.write_now(bytes));  // most requests are gone then
        if (bytes.empty()) break;
        const Duration patience = time_left(limit);
        const auto piece = bytes.substr(0, write_size);
        bool sent = true;
        if (patience <= Duration::zero()) {
            co_await stream.write(piece);
        } else {
            sent = co_await write_piece(stream, piece, patience, limit);
        }
        if (!sent) throw TimeoutError("write timed out");
        bytes.remove_prefix(piece.size());
    }
}

auto write_at_speed(net::Stream& stream, std::string_view bytes, SpeedQuota& speed, WriteLimit limit) -> Task<bool> {
    auto& loop = this_loop();
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, speed.piece(bytes.size()));
        speed.note_arrived(stream.transport().arrived());
        CancelScope scope;
        Time before = loop.now();
        const WriteWatch watch(scope, speed.patience(), [&] {
            if (!speed.has_arrived(stream.transport().arrived())) return Duration::zero();
            before = loop.now();
            return speed.patience();
        });
        auto writing = write_within(stream, piece, limit);
        const bool is_sent = co_await scope.run(std::move(writing));
        speed.took(piece.size(), loop.now() - before);
        if (!is_sent || speed.patience() <= Duration::zero()) co_return false;
        bytes.remove_prefix(piece.size());
    }
    co_return true;
}

/// Tells of the end however it comes: a cancelled task is unwound without a word, and one that has not begun never will.
class Sending::AtEnd {
public:
    explicit AtEnd(std::shared_ptr<Sending> sending) noexcept : sending_(std::move(sending)) {}
    AtEnd(AtEnd&&) noexcept = default;
    auto operator=(AtEnd&&) -> AtEnd& = delete;
    ~AtEnd() {
        if (!sending_) return;
        try {
            sending_->ended_.set();
        } catch (...) {  // nobody can wait any more
        }
    }

    [[nodiscard]] auto operator->() const noexcept -> Sending* { return sending_.get(); }

private:
    std::shared_ptr<Sending> sending_;
};

Sending::Sending(Connection& connection, BodyEncoder encoder, WriteLimit limit, const Outgoing& request)
    : connection_(&connection),
      encoder_(encoder),
      limit_(limit),
      speed_(request.timeouts.low_speed_limit, request.timeouts.low_speed_time),
      tracer_(request.tracer),
      bytes_(request.body),
      upload_(request.upload),
      left_(upload_ ? request.length.value_or(0) : bytes_->size()) {
    if (!tracer_) return;
    traced_method_ = request.method;
    traced_url_ = request.url;
}

Sending::~Sending() = default;

void Sending::start(const std::shared_ptr<Sending>& sending) {
    sending->task_ = spawn(run(AtEnd(sending)), {.name = "the body of a request"});
}

auto Sending::run(AtEnd self) -> Task<void> {
    try {
        co_await self->send_body();
        self->failure_ = Failure::none;
        if (self->is_kept_) self->pool_->keep(std::move(self->abandoned_));
    } catch (...) {
        self->error_ = std::current_exception();
        if (self->failure_ == Failure::stopped) self->failure_ = Failure::body;
    }
}

auto Sending::send_body() -> Task<void> {
    BodyWriter writer(*this);
    if (upload_) {
        co_await upload_->produce(writer);
    } else {
        co_await writer.write(*bytes_);
    }
    check_whole();
    std::string end;
    encoder_.finish(end, writer.trailers());
    is_at_end_ = true;
    co_await send(end);
}

auto Sending::send(std::string_view bytes) -> Task<void> {
    try {
        co_await send_watched(bytes);
    } catch (const IoError&) {
        failure_ = Failure::connection;
        throw;
    } catch (const TimeoutError&) {
        if (failure_ != Failure::slow) failure_ = Failure::late;
        throw;
    }
}

auto Sending::send_watched(std::string_view bytes) -> Task<void> {
    if (!speed_.is_on()) {
        co_await write_within(connection_->stream, bytes, limit_);
        co_return;
    }
    const bool is_fast = co_await write_at_speed(connection_->stream, bytes, speed_, limit_);
    if (is_fast) co_return;
    failure_ = Failure::slow;
    throw TimeoutError("too slow");
}

void Sending::tell_of_piece(std::size_t bytes) const noexcept {
    if (tracer_) tracer_.tell(ClientStep::sent_piece, traced_method_, *traced_url_, {.bytes = bytes});
}

void Sending::check_whole() const {
    if (is_torn_) throw InvalidStateError("another task is writing it, or a write of it was cancelled, or failed");
}

auto Sending::write(std::string_view piece) -> Task<void> {
    check_whole();
    if (piece.empty()) co_return;
    std::string framing;
    const auto size = piece.size();
    encoder_.begin_piece(size, framing);
    is_torn_ = true;
    const bool is_last = encoder_.framing() == BodyFraming::content_length && (left_ -= piece.size()) == 0;
    if (is_last && piece.size() > write_size) {
        const auto front = piece.substr(0, piece.size() - write_size);
        co_await send(front);
        piece.remove_prefix(front.size());
    }
    is_at_end_ = is_at_end_ || is_last;
    if (piece.size() <= small_piece && !framing.empty()) {
        framing += piece;
        encoder_.end_piece(framing);
        co_await send(framing);
        is_torn_ = false;
        co_return tell_of_piece(size);
    }
    co_await send(framing);
    co_await send(piece);
    framing.clear();
    encoder_.end_piece(framing);
    co_await send(framing);
    is_torn_ = false;
    tell_of_piece(size);
}

void Sending::stop() { task_.cancel("the server has answered"); }

void Sending::keep_afterwards(std::unique_ptr<Connection> connection, std::shared_ptr<Pool> pool) noexcept {
    pool_ = std::move(pool);
    abandoned_ = std::move(connection);
    is_kept_ = true;
}

void Sending::abandon(std::unique_ptr<Connection> connection, std::shared_ptr<Pool> pool) noexcept {
    pool_ = std::move(pool);
    abandoned_ = std::move(connection);
    abandoned_->stream.abort();
    try {
        task_.cancel("the response was dropped");
    } catch (...) {  // its loop is over, and with it the task
    }
}

}  // namespace gyre::http::internal
