#include "guarded_stream.hpp"

#include "net/reset_on_close.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr Duration flush_pause = std::chrono::milliseconds(10);

}  // namespace

void GuardedStream::check(const char* operation) const {
    if (is_broken()) throw IoError(std::make_error_code(std::errc::not_connected), operation, "the client");
}

/// The task that looks for the end of the stream.
class GuardedStream::Watch {
public:
    explicit Watch(GuardedStream& stream) noexcept : stream_(stream) { stream.watch_ = this; }
    Watch(const Watch&) = delete;
    auto operator=(const Watch&) -> Watch& = delete;
    ~Watch() {
        stream_.watch_ = nullptr;
        step_aside();
    }

    void step_aside() {
        filling = nullptr;
        if (stream_.watch_left_ != nullptr) stream_.watch_left_->set();
    }

    CancelScope* filling = nullptr;  ///< While it reads ahead.
    gyre::Event changed{"the reader of a request"};

private:
    GuardedStream& stream_;
};

/// Marks a task in `fill`.
class GuardedStream::Reading {
public:
    explicit Reading(GuardedStream& stream) noexcept : stream_(stream) { stream.is_reading_ = true; }
    Reading(const Reading&) = delete;
    auto operator=(const Reading&) -> Reading& = delete;
    ~Reading() {
        stream_.is_reading_ = false;
        if (stream_.watch_ != nullptr) stream_.look_again();
    }

private:
    GuardedStream& stream_;
};

void GuardedStream::look_again() { watch_->changed.set(); }

auto GuardedStream::wait_for_end(std::size_t limit) -> Task<void> {
    Watch watch(*this);
    while (!is_broken_) {
        if (is_reading_ || is_lent_ || stream_.buffered().size() >= limit) {
            watch.changed.clear();
            co_await watch.changed.wait();
            continue;
        }
        CancelScope scope;
        watch.filling = &scope;
        std::optional<std::size_t> count;
        try {
            count = co_await scope.run(stream_.fill_late(piece_bytes));
        } catch (const IoError&) {
            is_broken_ = true;
        }
        watch.step_aside();
        received_ += count.value_or(0);
        if (count == std::size_t{0}) co_return;
    }
}

auto GuardedStream::interrupt_watch() -> Task<void> {
    gyre::Event left("the watch over a connection, which steps aside");
    /// Takes the event back, also when this is cancelled.
    class Waiting {
    public:
        Waiting(gyre::Event*& place, gyre::Event& event) noexcept : place_(place) { place_ = &event; }
        Waiting(const Waiting&) = delete;
        auto operator=(const Waiting&) -> Waiting& = delete;
        ~Waiting() { place_ = nullptr; }

    private:
        gyre::Event*& place_;
    };
    const Waiting waiting(watch_left_, left);
    watch_->filling->cancel("the request is read");
    co_await left.wait();
}

auto GuardedStream::fill(Time now, Time deadline, CancelScope* scope) -> Task<Fill> {
    if (is_broken_) check("read");
    const Reading reading(*this);
    flush_now();
    if (is_broken_) check("read");  // the kernel tells of it once
    if (watch_ != nullptr && watch_->filling != nullptr) {
        const auto before = received_;
        co_await interrupt_watch();
        if (is_broken_) check("read");
        now = filled_at_ = this_loop().now();
        if (received_ != before) co_return Fill::bytes;
    }
    const bool was_quick = is_quick_;
    const auto slow_at = now + slow_after;
    const auto until = was_quick ? std::min(deadline, slow_at) : deadline;
    std::optional<std::size_t> count;
    const ScopeOptions options{.scope = scope};
    try {
        auto filling = was_quick ? stream_.fill(piece_bytes) : stream_.fill_late(piece_bytes);
        count = co_await move_on_at(until, options, std::move(filling));
    } catch (const IoError&) {
        is_broken_ = true;
        throw;
    }
    filled_at_ = this_loop().now();
    is_quick_ = filled_at_ < slow_at;
    if (!count) co_return was_quick && !is_quick_ && until < deadline ? Fill::slow : Fill::late;
    received_ += *count;
    co_return *count == 0 ? Fill::end : Fill::bytes;
}

GuardedStream::~GuardedStream() {
    if (flush_) flush_->cancel();
    if (flush_again_) flush_again_->cancel();
}

void GuardedStream::hold(std::string_view data) {
    check("write");
    held_.append(data);
    // One of them at a time: what is overwritten would be called all the same.
    if (flush_ || flush_again_) return;
    flush_.emplace(this_loop().call_soon([this] {
        flush_.reset();
        flush_what_goes();
    }));
}

void GuardedStream::flush_what_goes() {
    flush_now();
    if (!holds() || is_broken()) return;
    // The peer does not take it, and whoever serves it is busy with the next request.
    flush_again_.emplace(this_loop().call_later(flush_pause, [this] {
        flush_again_.reset();
        flush_what_goes();
    }));
}

void GuardedStream::flush_now() noexcept {
    if (!holds() || is_broken()) return;
    try {
        static_cast<void>(write_now({}));
    } catch (...) {
        is_broken_ = true;  // whoever comes next is told
    }
}

auto GuardedStream::write_now(std::string_view data) -> std::string_view {
    check("write");
    if (holds()) held_.append(data);
    is_writing_ = true;
    auto count = stream_.write_now(holds() ? held_ : data);
    is_writing_ = false;
    written_ += count;
    goes_now_ = goes_now_ || count > 0;
    if (!holds()) return data.substr(count);
    // What the caller still has does not stay here.
    const auto from_held = std::min(count, held_.size() - data.size());
    held_.resize(held_.size() - data.size());
    held_.erase(0, from_held);
    return data.substr(count - from_held);
}

auto GuardedStream::write(std::string_view data) -> Task<void> {
    check("write");
    is_writing_ = true;
    auto& loop = this_loop();
    const auto held = std::exchange(held_, {});
    std::string_view first = held;
    while (!first.empty() || !data.empty()) {
        auto& left = first.empty() ? data : first;
        auto piece = left.substr(0, piece_bytes);
        left.remove_prefix(piece.size());
        written_ += piece.size();
        piece.remove_prefix(stream_.write_now(piece));
        if (piece.empty()) continue;
        const auto before = loop.now();
        CancelScope scope;
        const ArrivalWatch watch(scope, stream_.transport(), write_pace_.patience(written_, waited_), judge());
        auto writing = stream_.write(piece);
        const bool taken = co_await scope.run(std::move(writing));
        waited_ += loop.now() - before;
        if (!taken) give_up_slow_client();
    }
    is_writing_ = false;
}

/// A write that has had its time goes on while what arrives at the peer keeps the pace.
auto GuardedStream::judge() const -> ArrivalWatch::Judge {
    return [this](std::uint64_t bytes, Duration time) {
        return write_pace_.is_kept_by(bytes, time) ? write_pace_.longest_wait : Duration::zero();
    };
}

auto GuardedStream::send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t> {
    check("write");
    if (holds()) co_await flush();
    is_writing_ = true;
    auto& loop = this_loop();
    const auto before = loop.now();
    const auto patience = write_pace_.patience(written_ + piece_bytes, waited_);
    CancelScope scope;
    const ArrivalWatch watch(scope, stream_.transport(), patience, judge());
    auto sending = stream_.send_file(file, offset, size);
    const auto sent = co_await scope.run(std::move(sending));
    waited_ += loop.now() - before;
    if (!sent) give_up_slow_client();
    written_ += *sent;
    is_writing_ = false;
    co_return *sent;
}

void GuardedStream::give_up_slow_client() {
    is_broken_ = true;
    throw IoError(std::make_error_code(std::errc::timed_out), "write", stream_.peer_address().text(),
        "the client does not take it");
}

auto GuardedStream::discard(std::size_t limit_bytes) -> Task<bool> {
    std::size_t dropped = 0;
    if (holds()) co_await flush();
    co_await stream_.shutdown_write();
    while (true) {
        dropped += stream_.buffered().size();
        stream_.consume(stream_.buffered().size());
        if (dropped > limit_bytes) co_return false;
        const auto count = co_await stream_.fill(piece_bytes);
        if (count == 0) co_return true;
    }
}

auto GuardedStream::linger(Duration limit, std::size_t limit_bytes) -> Task<void> {
    if (is_broken()) co_return abort();
    std::optional<bool> ended;
    try {
        ended = co_await move_on_after(limit, discard(limit_bytes));
    } catch (const IoError&) {
        ended = false;
    }
    if (!ended.value_or(false)) co_return abort();
    co_await close();
}

auto GuardedStream::close() -> Task<void> {
    try {
        if (holds()) co_await flush();
        const bool closed = co_await move_on_after(write_pace_.longest_wait, stream_.close());
        if (!closed) stream_.abort();
    } catch (const IoError&) {
        stream_.abort();
    }
    is_broken_ = true;
}

void GuardedStream::abort() noexcept {
    flush_now();
    stream_.abort();
    is_broken_ = true;
}

void GuardedStream::set_reset_on_close(bool is_reset) noexcept {
    if (!is_broken()) net::set_reset_on_close(stream_.transport(), is_reset);
}

auto GuardedStream::release() noexcept -> net::Stream {
    is_broken_ = true;
    return std::move(stream_);
}

}  // namespace gyre::http::internal
