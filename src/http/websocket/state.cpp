#include "state.hpp"

#include "http/write_watch.hpp"
#include "net/busy.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_handle.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace gyre::http::internal {
namespace {

constexpr std::size_t least_read = 4096;  // an idle connection keeps so much
constexpr std::size_t largest_read = 64 * 1024;
constexpr std::size_t most_drained = 1024 * 1024;  // of what comes after the end
constexpr std::uint64_t burst = 64;                // messages that are taken without a turn for others
constexpr auto last_look = std::chrono::milliseconds(50);

auto limits_of(const WebSocketOptions& options) noexcept -> WebSocketLimits {
    return {.message_bytes = options.message_bytes, .fragments = options.fragments};
}

}  // namespace

class WebSocketState::Undertaking {
public:
    Undertaking(WebSocketState& socket, const char* what) noexcept : socket_(&socket), what_(what) {}
    Undertaking(const Undertaking&) = delete;
    auto operator=(const Undertaking&) -> Undertaking& = delete;
    ~Undertaking() {
        if (!completed_) socket_->lose(what_);
    }
    void complete() noexcept { completed_ = true; }

private:
    WebSocketState* socket_;
    const char* what_;
    bool completed_ = false;
};

/// Something under way on the stream, which `finish` ends; the stream is let go of after it.
class WebSocketState::Pending {
public:
    Pending(WebSocketState& socket, CancelScope*& place, Time deadline) : socket_(socket), place_(place) {
        scope.set_deadline(deadline);
        place = &scope;
    }
    Pending(const Pending&) = delete;
    auto operator=(const Pending&) -> Pending& = delete;
    ~Pending() {
        place_ = nullptr;
        if (socket_.is_over_) socket_.release_stream();
    }

    CancelScope scope;

private:
    WebSocketState& socket_;
    CancelScope*& place_;
};

WebSocketState::WebSocketState(
    net::Stream stream, WebSocketRole role, WebSocketParameters parameters, const WebSocketOptions& options)
    : stream_(std::move(stream)),
      peer_(stream_.peer_address()),
      reader_(role, limits_of(options), parameters.deflate),
      out_(role, parameters.deflate, options.compression),
      parameters_(std::move(parameters)),
      options_(options),
      role_(role) {}

auto WebSocketState::statistics() const noexcept -> WebSocketStatistics {
    return {received_, sent_, dropped_, out_.bytes()};
}

// --- the end ---------------------------------------------------------------------------------------------------------

/// The connection is over, in whatever order: nobody waits for it any more.
void WebSocketState::finish() noexcept {
    is_over_ = true;
    progress_.set();
    finished_.set();
    if (reading_ != nullptr) reading_->cancel();
    if (writing_ != nullptr) writing_->cancel();
    release_stream();
}

/// A stream is aborted only when nothing is pending on it.
void WebSocketState::release_stream() noexcept {
    if (reading_ == nullptr && writing_ == nullptr) stream_.abort();
}

/// Reads more. @return empty when `deadline` has passed, or the connection is over; 0 at the end of the stream.
auto WebSocketState::fill(std::size_t size, Time deadline) -> Task<std::optional<std::size_t>> {
    Pending pending(*this, reading_, deadline);
    const auto count = co_await pending.scope.run(stream_.fill(size));
    co_return count;
}

/// @return false when the peer does not take them, or the connection is over.
auto WebSocketState::write(std::string_view bytes) -> Task<bool> {
    Pending pending(*this, writing_, Time::max());
    const Duration patience = options_.send_timeout;
    const ArrivalWatch watch(pending.scope, stream_.transport(), patience,
        [patience](std::uint64_t arrived, Duration) { return arrived > 0 ? patience : Duration::zero(); });
    const bool done = co_await pending.scope.run(stream_.write(bytes));
    co_return done;
}

auto WebSocketState::shutdown_stream() -> Task<void> {
    Pending pending(*this, writing_, Time::max());
    co_await pending.scope.run(stream_.shutdown_write());
}

auto WebSocketState::close_stream() -> Task<void> {
    Pending pending(*this, writing_, Time::max());
    co_await pending.scope.run(stream_.close());
}

/// The connection ended without a closing handshake.
void WebSocketState::lose(std::string_view why) noexcept {
    if (is_over_) return;
    // What was refused, or is being closed, is not also lost.
    if (!failure_ && !sent_close_ && !received_close_) failure_ = lost_error(why);
    finish();
}

auto WebSocketState::lost_error(std::string_view why) const noexcept -> std::exception_ptr {
    try {
        std::string text = "WebSocket " + peer_.text();
        text.append(": the connection was lost: ").append(why);
        return std::make_exception_ptr(WebSocketClosedError(text, close_code::lost));
    } catch (...) {
        return std::current_exception();
    }
}

/// A write has failed. The peer may have said much before that, and why it goes: it is read until its end, unless that does not come.
void WebSocketState::stop_writing(std::string why) noexcept {
    if (is_over_ || is_cut_) return;
    is_cut_ = true;
    cut_reason_ = std::move(why);
    be_patient(patience_without_writing());
    if (reading_ != nullptr) reading_->set_deadline(quiet_until_);
}

// --- receiving -------------------------------------------------------------------------------------------------------

auto WebSocketState::receive() -> Task<std::optional<WebSocketMessage>> {
    const gyre::internal::Busy busy(is_receiving_, "receive: another task is receiving from this WebSocket");
    if (received_ % burst == burst - 1) co_await yield_now();
    std::optional<WebSocketError> refusal;
    while (!is_over_ && !refusal) {
        auto found = WebSocketEventKind::need_more;
        try {
            found = next_event();
        } catch (const WebSocketError& error) {
            refusal = error;
            continue;
        }
        if (found == WebSocketEventKind::message && !sent_close_) {
            ++received_;
            co_return WebSocketMessage(reader_.take_message(), reader_.is_text());
        }
        if (found == WebSocketEventKind::close) co_await answer_close();
        if (found == WebSocketEventKind::need_more) co_await read_more();
        if (found == WebSocketEventKind::unpacking) co_await yield_now();
    }
    if (refusal) co_await refuse(*refusal);
    if (failure_) std::rethrow_exception(failure_);
    co_return std::nullopt;
}

/// One step of the reader; pings are answered, and pongs noted.
auto WebSocketState::next_event() -> WebSocketEventKind {
    WebSocketEvent event;
    try {
        event = reader_.next(stream_.buffered());
    } catch (const WebSocketError&) {
        throw;
    } catch (...) {
        lose("what came could not be read");  // half of it may have been, and cannot be twice
        throw;
    }
    stream_.consume(event.consumed);
    if (event.kind == WebSocketEventKind::ping) answer_ping();
    if (event.kind == WebSocketEventKind::close) note_close();
    return event.kind;
}

void WebSocketState::answer_ping() {
    if (sent_close_ || is_cut_) return;
    out_.pong(reader_.payload());
    start_writer();
}

void WebSocketState::note_close() {
    received_close_ = true;
    code_ = reader_.close_code();
    reason_ = reader_.close_reason();
    progress_.set();
}

/// @return false if the connection has ended, which is noted.
auto WebSocketState::read_more() -> Task<bool> {
    std::size_t count = 0;
    std::string why = "it ended without a close frame";
    try {
        count = co_await read_or_ping();
    } catch (...) {
        why = describe(std::current_exception());
    }
    if (count == 0) lose(is_cut_ ? cut_reason_ : why);
    co_return count > 0;
}

/// Something is to come within that time.
void WebSocketState::be_patient(Duration patience) noexcept {
    const Time now = this_loop().now();
    quiet_until_ = now + std::min<Duration>(patience, Time::max() - now);
    has_looked_ = false;
}

/// A peer that is gone is never asked.
auto WebSocketState::patience_without_writing() const noexcept -> Duration {
    return std::max<Duration>(options_.close_timeout, last_look);
}

void WebSocketState::note_heard() noexcept {
    is_asked_ = false;
    if (is_cut_) return be_patient(patience_without_writing());
    be_patient(options_.ping_interval > Duration::zero() ? Duration(options_.ping_interval) : Duration::max());
}

/// Whether the peer may still be taking what was sent before the ping: it takes something.
auto WebSocketState::is_busy_taking() -> bool {
    const auto before = std::exchange(arrived_, stream_.transport().arrived());
    return is_behind_ && before && arrived_ && *arrived_ > *before;
}

auto WebSocketState::read_or_ping() -> Task<std::size_t> {
    const auto size = static_cast<std::size_t>(std::clamp<std::uint64_t>(reader_.expected(), least_read, largest_read));
    if (quiet_until_ == Time::min()) note_heard();
    // Nobody may have been receiving for a while: what has come meanwhile was not read yet.
    if (quiet_until_ <= this_loop().now() && !std::exchange(has_looked_, true)) {
        quiet_until_ = this_loop().now() + last_look;
    }
    while (true) {
        const auto count = co_await fill(size, quiet_until_);
        if (count) note_heard();
        if (count || is_over_ || is_cut_) co_return count.value_or(0);
        if (is_asked_) {
            if (!is_busy_taking()) throw TimeoutError("the peer does not answer a ping");
            be_patient(options_.pong_timeout);
            continue;
        }
        if (sent_close_) {
            note_heard();
            continue;
        }
        out_.ping({});
        is_asked_ = true;
        is_behind_ = is_writing_ || stream_.transport().is_underway();
        arrived_ = stream_.transport().arrived();
        be_patient(options_.pong_timeout);
        start_writer();
    }
}

// --- sending ---------------------------------------------------------------------------------------------------------

void WebSocketState::check_open() const {
    if (is_open()) return;
    if (is_over_ && failure_) std::rethrow_exception(failure_);
    if (is_cut_ && !sent_close_ && !received_close_) std::rethrow_exception(lost_error(cut_reason_));
    const std::uint16_t code = received_close_ || is_over_ ? code_ : close_code::none;
    throw WebSocketClosedError(received_close_ ? "WebSocket: the peer has closed it (" + std::to_string(code_) + ")"
                                               : "WebSocket: it was closed",
        code);
}

/// Waits until so many bytes more fit into the queue.
auto WebSocketState::room_for(std::size_t bytes) -> Task<void> {
    check_open();
    while (out_.bytes() > 0 && out_.bytes() + bytes > options_.send_queue_bytes) {
        progress_.clear();
        co_await progress_.wait();
        check_open();
    }
}

auto WebSocketState::send(std::string data, bool is_text) -> Task<void> {
    if (is_text && !is_utf8(data)) throw std::invalid_argument("WebSocket send: the text is not UTF-8");
    const auto turn = co_await turn_.acquire();
    check_open();
    const bool fits = out_.bytes() == 0 || out_.bytes() + data.size() <= options_.send_queue_bytes;
    if (!fits && options_.overflow == WebSocketOverflow::drop) {
        ++dropped_;
        co_return;
    }
    if (!fits && options_.overflow == WebSocketOverflow::close) {
        lose("the peer reads too slowly: the send queue is full");
        check_open();
    }
    if (!fits) co_await room_for(data.size());
    out_.fragment(data, {.is_text = is_text, .compress = data.size() >= options_.compress_from_bytes});
    ++sent_;
    start_writer();
}

auto WebSocketState::start_pieces(bool is_text) -> Task<WebSocketPieces> {
    auto turn = co_await turn_.acquire();
    check_open();
    WebSocketPieces pieces(shared_from_this(), std::move(turn), is_text);
    co_return pieces;
}

auto WebSocketState::send_piece(std::string piece, WebSocketWriter::Fragment form) -> Task<void> {
    co_await room_for(piece.size());
    if (form.is_text && !out_.check_text(piece, !out_.in_message(), form.is_last)) {
        throw std::invalid_argument("WebSocket send: the text is not UTF-8");
    }
    out_.fragment(piece, form);
    if (form.is_last) ++sent_;
    start_writer();
}

auto WebSocketState::ping(std::string payload) -> Task<void> {
    co_await room_for(payload.size());
    out_.ping(payload);
    start_writer();
}

void WebSocketState::start_writer() {
    if (is_writing_ || is_cut_) return;
    is_writing_ = true;
    try {
        spawn(run_writer(shared_from_this()), {.name = "WebSocket writer"});
    } catch (...) {
        is_writing_ = false;
        throw;
    }
}

auto WebSocketState::run_writer(std::shared_ptr<WebSocketState> self) -> Task<void> {
    Undertaking writing(*self, "its writer was cancelled");
    std::string why;
    bool is_over = false;  // though the peer goes on
    try {
        co_await self->write_queue();
    } catch (const TimeoutError& error) {
        is_over = true;  // it was given its time already
        why = error.what();
    } catch (const std::bad_alloc&) {
        is_over = true;  // the connection is well, so what is waited for after a failed write would not come
        why = "no memory";
    } catch (...) {
        why = describe(std::current_exception());
    }
    self->is_writing_ = false;
    writing.complete();
    if (is_over) self->lose(why);
    if (!why.empty()) self->stop_writing(std::move(why));
    self->progress_.set();
}

auto WebSocketState::write_queue() -> Task<void> {
    while (!out_.is_empty() && !is_over_) {
        auto batch = out_.take_batch();
        while (!batch.empty()) {
            const auto piece = batch.substr(0, largest_read);
            const bool taken = co_await write(piece);
            if (is_over_) co_return;
            if (!taken) throw TimeoutError("the peer does not take what is sent");
            batch.remove_prefix(piece.size());
            out_.written(piece.size());
            progress_.set();
        }
    }
}

// --- closing ---------------------------------------------------------------------------------------------------------

/// Waits until the queue is written.
auto WebSocketState::flush() -> Task<void> {
    while (out_.bytes() > 0 && !is_over_ && !is_cut_) {
        progress_.clear();
        co_await progress_.wait();
    }
}

/// Reads until the peer ends the connection; what comes is dropped.
auto WebSocketState::drain() -> Task<void> {
    std::size_t dropped = 0;
    std::optional<std::size_t> count = 1;
    while (count.value_or(0) > 0 && dropped <= most_drained) {
        dropped += stream_.buffered().size();
        stream_.consume(stream_.buffered().size());
        count = co_await fill(least_read, Time::max());  // a crowd that is refused must not hold large buffers
    }
}

/// Both close frames are there, ours in the queue: ends the connection, the server first.
auto WebSocketState::say_goodbye() -> Task<void> {
    try {
        co_await flush();
        if (is_over_) co_return;
        if (role_ == WebSocketRole::client) co_await drain();
        if (!is_over_) co_await close_stream();
    } catch (const IoError&) {
        co_return;  // it ends either way
    }
}

/// The peer's close frame is there.
auto WebSocketState::answer_close() -> Task<void> {
    Undertaking closing(*this, "closing it was cancelled");
    if (!sent_close_) {
        sent_close_ = true;
        out_.close(code_, {});
        start_writer();
    }
    co_await move_on_after(options_.close_timeout, say_goodbye());
    closing.complete();
    if (!is_over_) finish();
}

/// The peer broke a rule: it is told, as far as it listens.
auto WebSocketState::refuse(WebSocketError error) -> Task<void> {
    Undertaking closing(*this, "closing it was cancelled");
    code_ = error.code();
    reason_ = rule_text(error.rule());
    failure_ = std::make_exception_ptr(error);
    if (!sent_close_) {
        sent_close_ = true;
        out_.close(code_, reason_);
        start_writer();
    }
    co_await move_on_after(options_.close_timeout, linger());
    closing.complete();
    if (!is_over_) finish();
}

/// Closing with unread bytes would reset the connection, and the peer might never see why.
auto WebSocketState::linger() -> Task<void> {
    try {
        co_await flush();
        if (is_over_) co_return;
        co_await shutdown_stream();
        if (!is_over_) co_await drain();
        if (!is_over_) co_await close_stream();
    } catch (const IoError&) {
        co_return;  // it ends either way
    }
}

auto WebSocketState::close(std::uint16_t code, std::string reason) -> Task<void> {
    if (is_over_) co_return;
    if (!sent_close_ && !is_cut_) {
        out_.close(code, reason);
        sent_close_ = true;
        start_writer();
        progress_.set();  // who waits to send has to know
    }
    Undertaking closing(*this, "closing it was cancelled");
    co_await move_on_after(options_.close_timeout, await_close());
    closing.complete();
    if (is_over_) co_return;
    // The peer was too slow; but this side did close it, and a receiver need not be told more.
    finish();
}

auto WebSocketState::await_close() -> Task<void> {
    if (is_receiving_) {
        co_await finished_.wait();
        co_return;
    }
    co_await await_close_frame();
}

/// Nobody receives: reads until the close frame, and ends the connection.
auto WebSocketState::await_close_frame() -> Task<void> {
    const gyre::internal::Busy busy(is_receiving_, "close: another task is receiving from this WebSocket");
    bool refused = false;
    while (!is_over_ && !refused && !received_close_) {
        auto found = WebSocketEventKind::message;
        try {
            found = next_event();
        } catch (const WebSocketError&) {
            refused = true;
        }
        if (found == WebSocketEventKind::need_more) co_await read_more();
        if (found == WebSocketEventKind::unpacking) co_await yield_now();
    }
    if (received_close_ && !is_over_) co_await say_goodbye();
}

}  // namespace gyre::http::internal
