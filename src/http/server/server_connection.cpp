#include "server_connection.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/http/server/server_observer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre::http::internal {

namespace {

/// What a new connection has for its request when the server drains. A client that has just connected has no way to know that
/// it did so too late, and may not ask again.
constexpr auto last_chance = std::chrono::milliseconds(500);
constexpr std::string_view plain_text = "text/plain; charset=utf-8";

auto is_io_error(const std::exception_ptr& error) noexcept -> bool {
    try {
        std::rethrow_exception(error);
    } catch (const IoError&) {
        return true;
    } catch (...) {
        return false;
    }
}

/// Is that rule looked at when all of a head is there? Then what it says can be told, though the request is refused.
auto is_about_whole_head(Rule rule) noexcept -> bool {
    switch (rule) {
    case Rule::missing_host:
    case Rule::unknown_expectation:
    case Rule::content_length_and_transfer_encoding:
    case Rule::transfer_encoding_in_http10:
    case Rule::chunked_not_last:
    case Rule::unknown_transfer_coding:
    case Rule::body_too_large:
        return true;
    default:
        return false;
    }
}

/// When the connection with that number is old. Steps of the golden ratio spread over a range as evenly as can be.
auto end_of_youth(Duration age, std::uint64_t number) -> Time {
    if (age <= Duration::zero()) return Time::max();
    const auto share = static_cast<std::int64_t>((number * 0x9e37'79b9'7f4a'7c15U) >> 54U);  // of 1024
    const auto now = this_loop().now();
    return now + std::min<Duration>(age - age / 10 / 1024 * share, Time::max() - now);
}

}  // namespace

ServerConnection::ServerConnection(net::Stream stream, const Peer& peer, Service& service)
    : stream_(std::move(stream),
          {service.options.write_timeout, service.options.write_min_rate, service.options.write_rate_grace}),
      service_(service),
      loop_(this_loop()),
      options_(service.options),
      peer_(peer),
      parser_(options_.limits),
      body_(stream_, parser_, options_),
      response_(stream_, loop_.local<WallClock>()),
      old_from_(end_of_youth(options_.max_connection_age, service.connections++)) {
    for (auto* observer : options_.observers) {
        if (observer == nullptr) break;
        observer->connection_begins();
    }
}

ServerConnection::~ServerConnection() {
    if (is_told_) request_ends();
    for (auto* observer : options_.observers) {
        if (observer == nullptr) break;
        observer->connection_ends();
    }
}

auto ServerConnection::client() -> const ForwardedClient& {
    if (!knows_client_) {
        if (!client_) client_ = std::make_unique<ForwardedClient>();
        const auto* proxies = options_.trusted_proxies;
        const auto& fields = parser_.head().fields;
        bool is_secure = peer_.is_secure;
        if (peer_.is_proxied && options_.proxy_tells_scheme) is_secure = proxies->is_secure(fields).value_or(is_secure);
        *client_ = proxies == nullptr ? ForwardedClient{peer_.address, is_secure}
                                      : proxies->client_of(fields, peer_.address, is_secure);
        knows_client_ = true;
    }
    return *client_;
}

auto ServerConnection::tls() -> const net::TlsInfo* {
    if (!tls_ && service_.is_secure) {
        if (auto info = stream_.tls_info()) tls_ = std::make_unique<const net::TlsInfo>(std::move(*info));
    }
    return tls_.get();
}

void ServerConnection::request_begins() {
    if (options_.observers.front() == nullptr) return;
    began_ = loop_.now();
    began_at_ = loop_.local<WallClock>().now();
    static_cast<void>(client());
    is_told_ = true;
    for (auto* observer : options_.observers) {
        if (observer == nullptr) break;
        observer->request_begins();
    }
}

void ServerConnection::request_ends() noexcept {
    is_told_ = false;
    RequestRecord record;
    const auto& head = parser_.head();
    record.method = head.method;
    record.target = head.target;
    record.version = head.version;
    record.fields = &head.fields;
    record.client = knows_client_ ? &client_->address : &peer_.address;
    record.is_secure = knows_client_ ? client_->is_secure : peer_.is_secure;
    record.status = response_.status();
    record.is_whole = response_.is_finished();
    record.body_bytes = response_.body_bytes();
    record.time = began_at_;
    record.duration = loop_.now() - began_;
    record.request_id = request_id_;
    tell(record);
}

void ServerConnection::tell(const RequestRecord& record) const noexcept {
    for (auto* observer : options_.observers) {
        if (observer == nullptr) break;
        observer->request_ends(record);
    }
}

auto ServerConnection::run() -> Task<void> {
    auto next = Next::serve;
    while (next == Next::serve) {
        const bool has_begun = !stream_.buffered().empty();
        const auto now = has_begun ? head_now() : std::nullopt;
        if (now) {
            next = *now;
        } else {
            next = co_await read_head(has_begun);
        }
        if (next == Next::serve) next = co_await serve();
    }
    if (next == Next::refuse) co_await refuse();
    if (next == Next::refuse || next == Next::linger) {
        co_await stream_.linger(options_.linger_timeout, options_.linger_bytes);
    }
    if (next == Next::close) co_await stream_.close();
    if (next == Next::drop) stream_.abort();
}

/// A request that came with the one before it needs no wait, and no frame for one. Nothing: it is not there whole.
auto ServerConnection::head_now() -> std::optional<Next> {
    try {
        const auto event = parser_.next(stream_.buffered());
        stream_.consume(event.consumed);
        if (event.kind == EventKind::head) return Next::serve;
        return std::nullopt;
    } catch (const ProtocolError& error) {
        refuse_head(error);
        return Next::refuse;
    }
}

void ServerConnection::refuse_head(const ProtocolError& error) {
    refusal_.emplace(error);
    if (!is_about_whole_head(error.rule())) return response_.begin("GET", Version{});
    knows_client_ = false;
    request_id_.clear();
    request_begins();
    response_.begin(parser_.head().method, parser_.head().version);
}

auto ServerConnection::read_head(bool has_begun) -> Task<Next> {
    // One frame for all of it: this is most of what a connection does between two requests.
    auto& loop = this_loop();
    const bool is_first = served_ == 0;
    bool is_last_chance = false;
    auto now = loop.now();
    auto since = now;
    auto deadline = since + (is_first || has_begun ? options_.header_timeout : options_.keep_alive_timeout);
    // Who has asked once may never ask again, and who asks again has it quick from then on.
    if (served_ == 1 && !has_begun) stream_.expect_pause();
    try {
        while (true) {
            const auto event = parser_.next(stream_.buffered());
            stream_.consume(event.consumed);
            if (event.kind == EventKind::head) co_return Next::serve;
            if (stream_.holds()) {
                co_await stream_.flush();
                now = loop.now();
            }
            const bool rests = !has_begun && !stream_.is_quick();
            std::optional<DrainScope> idle;
            if (has_begun) {
                idle.emplace(service_.drain, DrainKind::head, since);
            } else if (!is_last_chance) {
                idle.emplace(service_.drain, rests ? DrainKind::idle : DrainKind::busy, since);
            }
            if (rests) rest();
            auto filling = stream_.fill(now, deadline, idle ? &idle->scope() : nullptr);
            const auto result = co_await std::move(filling);
            now = stream_.filled_at();
            if (rests) parser_ = RequestParser(options_.limits);
            if (result == GuardedStream::Fill::slow) continue;
            if (result == GuardedStream::Fill::late && idle && idle->has_given_way()) co_return Next::close;
            if (result == GuardedStream::Fill::end) {
                parser_.finish();  // throws in the middle of a head
                co_return Next::close;
            }
            if (result == GuardedStream::Fill::late) {
                if (!has_begun && service_.drain.has_begun()) {
                    if (!is_first || std::exchange(is_last_chance, true)) co_return Next::close;
                    deadline = std::min(deadline, now + last_chance);
                    continue;
                }
                if (!has_begun) co_return Next::close;
                refusal_.emplace(408, "the head of the request comes too slowly");
                response_.begin("GET", Version{});
                co_return Next::refuse;
            }
            if (!has_begun) {
                since = now;
                if (!is_first || is_last_chance) deadline = since + options_.header_timeout;
            }
            has_begun = true;
        }
    } catch (const ProtocolError& error) {
        refuse_head(error);
    } catch (const IoError&) {
        co_return Next::drop;  // the client has gone
    }
    co_return Next::refuse;
}

/// Gives back what was for requests, before a wait that may be long. The parser has to be made anew after it.
void ServerConnection::rest() noexcept {
    const RequestParser gone = std::move(parser_);
    stream_.trim();
    response_.trim();
    client_.reset();
    knows_client_ = false;
    tls_.reset();
    std::string().swap(request_id_);
}

auto ServerConnection::serve() -> Task<Next> {
    ++served_;
    knows_client_ = false;
    request_id_.clear();
    request_begins();
    body_.begin();
    stream_.begin_response();
    response_.begin(parser_.head().method, parser_.head().version);
    std::exception_ptr error;
    try {
        // Who may take the connection over finds nothing of ours on it.
        if (stream_.holds() && (parser_.head().method == "CONNECT" || parser_.head().fields.contains("Upgrade"))) {
            co_await stream_.flush();
        }
        ServerExchange exchange(*this);
        if (options_.request_timeout > Duration::zero()) {
            co_await handle_in_time(exchange);
        } else {
            co_await service_.handler(exchange);
        }
    } catch (...) {
        error = std::current_exception();
    }
    std::optional<Next> next;
    if (!error && response_.is_finished() && !stream_.is_broken()) next = after_response_now();
    if (!next) next = co_await complete(std::move(error));
    if (is_told_ && next != Next::refuse) request_ends();
    co_return *next;
}

auto ServerConnection::handle_in_time(ServerExchange& exchange) -> Task<void> {
    CancelScope scope;
    scope.set_timeout(options_.request_timeout);
    time_limit_ = &scope;
    const bool is_done = co_await scope.run(service_.handler(exchange));
    is_late_ = !is_done;
}

auto ServerConnection::complete(std::exception_ptr error) -> Task<Next> {
    if (stream_.is_broken()) {
        // The client has gone, or was dropped; that the handler could not write is no news.
        if (error && !body_.refusal() && !is_io_error(error)) report(error);
        co_return Next::drop;
    }
    if (is_late_ && !response_.is_finished()) {
        if (response_.has_started()) co_return Next::drop;
        refusal_.emplace(503, "the request took longer than the server gives it");
        co_return Next::refuse;
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
    const bool keep_alive = begin_response();
    try {
        co_await response_.respond(std::move(head), plain_text, "500 Internal Server Error\n", keep_alive);
    } catch (const IoError&) {
        co_return Next::drop;
    }
    const auto next = co_await after_response();
    co_return next;
}

auto ServerConnection::after_response() -> Task<Next> {
    if (const auto next = after_response_now()) co_return *next;
    const bool is_drained = co_await body_.drain();
    if (is_drained) co_return Next::serve;
    co_return stream_.is_broken() ? Next::drop : Next::linger;
}

auto ServerConnection::after_response_now() noexcept -> std::optional<Next> {
    if (!response_.keeps_alive()) {
        // A client that said it would not go on, and has sent all, needs no more care.
        const bool is_over = !parser_.keep_alive() && body_.is_complete() && stream_.buffered().empty();
        return is_over ? Next::close : Next::linger;
    }
    if (!body_.is_complete()) return std::nullopt;
    body_.release();
    return Next::serve;
}

auto ServerConnection::refuse() -> Task<void> {
    ResponseHead head;
    head.status = refusal_->status;
    std::string text = std::to_string(refusal_->status);
    text.append(" ").append(default_reason(refusal_->status)).append("\n").append(refusal_->text).append("\n");
    try {
        co_await response_.respond(std::move(head), plain_text, text, false);
    } catch (const IoError&) {
        stream_.abort();
    }
    if (is_told_) {
        request_ends();
    } else {
        tell_of_refusal();
    }
}

/// The head could not be read: what it says is not to be relied on.
void ServerConnection::tell_of_refusal() noexcept {
    RequestRecord record;
    record.client = &peer_.address;
    record.is_secure = peer_.is_secure;
    record.status = response_.status();
    record.is_whole = response_.is_finished();
    record.body_bytes = response_.body_bytes();
    record.time = loop_.local<WallClock>().now();
    tell(record);
}

auto ServerConnection::begin_response() noexcept -> bool {
    body_.response_begins();
    return !service_.drain.has_begun() && parser_.keep_alive() && served_ < options_.max_requests_per_connection &&
           this_loop().now() < old_from_ && body_.can_be_drained();
}

void ServerConnection::check_can_be_taken() const {
    if (!body_.is_complete()) throw InvalidStateError("a connection is taken over after the body of the request");
    if (response_.has_started() && !response_.is_finished()) {
        throw InvalidStateError("a connection is taken over before a response, or after it is finished");
    }
}

auto ServerConnection::take_stream() -> net::Stream {
    check_can_be_taken();
    stream_.flush_now();
    if (stream_.holds()) throw InvalidStateError("a connection is taken over when the responses before are sent");
    if (time_limit_ != nullptr) time_limit_->set_deadline(Time::max());
    return stream_.release();
}

auto ServerConnection::client_gone() -> Task<void> {
    const auto patience = options_.disconnect_check_after;
    if (patience <= Duration::zero()) co_await sleep_until(Time::max());
    co_await sleep(patience);
    co_await stream_.wait_for_end(read_ahead_bytes);
}

void ServerConnection::report(std::exception_ptr error) const {
    const auto& head = parser_.head();
    std::string source = head.method;
    source.append(" ").append(head.target).append(" from ").append(peer_.address.text());
    this_loop().handle_error({std::move(error), ErrorOrigin::connection, std::move(source)});
}

}  // namespace gyre::http::internal
