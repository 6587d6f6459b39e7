#include "server_connection.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>

#include <utility>

namespace gyre::http::internal {

namespace {

auto is_io_error(const std::exception_ptr& error) noexcept -> bool {
    try {
        std::rethrow_exception(error);
    } catch (const IoError&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

ServerConnection::ServerConnection(
    net::Stream stream, const ExchangeHandler& handler, const ConnectionOptions& options, Drain& drain)
    : stream_(std::move(stream), options.write_timeout),
      handler_(handler),
      options_(options),
      drain_(drain),
      peer_(stream_.peer_address()),
      parser_(options.limits),
      body_(stream_, parser_, options),
      response_(stream_, this_loop().local<WallClock>()) {}

auto ServerConnection::run() -> Task<void> {
    auto next = Next::serve;
    while (next == Next::serve) {
        next = co_await read_head();
        if (next == Next::serve) next = co_await serve();
    }
    if (next == Next::refuse) co_await refuse();
    if (next == Next::refuse || next == Next::linger) {
        co_await stream_.linger(options_.linger_timeout, options_.linger_bytes);
    }
    if (next == Next::close) co_await stream_.close();
    if (next == Next::drop) stream_.abort();
}

auto ServerConnection::read_head() -> Task<Next> {
    try {
        const auto next = co_await read_head_bytes();
        co_return next;
    } catch (const ProtocolError& error) {
        refusal_.emplace(error);
    } catch (const IoError&) {
        co_return Next::drop;  // the client has gone
    }
    co_return Next::refuse;
}

auto ServerConnection::read_head_bytes() -> Task<Next> {
    auto& loop = this_loop();
    bool has_begun = !stream_.buffered().empty();
    const bool is_first = served_ == 0;
    auto deadline = loop.now() + (is_first || has_begun ? options_.header_timeout : options_.keep_alive_timeout);
    while (true) {
        const auto event = parser_.next(stream_.buffered());
        stream_.consume(event.consumed);
        if (event.kind == EventKind::head) co_return Next::serve;
        const auto result = co_await fill_head(deadline, !has_begun);
        if (result == GuardedStream::Fill::end) {
            parser_.finish();  // throws in the middle of a head
            co_return Next::close;
        }
        if (result == GuardedStream::Fill::late) {
            if (!has_begun) co_return Next::close;
            refusal_.emplace(408, "the head of the request comes too slowly");
            co_return Next::refuse;
        }
        if (!has_begun && !is_first) deadline = loop.now() + options_.header_timeout;
        has_begun = true;
    }
}

auto ServerConnection::fill_head(Time deadline, bool is_idle) -> Task<GuardedStream::Fill> {
    if (!is_idle) return stream_.fill(deadline);
    return fill_unless_drained(deadline);
}

auto ServerConnection::fill_unless_drained(Time deadline) -> Task<GuardedStream::Fill> {
    DrainScope idle(drain_);
    const auto result = co_await idle.run(stream_.fill(deadline));
    co_return result.value_or(GuardedStream::Fill::late);
}

auto ServerConnection::serve() -> Task<Next> {
    ++served_;
    body_.begin();
    response_.begin(parser_.head().method, parser_.head().version);
    std::exception_ptr error;
    try {
        ServerExchange exchange(*this);
        co_await handler_(exchange);
    } catch (...) {
        error = std::current_exception();
    }
    const auto next = co_await complete(std::move(error));
    co_return next;
}

auto ServerConnection::complete(std::exception_ptr error) -> Task<Next> {
    if (stream_.is_broken()) {
        // The client has gone, or was dropped; that the handler could not write is no news.
        if (error && !is_io_error(error)) report(error);
        co_return Next::drop;
    }
    if (!response_.has_started()) {
        if (body_.refusal()) {
            refusal_ = body_.refusal();
            co_return Next::refuse;
        }
        if (!error) error = std::make_exception_ptr(InvalidStateError("the handler returned without a response"));
        report(error);
        const auto next = co_await answer_for_handler();
        co_return next;
    }
    if (!error && !response_.is_finished()) {
        try {
            Fields none;
            co_await response_.finish(std::move(none));
        } catch (...) {
            error = std::current_exception();
        }
    }
    if (error) {
        const bool is_clients = body_.refusal().has_value() || (stream_.is_broken() && is_io_error(error));
        if (!is_clients) report(error);
        // With half of a response sent there is no other way to say that it is not whole (RFC 9112 8).
        if (!response_.is_finished()) co_return Next::drop;
    }
    const auto next = co_await after_response();
    co_return next;
}

auto ServerConnection::answer_for_handler() -> Task<Next> {
    ResponseHead head;
    head.status = 500;
    head.fields.add("Content-Type", "text/plain; charset=utf-8");
    const bool keep_alive = begin_response();
    try {
        co_await response_.respond(std::move(head), "500 Internal Server Error\n", keep_alive);
    } catch (const IoError&) {
        co_return Next::drop;
    }
    const auto next = co_await after_response();
    co_return next;
}

auto ServerConnection::after_response() -> Task<Next> {
    if (response_.keeps_alive()) {
        const bool is_drained = co_await body_.drain();
        if (is_drained) co_return Next::serve;
        co_return stream_.is_broken() ? Next::drop : Next::linger;
    }
    // A client that said it would not go on, and has sent all, needs no more care.
    const bool is_over = !parser_.keep_alive() && body_.is_complete() && stream_.buffered().empty();
    co_return is_over ? Next::close : Next::linger;
}

auto ServerConnection::refuse() -> Task<void> {
    ResponseHead head;
    head.status = refusal_->status;
    head.fields.add("Content-Type", "text/plain; charset=utf-8");
    std::string text = std::to_string(refusal_->status);
    text.append(" ").append(default_reason(refusal_->status)).append("\n").append(refusal_->text).append("\n");
    // The method may not be known, nor the version.
    response_.begin("GET", Version{});
    try {
        co_await response_.respond(std::move(head), text, false);
    } catch (const IoError&) {
        stream_.abort();
    }
}

auto ServerConnection::begin_response() noexcept -> bool {
    body_.response_begins();
    return !drain_.has_begun() && parser_.keep_alive() && served_ < options_.max_requests_per_connection &&
           body_.can_be_drained();
}

void ServerConnection::check_can_be_taken() const {
    if (!body_.is_complete()) throw InvalidStateError("a connection is taken over after the body of the request");
    if (response_.has_started() && !response_.is_finished()) {
        throw InvalidStateError("a connection is taken over before a response, or after it is finished");
    }
}

auto ServerConnection::take_stream() -> net::Stream {
    check_can_be_taken();
    return stream_.release();
}

auto ServerConnection::client_gone() -> Task<void> {
    const auto patience = options_.disconnect_check_after;
    if (patience <= Duration::zero()) co_await sleep_until(Time::max());
    co_await sleep(patience);
    co_await body_.wait_complete();
    try {
        for (;;) {
            if (stream_.buffered().size() >= read_ahead_bytes) co_await sleep_until(Time::max());
            const auto result = co_await stream_.fill(Time::max());
            if (result == GuardedStream::Fill::end) break;
        }
    } catch (const IoError&) {  // gone, and not politely
    }
}

void ServerConnection::report(std::exception_ptr error) const {
    const auto& head = parser_.head();
    std::string source = head.method;
    source.append(" ").append(head.target).append(" from ").append(peer_.text());
    this_loop().handle_error({std::move(error), ErrorOrigin::connection, std::move(source)});
}

}  // namespace gyre::http::internal
