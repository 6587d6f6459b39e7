#include <gyre/http/client/event_source.hpp>

#include "passing.hpp"

#include <gyre/core/sleep.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/media_type.hpp>

#include <algorithm>
#include <utility>

namespace gyre::http {

namespace {

constexpr int no_content = 204;
constexpr int ok = 200;
constexpr Duration shortest_retry = std::chrono::milliseconds(100);
constexpr Duration longest_retry = std::chrono::hours(24);

auto is_event_stream(const ClientResponse& response) -> bool {
    const auto type = MediaType::parse(response.header("Content-Type").value_or(""));
    return type && type->essence() == "text/event-stream";
}

}  // namespace

EventSource::EventSource(std::function<ClientRequest()> make_request, const EventSourceOptions& options)
    : make_request_(std::move(make_request)),
      wait_(options.wait),
      longest_wait_(options.longest_wait),
      attempts_(options.attempts),
      parser_(options.limits, std::string(options.last_event_id)) {}

auto EventSource::next() -> Task<std::optional<ServerEvent>> {
    while (!is_closed_) {
        if (!response_) {
            co_await connect();
            continue;
        }
        auto event = event_in_input();
        if (event) co_return event;
        co_await read_more();
    }
    co_return std::nullopt;
}

void EventSource::close() noexcept {
    is_closed_ = true;
    response_.reset();
}

auto EventSource::event_in_input() -> std::optional<ServerEvent> {
    std::string_view input(piece_.data() + taken_, piece_.size() - taken_);
    try {
        auto event = parser_.next(input);
        taken_ = piece_.size() - input.size();
        if (event) failures_ = 0;
        return event;
    } catch (...) {
        close();
        throw;
    }
}

auto EventSource::read_more() -> Task<void> {
    piece_ = {};
    taken_ = 0;
    try {
        piece_ = co_await response_->read();
        if (!piece_.empty()) co_return;
    } catch (const RequestError&) {
        if (!may_try_again()) {
            close();
            throw;
        }
    }
    response_.reset();
}

auto EventSource::may_try_again() noexcept -> bool {
    ++failures_;
    return attempts_ == 0 || failures_ < attempts_;
}

auto EventSource::wait_before_connecting() const -> Duration {
    // A server that asks to be asked again at once is not to keep both sides busy. It is never asked sooner than it said.
    const auto said = parser_.retry() ? std::max(Duration(*parser_.retry()), shortest_retry) : Duration::zero();
    const auto least = std::min(std::max(said, retry_after_), longest_retry);
    Duration wait = least > Duration::zero() ? least : wait_;
    for (std::size_t i = 1; i < failures_ && wait < longest_wait_; ++i) wait *= 2;
    wait = std::min(wait, longest_wait_);
    if (wait > least) return std::max(least, internal::some_of(wait));
    return least + (least - internal::some_of(least));
}

auto EventSource::connect() -> Task<void> {
    if (was_connected_ || failures_ > 0) co_await sleep(wait_before_connecting());
    was_connected_ = true;
    std::optional<ClientResponse> response;
    try {
        response = co_await ask();
    } catch (const RequestError& error) {
        if (!internal::may_pass(error) || !may_try_again()) {
            close();
            throw;
        }
    } catch (...) {
        close();
        throw;
    }
    if (response) take(std::move(*response));
}

auto EventSource::ask() -> Task<ClientResponse> {
    auto request = make_request_();
    request.header("Accept", "text/event-stream").header("Cache-Control", "no-store").timeout(Duration::zero());
    request.raise_for_status(false).require_delimited(false);  // after a cut it goes on
    try {
        if (!last_event_id().empty()) request.header("Last-Event-ID", last_event_id());
    } catch (const ProtocolError&) {  // an id that no field can hold: the server chose it, and has to do without
    }
    auto response = co_await std::move(request);
    co_return response;
}

void EventSource::take(ClientResponse response) {
    retry_after_ = Duration::zero();
    if (internal::is_for_the_moment(response.status()) && may_try_again()) {
        retry_after_ = internal::retry_after(response).value_or(Duration::zero());
        return;
    }
    is_closed_ = true;
    if (response.status() == no_content) return;
    response.raise_for_status();
    if (response.status() != ok || !is_event_stream(response)) {
        const auto type = response.header("Content-Type").value_or("no Content-Type");
        throw RequestError(RequestPhase::response, "GET", response.url().href(), {},
            "this is no event stream but " + std::to_string(response.status()) + " with " + std::string(type));
    }
    is_closed_ = false;
    parser_.restart();
    piece_ = {};
    taken_ = 0;
    response_.emplace(std::move(response));
}

}  // namespace gyre::http
