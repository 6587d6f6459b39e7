#include "obs/control_recorder.hpp"

#include <gyre/http/server/http_error.hpp>
#include <gyre/obs/recorder.hpp>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <utility>

namespace gyre::obs {

namespace {

constexpr Duration longest_asked = std::chrono::hours(24);

/// "10s", "250ms", "5m": of the query `last`; everything if it is not there.
auto asked_length(const http::Request& request) -> Duration {
    const auto asked = request.query_param("last");
    if (!asked) return Duration::max();
    std::int64_t number = 0;
    const std::string text(*asked);
    const char* const end = text.c_str() + text.size();
    const auto [rest, error] = std::from_chars(text.c_str(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    Duration length = Duration::zero();
    if (error == std::errc() && number > 0 && number <= 86'400'000) {
        if (unit == "ms") length = std::chrono::milliseconds(number);
        if (unit == "s") length = std::chrono::seconds(number);
        if (unit == "m") length = std::chrono::minutes(number);
    }
    if (length <= Duration::zero() || length > longest_asked) {
        throw http::HttpError(
            400, "last: a length of time up to a day, for instance ?last=10s; the units are ms, s and m");
    }
    return length;
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

auto state_text(std::span<EventLoop* const> loops) -> std::string {
    const bool on = std::any_of(loops.begin(), loops.end(), [](const EventLoop* loop) { return is_recording(*loop); });
    return std::string(R"({"version":1,"on":)") + (on ? "true" : "false") + "}\n";
}

/// Begins with what is not recorded yet: what is there stays.
void switch_recorders(std::span<EventLoop* const> loops, bool on) {
    for (EventLoop* loop : loops) {
        if (on == is_recording(*loop)) continue;
        on ? start_recording(*loop) : stop_recording(*loop);
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
    app.get("/v1/recorder",
        [loops](http::Request&) -> Task<http::Response> { co_return http::Response::json(state_text(loops)); });
    app.put("/v1/recorder", [loops](http::Request& request) -> Task<http::Response> {
        auto body = co_await request.text();
        switch_recorders(loops, asked_state(std::move(body)));
        co_return http::Response::json(state_text(loops));
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
