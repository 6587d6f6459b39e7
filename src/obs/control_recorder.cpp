#include "obs/control_recorder.hpp"

#include "core/tape.hpp"
#include "obs/json_out.hpp"
#include "obs/length.hpp"
#include "obs/program_loops.hpp"
#include "obs/read_tape.hpp"
#include "obs/timeline.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/http/server/http_error.hpp>
#include <gyre/obs/recorder.hpp>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr SnapshotOptions of_a_trace{.most_tasks = 100'000};  // each has a track
constexpr SnapshotOptions of_stacks;

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

auto length_of(const Recording& recorded) -> Duration {
    Time begin = Time::max();
    Time end = Time::min();
    for (const LoopRecording& loop : recorded.loops) {
        begin = std::min(begin, loop.begin);
        end = std::max(end, end_of(loop));
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

/// A recording, and in words what of it could not be had.
struct Answered {
    Answered() = default;

    Recording recording;
    std::string notice;
};

auto notice_of(const Snapshot& look) -> std::string {
    const std::string loop = "loop " + std::to_string(look.loop);
    if (!look.is_read && look.blocked_for)
        return loop + " does not come back, and its tasks could not be read: only those that did something are here; ";
    if (look.is_read && look.tasks.size() < look.task_count)
        return loop + " has more than the " + std::to_string(look.tasks.size()) +
               " tasks that were looked at: of the others only those that did something are here; ";
    return {};
}

/// Of a loop that still records, and so much that the beginning of what was asked for is overwritten.
auto notice_of(const LoopRecording& loop, Duration last) -> std::string {
    using gyre::internal::duration_text;
    const Duration length = end_of(loop) - loop.begin;
    if (loop.overwritten == 0 || last == Duration::max() || length >= last) return {};
    return "the ring of loop " + std::to_string(loop.loop) + " reaches back " + duration_text(length) +
           " only, of the " + duration_text(last) + " that was asked for: RecorderOptions::bytes makes it larger; ";
}

/// What the tapes have, and where the tasks stand that do nothing: that is read from the loops, before the tapes.
auto recorded(ProgramLoops& loops, Duration last, SnapshotOptions how_much) -> Task<Answered> {
    const auto all = loops.loops();
    Answered answered;
    std::vector<Snapshot> looks(all.size());
    std::set<std::size_t> recording_now;
    const auto records = [](const EventLoop* loop) { return is_recording(*loop); };
    if (std::any_of(all.begin(), all.end(), records)) looks = co_await loops.snapshots(how_much);
    TapeReader reader(last);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool is_kept = !is_recording(*all[i]);  // what they do now is not what they did then
        reader.add(*all[i], is_kept ? nullptr : &looks[i]);
        if (is_kept) continue;
        recording_now.insert(all[i]->index());
        answered.notice += notice_of(looks[i]);
    }
    answered.recording = reader.take();
    for (const LoopRecording& loop : answered.recording.loops) {
        if (recording_now.count(loop.loop) != 0) answered.notice += notice_of(loop, last);
    }
    if (answered.notice.ends_with("; ")) answered.notice.resize(answered.notice.size() - 2);
    if (answered.recording.loops.empty())
        throw http::HttpError(409, R"(nothing has been recorded: PUT /v1/recorder {"on":true} begins)");
    co_return answered;
}

auto response_of(const Answered& answered, http::Response response) -> http::Response {
    response.header(tasks_field, std::to_string(answered.recording.tasks.size()));
    if (!answered.notice.empty()) response.header(notice_field, answered.notice);
    return response;
}

}  // namespace

void add_recorder_routes(http::App& app, ProgramLoops& loops, std::string program, int process) {
    app.get("/v1/recorder", [&loops](http::Request& request) -> Task<http::Response> {
        co_return state_of(loops.loops(), request.query_param("length").has_value());
    });
    app.put("/v1/recorder", [&loops](http::Request& request) -> Task<http::Response> {
        auto body = co_await request.text();
        switch_recorders(loops.loops(), asked_state(std::move(body)));
        co_return state_of(loops.loops(), false);
    });
    app.get("/v1/trace", [&loops, program = std::move(program), process](http::Request& request) -> Task<http::Response> {
        const Duration last = asked_length(request);
        const auto all = co_await recorded(loops, last, of_a_trace);
        std::ostringstream out;
        write_perfetto(out, all.recording, {.process = program, .pid = process});
        co_return response_of(all, http::Response::bytes("application/octet-stream", std::move(out).str()));
    });
    app.get("/v1/folded", [&loops](http::Request& request) -> Task<http::Response> {
        const FoldedKind kind = asked_kind(request);
        const Duration last = asked_length(request);
        const auto all = co_await recorded(loops, last, of_stacks);
        std::ostringstream out;
        write_folded(out, all.recording, kind);
        co_return response_of(all, http::Response::text(std::move(out).str()));
    });
}

}  // namespace gyre::obs
