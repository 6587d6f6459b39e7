#include "obs/control_recorder.hpp"

#include "core/tape.hpp"
#include "obs/json_out.hpp"
#include "obs/length.hpp"

#include <gyre/http/server/http_error.hpp>
#include <gyre/obs/recorder.hpp>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace gyre::obs {

namespace {

/// "10s", "250ms", "5m": of the query `last`; everything if it is not there.
auto asked_length(const http::Request& request) -> Duration {
    const auto asked = request.query_param("last");
    if (!asked) return Duration::max();
    const auto length = read_length(*asked);
    if (!length) {
        throw http::HttpError(
            400, "last: a length of time up to a day, for instance ?last=10s; the units are ms, s and m");
    }
    return *length;
}

auto asked_kind(const http::Request& request) -> FoldedKind {
    const auto asked = request.query_param("kind").value_or("waiting");
    for (const FoldedKind kind : {FoldedKind::running, FoldedKind::waiting}) {
        if (asked == to_string(kind)) return kind;
    }
    throw http::HttpError(400, "kind: running or waiting, for instance ?kind=waiting");
}

/// Of {"on":true} and {"on":false}.
auto asked_state(std::string body) -> bool {
    std::erase_if(body, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    if (body == R"({"on":true})") return true;
    if (body == R"({"on":false})") return false;
    throw http::HttpError(400, R"(the body says {"on":true} or {"on":false})");
}

/// From the first event that is there to the last.
auto length_of(const Recording& recorded) -> Duration {
    Time begin = Time::max();
    Time end = Time::min();
    for (const LoopRecording& loop : recorded.loops) {
        if (loop.events.empty()) continue;
        begin = std::min(begin, loop.events.front().when);
        end = std::max(end, loop.events.back().when);
    }
    return begin < end ? end - begin : Duration::zero();
}

/// @param with_length takes as long as to fetch what is recorded.
auto state_of(std::span<EventLoop* const> loops, bool with_length) -> http::Response {
    bool on = false;
    bool has_recording = false;
    std::string reason;
    for (const EventLoop* loop : loops) {
        const auto tape = loop->tape_slot().get();
        if (tape == nullptr) continue;
        has_recording = true;
        on = on || !tape->stopped();
        if (reason.empty()) reason = tape->reason();
    }
    std::ostringstream out;
    JsonOut json(out);
    json.open('{');
    json.number("version", 1);
    json.flag("on", on);
    json.flag("has_recording", has_recording);
    if (!reason.empty()) json.text("reason", reason);
    if (with_length) json.number("length_ns", has_recording ? length_of(recording(loops)).count() : 0);
    json.close('}');
    return http::Response::json(std::move(out).str() + "\n");
}

/// What begins anew keeps what a trigger of the program's own is about, though not what it has recorded.
void switch_recorders(std::span<EventLoop* const> loops, bool on) {
    for (EventLoop* loop : loops) {
        if (on == is_recording(*loop)) continue;
        if (!on) {
            stop_recording(*loop);
            continue;
        }
        const auto before = loop->tape_slot().get();
        start_recording(*loop, before != nullptr ? before->options : RecorderOptions());
    }
}

auto recorded(std::span<EventLoop* const> loops, const http::Request& request) -> Recording {
    Recording all = recording(loops, asked_length(request));
    if (all.loops.empty())
        throw http::HttpError(409, R"(nothing has been recorded: PUT /v1/recorder {"on":true} begins)");
    return all;
}

}  // namespace

void add_recorder_routes(http::App& app, std::span<EventLoop* const> loops, std::string program, int process) {
    app.get("/v1/recorder", [loops](http::Request& request) -> Task<http::Response> {
        co_return state_of(loops, request.query_param("length").has_value());
    });
    app.put("/v1/recorder", [loops](http::Request& request) -> Task<http::Response> {
        auto body = co_await request.text();
        switch_recorders(loops, asked_state(std::move(body)));
        co_return state_of(loops, false);
    });
    app.get("/v1/trace", [loops, program = std::move(program), process](http::Request& request) -> Task<http::Response> {
        const Recording all = recorded(loops, request);
        std::ostringstream out;
        write_perfetto(out, all, {.process = program, .pid = process});
        co_return http::Response::bytes("application/octet-stream", std::move(out).str());
    });
    app.get("/v1/folded", [loops](http::Request& request) -> Task<http::Response> {
        const FoldedKind kind = asked_kind(request);
        const Recording all = recorded(loops, request);
        std::ostringstream out;
        write_folded(out, all, kind);
        co_return http::Response::text(std::move(out).str());
    });
}

}  // namespace gyre::obs
