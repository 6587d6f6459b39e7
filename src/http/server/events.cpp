#include <gyre/http/server/events.hpp>

#include <gyre/core/loop.hpp>
#include <gyre/core/race.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/sync/event.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http {

namespace {

/// To the end, without the last comment in its middle.
auto produce_events(EventProducer& producer, EventWriter& out) -> Task<void> {
    co_await producer(out);
    co_await out.close();
}

/// When the server stops, the stream ends behind the event that is on its way.
auto end_with_server(EventWriter& out, gyre::Event* stopping) -> Task<void> {
    if (stopping == nullptr) co_await sleep_until(Time::max());
    co_await stopping->wait();
    co_await out.close();
}

auto run_events(EventProducer producer, Duration keep_alive, BodyWriter& writer) -> Task<void> {
    EventWriter out(writer, keep_alive);
    auto producing = produce_events(producer, out);
    auto living = out.keep_alive();
    auto ending = end_with_server(out, writer.stopping());
    static_cast<void>(co_await race(std::move(producing), std::move(living), std::move(ending)));
}

}  // namespace

EventWriter::EventWriter(BodyWriter& writer, Duration keep_alive)
    : writer_(writer), turn_(1, "an event stream"), keep_alive_(keep_alive), sent_(this_loop().now()) {}

auto EventWriter::write(std::string text) -> Task<void> {
    const auto turn = co_await turn_.acquire();
    co_await writer_.write(text);
    sent_ = this_loop().now();
}

// Written before the task begins, so that what is wrong is the caller's error.
auto EventWriter::send(ServerEvent event) -> Task<void> { return write(format_event(event)); }
auto EventWriter::send(std::string data) -> Task<void> { return send(ServerEvent("message", std::move(data))); }
auto EventWriter::comment(std::string text) -> Task<void> { return write(format_event_comment(text)); }
auto EventWriter::retry(std::chrono::milliseconds wait) -> Task<void> { return write(format_event_retry(wait)); }

auto EventWriter::keep_alive() -> Task<void> {
    if (keep_alive_ <= Duration::zero()) co_await sleep_until(Time::max());
    for (;;) {
        const auto due = sent_ + keep_alive_;
        if (this_loop().now() < due) {
            co_await sleep_until(due);
        } else {
            co_await comment({});
        }
    }
}

auto EventWriter::close() -> Task<void> {
    auto turn = co_await turn_.acquire();
    last_turn_ = std::move(turn);
}

auto events(EventProducer producer, const EventsOptions& options) -> Response {
    if (!producer) throw std::invalid_argument("http::events: an empty producer");
    const Duration keep_alive = options.keep_alive;
    auto response = Response::stream(
        "text/event-stream", [producer = std::move(producer), keep_alive](
                                 BodyWriter& writer) { return run_events(producer, keep_alive, writer); });
    // nginx holds responses back unless it is told not to.
    response.header("Cache-Control", "no-cache").header("X-Accel-Buffering", "no");
    return response;
}

}  // namespace gyre::http
