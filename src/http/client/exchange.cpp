#include "exchange.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/race.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/limits.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::size_t head_read_size = 16 * 1024;
constexpr std::size_t largest_body_read = 256 * 1024;
constexpr int switching_protocols = 101;
constexpr int partial_content = 206;
constexpr std::size_t small_body_size = 16 * 1024;  // travels with the head in one write

}  // namespace

Exchange::Exchange(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection, const Outgoing& request)
    : Answer(request),
      pool_(std::move(pool)),
      tracer_(request.tracer),
      connection_(std::move(connection)),
      timeouts_(request.timeouts),
      speed_(timeouts_.low_speed_limit, timeouts_.low_speed_time),
      deadline_(request.deadline),
      timeout_text_(deadline_ == Time::max() ? std::string() : request.timeout_text()),
      on_interim_(request.on_interim),
      offers_upgrade_(request.offers_upgrade()),
      decodes_(request.decodes),
      requires_delimited_(request.requires_delimited),
      may_be_kept_(!request.wants_close()) {
    peer_ = connection_->peer;
    peer_text_ = connection_->peer_text;
}

Exchange::~Exchange() {
    finish_with_what_is_there();
    drop_connection();
}

auto Exchange::run(WrittenHead head, const Outgoing& request) -> Task<void> {
    connection_->parser.expect(method_, offers_upgrade_);
    tell(ClientStep::sending);
    const bool is_small = !request.upload && request.body->size() <= small_body_size;
    if (!is_small || (request.continue_limit && request.has_body())) {
        co_await run_beside(std::move(head), request);
    } else {
        head.body.write(*request.body, head.text);
        head.body.finish(head.text);
        const auto left = send_now(head.text);
        if (!left.empty()) co_await send(left);
        tell(ClientStep::sent, {.bytes = head.text.size()});
        while (!is_head_there()) {
            const bool more = co_await fill_now(RequestPhase::response, head_read_size);
            if (!more) stream_ended(RequestPhase::response);
            has_answered();
        }
    }
    begin_body();
}

// A server may answer before it has read the body, or while it does: it is read beside the sending.
auto Exchange::run_beside(WrittenHead head, const Outgoing& request) -> Task<void> {
    co_await send(head.text);
    tell(ClientStep::sent, {.bytes = head.text.size()});
    if (request.continue_limit) {
        const bool goes_on = co_await wait_for_continue(*request.continue_limit);
        if (!goes_on) {
            may_be_kept_ = false;  // the server may wait for the body
            co_return;
        }
    }
    auto reading = read_head();
    if (send_error_) {
        co_await std::move(reading);
        co_return;
    }
    sending_ = std::make_shared<Sending>(*connection_, head.body, write_limit(), request);
    Sending::start(sending_);
    // Who asked may go with all that the body is made of, if there is no response to hold on to.
    auto ending = [this] { return end_sending_in_vain(); };
    co_await try_finally(std::move(reading), std::move(ending));
}

auto Exchange::end_sending_in_vain() -> Task<void> {
    constexpr int first_redirect = 300;
    if (!is_sending() || (has_head_ && connection_->parser.head().status < first_redirect)) co_return;
    may_be_kept_ = false;
    sending_->stop();  // whatever it sends now, the answer is this
    co_await sending_->ended();
}

// What the kernel takes at once needs neither a frame nor a time limit.
auto Exchange::send_now(std::string_view bytes) -> std::string_view {
    try {
        return bytes.substr(connection_->stream.write_now(bytes));
    } catch (const IoError&) {
        note_send_error();
        return {};
    }
}

void Exchange::note_send_error() {
    // A server may refuse a request before it has read all of it, and close: its answer tells more than this error.
    send_error_ = std::current_exception();
    may_be_kept_ = false;
}

auto Exchange::send(std::string_view bytes) -> Task<void> {
    try {
        co_await write_within(connection_->stream, bytes, write_limit());
    } catch (const IoError&) {
        note_send_error();
    } catch (const TimeoutError&) {
        fail_timed_out(RequestPhase::send, "write", timeouts_.write);
    }
}

auto Exchange::write_limit() const -> WriteLimit { return {timeouts_.write, deadline_}; }

auto Exchange::next_head() -> HeadStep {
    for (;;) {
        const Event event = parse(RequestPhase::response);
        connection_->stream.consume(event.consumed);
        if (event.kind == EventKind::head) return HeadStep::final;
        if (event.kind == EventKind::need_more) return HeadStep::none;
        if (event.kind != EventKind::interim_head) continue;
        if (++interim_ > max_interim_responses) {
            fail(RequestPhase::response, "more than " + std::to_string(max_interim_responses) + " interim responses");
        }
        tell(ClientStep::interim, {.status = connection_->parser.head().status});
        if (on_interim_) on_interim_(connection_->parser.head());
        return HeadStep::interim;
    }
}

auto Exchange::is_head_there() -> bool {
    auto step = HeadStep::interim;
    while (step == HeadStep::interim) step = next_head();
    return step == HeadStep::final;
}

void Exchange::has_answered() {
    if (!std::exchange(has_answered_, true)) tell(ClientStep::first_byte);
}

auto Exchange::read_one_head() -> Task<bool> {
    for (;;) {
        const auto step = next_head();
        if (step != HeadStep::none) co_return step == HeadStep::final;
        const bool more = co_await fill(RequestPhase::response, head_read_size);
        if (!more) stream_ended(RequestPhase::response);
        has_answered();
    }
}

auto Exchange::read_head() -> Task<void> {
    for (;;) {
        has_head_ = co_await read_one_head();
        if (has_head_) co_return;
    }
}

auto Exchange::wait_for_continue(Duration limit) -> Task<bool> {
    if (limit <= Duration::zero()) co_return co_await read_continue();
    auto goes_on = co_await move_on_after(limit, read_continue());
    co_return goes_on.value_or(true);  // many servers know nothing of it
}

auto Exchange::read_continue() -> Task<bool> {
    constexpr int go_on = 100;
    for (;;) {
        const bool is_final = co_await read_one_head();
        if (is_final) co_return false;
        if (connection_->parser.head().status == go_on) co_return true;
    }
}

void Exchange::begin_body() {
    auto& parser = connection_->parser;
    framing_ = parser.framing();
    content_length_ = parser.content_length();
    may_be_kept_ = may_be_kept_ && parser.keep_alive();
    head_ = parser.take_head();
    tell(ClientStep::head, {.status = head_.status});
    if (framing_ != BodyFraming::none) {
        // Of a part of the content, the beginning may be missing; with an unknown coding it is the caller's to decode.
        if (decodes_ && head_.status != partial_content) codings_ = content_codings(head_.fields).value_or(codings_);
        is_decoded_ = !codings_.empty();
        return;
    }
    static_cast<void>(parser.next({}));  // a message without a body is complete now
    if (head_.status != switching_protocols) finish();
}

auto Exchange::take_stream() -> net::Stream {
    if (!connection_ || head_.status != switching_protocols) return Answer::take_stream();
    if (is_sending()) throw InvalidStateError("take_stream: the body of the request is still being sent");
    auto stream = std::move(connection_->stream);
    connection_.reset();
    return stream;
}

auto Exchange::close() -> Task<void> {
    finish_with_what_is_there();
    if (connection_ && !error_) {
        error_.emplace(RequestPhase::body, method_, url_.href(), peer_text_, "the response was closed", nullptr);
    }
    drop_connection();
    if (is_sending()) {
        sending_->stop();
        auto ending = sending_->ended();
        co_await shield(std::move(ending));
    }
    sending_.reset();  // and the connection with it
}

auto Exchange::read() -> Task<std::span<const char>> { return codings_.empty() ? read_coded() : read_decoded(); }

auto Exchange::read_decoded() -> Task<std::span<const char>> {
    for (;;) {
        if (error_) throw RequestError(*error_);
        const auto piece = decode();
        if (!piece.empty()) co_return std::span<const char>(piece);
        const auto coded = co_await read_coded();
        if (coded.empty()) break;
        coded_ = std::string_view(coded.data(), coded.size());
    }
    finish_decoding();
    co_return std::span<const char>();
}

auto Exchange::decode() -> std::string_view {
    try {
        if (!decoder_) decoder_.emplace(codings_, pool_->settings().options().decode_limits);
        return decoder_->take(coded_);
    } catch (const ContentError& error) {
        fail(RequestPhase::body, error.what(), std::current_exception());
    }
}

void Exchange::finish_decoding() {
    try {
        decoder_->finish();
    } catch (const ContentError& error) {
        fail(RequestPhase::body, error.what(), std::current_exception());
    }
}

auto Exchange::read_coded() -> Task<std::span<const char>> {
    if (error_) throw RequestError(*error_);
    if (is_late_) throw TimeoutError(timeout_text_);
    check_sending();
    // Before its first byte: whoever must have all of it has no use for a part.
    if (requires_delimited_ && framing_ == BodyFraming::until_close) {
        fail(RequestPhase::body, "the body lasts until the server closes, and a cut would look like its end");
    }
    for (;;) {
        if (!connection_ || head_.status == switching_protocols) co_return std::span<const char>();
        connection_->stream.consume(std::exchange(shown_, 0));
        const Event event = parse(RequestPhase::body);
        if (event.kind == EventKind::body) {
            shown_ = event.consumed;
            body_bytes_ += event.body.size();
            if (event.body.empty()) continue;
            tell(ClientStep::received_piece, {.bytes = event.body.size()});
            co_return event.body;
        }
        connection_->stream.consume(event.consumed);
        if (event.kind == EventKind::complete) {
            finish();
            continue;
        }
        const bool more = co_await fill(RequestPhase::body, body_read_);
        if (more) {
            choose_next_read(connection_->stream.buffered().size());
        } else {
            stream_ended(RequestPhase::body);
        }
    }
}

/// Who sends faster than we read is asked for more at a time: after each read the kernel tells the sender of its room.
void Exchange::choose_next_read(std::size_t came) noexcept {
    if (came >= body_read_) body_read_ = std::min(2 * body_read_, largest_body_read);
    if (came < body_read_ / 4) body_read_ = std::max(body_read_ / 2, body_read_size);
}

auto Exchange::wait_limit() const -> Duration {
    const Duration limit = has_answered_ ? timeouts_.read : timeouts_.first_byte;
    if (deadline_ == Time::max()) return limit;
    const Duration left = std::max<Duration>(deadline_ - this_loop().now(), std::chrono::nanoseconds(1));
    return limit <= Duration::zero() ? left : std::min(limit, left);
}

auto Exchange::fill_or_sent(std::size_t size) -> Task<std::optional<std::size_t>> {
    auto& stream = connection_->stream;
    const auto before = stream.buffered().size();
    auto filling = stream.fill(size);
    const auto first = co_await race(std::move(filling), sending_->ended());
    if (first.index() == 0) co_return std::get<0>(first);
    const auto came = stream.buffered().size() - before;
    co_return came == 0 ? std::nullopt : std::optional(came);  // both at once
}

auto Exchange::fill_while_sending(RequestPhase phase, std::size_t size) -> Task<std::optional<std::size_t>> {
    auto filling = fill_or_sent(size);
    if (deadline_ == Time::max()) co_return co_await std::move(filling);
    auto came = co_await move_on_at(deadline_, std::move(filling));
    if (!came) fail_timed_out(phase, "read", timeouts_.read);
    co_return *came;
}

void Exchange::check_sending() {
    if (!sending_ || is_sending()) return;
    const auto ended = std::exchange(sending_, nullptr);
    switch (ended->failure()) {
    case Sending::Failure::none:
        return;
    case Sending::Failure::stopped:
        may_be_kept_ = false;
        return;
    case Sending::Failure::connection:
        send_error_ = ended->error();
        may_be_kept_ = false;
        return;
    case Sending::Failure::late:
        return fail_timed_out(RequestPhase::send, "write", timeouts_.write);
    case Sending::Failure::slow:
        return fail_too_slow(RequestPhase::send);
    case Sending::Failure::body:
        fail(RequestPhase::send, "the body: " + describe(ended->error()), ended->error());
    }
}

auto Exchange::fill(RequestPhase phase, std::size_t size) -> Task<bool> {
    std::optional<std::size_t> came;
    try {
        // As long as the server waits for us, its silence is no fault.
        while (!came && is_sending()) came = co_await fill_while_sending(phase, size);
    } catch (const IoError& error) {
        was_stale_ = connection_->is_reused && !has_answered_;
        fail(phase, error.what(), std::current_exception());
    }
    if (!came) {
        check_sending();
        co_return co_await fill_now(phase, size);
    }
    pool_->figures().bytes_received += *came;
    co_return *came > 0;
}

auto Exchange::fill_now(RequestPhase phase, std::size_t size) -> Task<bool> {
    const bool is_watched = speed_.is_on() && phase == RequestPhase::body;
    std::optional<std::size_t> came;
    try {
        while (!came) {
            const Time began = is_watched ? this_loop().now() : Time{};
            const Duration most = wait_limit();
            const bool only_looks = is_watched && (most <= Duration::zero() || speed_.until_look() < most);
            const Duration limit = only_looks ? speed_.until_look() : most;
            auto filling = connection_->stream.fill(size);
            if (limit <= Duration::zero()) {
                came = co_await std::move(filling);
            } else {
                came = co_await move_on_after(limit, std::move(filling));
            }
            if (is_watched && speed_.is_too_slow(came.value_or(0), this_loop().now() - began)) fail_too_slow(phase);
            if (!came && !only_looks) break;
        }
    } catch (const IoError& error) {
        was_stale_ = connection_->is_reused && !has_answered_;
        if (send_error_) fail(RequestPhase::send, describe(send_error_), send_error_);
        fail(phase, error.what(), std::current_exception());
    }
    if (!came) {
        const bool is_first = !has_answered_;
        fail_timed_out(phase, is_first ? "first byte" : "read", is_first ? timeouts_.first_byte : timeouts_.read);
    }
    pool_->figures().bytes_received += *came;
    co_return *came > 0;
}

auto Exchange::parse(RequestPhase phase) -> Event {
    try {
        return connection_->parser.next(connection_->stream.buffered());
    } catch (const ProtocolError& error) {
        fail(phase, error.what(), std::current_exception());
    }
}

void Exchange::stream_ended(RequestPhase phase) {
    try {
        if (connection_->parser.finish()) {
            may_be_kept_ = false;
            return finish();
        }
    } catch (const ProtocolError& error) {
        if (phase == RequestPhase::response) fail(phase, error.what(), std::current_exception());
        std::string text = "the connection ended after " + std::to_string(body_bytes_);
        if (framing_ == BodyFraming::content_length) text += " of " + std::to_string(content_length_);
        fail(phase, text + " bytes of the body, before its end", std::current_exception());
    }
    // Between messages: no byte of an answer, or none after an interim response.
    was_stale_ = connection_->is_reused && !has_answered_;
    if (send_error_) fail(RequestPhase::send, describe(send_error_), send_error_);
    fail(phase, "the server closed the connection without an answer");
}

// What has come already may be the whole rest: then the connection can serve again although nobody read that.
void Exchange::finish_with_what_is_there() noexcept {
    if (!connection_ || framing_ == BodyFraming::none) return;
    try {
        connection_->stream.consume(std::exchange(shown_, 0));
        for (;;) {
            const Event event = connection_->parser.next(connection_->stream.buffered());
            connection_->stream.consume(event.consumed);
            if (event.kind == EventKind::complete) return finish();
            if (event.kind == EventKind::need_more) return;
        }
    } catch (...) {  // malformed: the connection is closed, and nobody reads this response any more
    }
}

void Exchange::finish() noexcept {
    try {
        if (framing_ == BodyFraming::chunked) trailers_ = connection_->parser.trailers();
    } catch (...) {  // no memory for a copy: the body was whole all the same
        may_be_kept_ = false;
    }
    tell(ClientStep::done, {.bytes = body_bytes_});
    // Bytes after the response were not asked for: whoever sent them is not trusted with another request.
    may_be_kept_ = may_be_kept_ && connection_->stream.buffered().empty();
    const bool is_sent = !sending_ || (!is_sending() && sending_->failure() == Sending::Failure::none);
    if (may_be_kept_ && is_sent) pool_->keep(std::move(connection_));
    if (may_be_kept_ && is_sending() && sending_->is_at_end()) sending_->keep_afterwards(std::move(connection_), pool_);
    drop_connection();
}

void Exchange::drop_connection() noexcept {
    if (connection_ && is_sending()) {
        sending_->abandon(std::move(connection_), pool_);
    } else {
        connection_.reset();
    }
}

void Exchange::fail(RequestPhase phase, std::string_view reason, std::exception_ptr cause) {
    error_.emplace(phase, method_, url_.href(), peer_text_, reason, std::move(cause));
    drop_connection();
    const bool is_mine = tracer_ && phase == RequestPhase::body;  // before that, whoever waits for the response tells it
    if (is_mine) tell(ClientStep::failed, {.error = std::make_exception_ptr(*error_)});
    throw RequestError(*error_);
}

void Exchange::fail_timed_out(RequestPhase phase, std::string_view operation, Duration limit) {
    if (this_loop().now() >= deadline_) {
        is_late_ = true;
        drop_connection();
        throw TimeoutError(timeout_text_);
    }
    const std::string text = std::string(operation) + " timed out after " + gyre::internal::duration_text(limit);
    fail(phase, text, std::make_exception_ptr(TimeoutError(peer_text_ + ": " + text)));
}

void Exchange::fail_too_slow(RequestPhase phase) {
    const std::string text = "slower than " + std::to_string(timeouts_.low_speed_limit) + " bytes/s for " +
                             gyre::internal::duration_text(timeouts_.low_speed_time);
    fail(phase, text, std::make_exception_ptr(TimeoutError(peer_text_ + ": " + text)));
}

}  // namespace gyre::http::internal
