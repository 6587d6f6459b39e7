#include "obs/control_site.hpp"

#include "obs/control_recorder.hpp"
#include "obs/json_out.hpp"
#include "obs/recent_stalls.hpp"
#include "obs/timing_name.hpp"

#include <gyre/backend/own_process.hpp>
#include <gyre/http/server/http_error.hpp>
#include <gyre/obs/dump.hpp>

#include <charconv>
#include <numeric>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr int control_version = 1;
constexpr std::size_t most_tasks_asked = 1'000'000;

constexpr std::string_view route_list =
    "The control socket of a gyre program. Routes:\n"
    "  GET /v1/snapshot[?most=N]  what all tasks do, N of each loop at most\n"
    "  GET /v1/figures            numbers of each loop\n"
    "  GET /v1/histograms         how long turns, slices and delays take\n"
    "  GET /v1/findings[?long=MS] what is wrong, from some looks in so many milliseconds\n"
    "  GET /v1/stalls             the last stalls\n"
    "  GET, PUT /v1/timing        how exactly the loops measure: {\"timing\":\"exact\"}, sampled or off\n"
    "  GET, PUT /v1/recorder      whether what happens is recorded: {\"on\":true}\n"
    "  GET /v1/trace[?last=10s]   what was recorded, for Perfetto\n"
    "  GET /v1/folded[?kind=waiting|running][&last=10s]   the same as folded stacks\n"
    "  GET /metrics               the numbers for Prometheus\n";

auto most_tasks(const http::Request& request) -> std::size_t {
    const auto asked = request.query_param("most");
    if (!asked) return most_tasks_asked;
    std::size_t most = 0;
    const auto [end, error] = std::from_chars(asked->data(), asked->data() + asked->size(), most);
    if (error != std::errc() || end != asked->data() + asked->size() || most == 0 || most > most_tasks_asked) {
        throw http::HttpError(
            400, "most: a number from 1 to " + std::to_string(most_tasks_asked) + ", for instance ?most=1000");
    }
    return most;
}

void write_cancelled(JsonOut& json, const CancelCounts& counts) {
    json.list("cancelled");
    for (std::size_t i = 0; i < counts.size(); ++i) {
        json.open('{');
        json.text("kind", to_string(static_cast<CancelKind>(i)));
        json.number("count", counts[i].count);
        json.number("total", counts[i].total.count());
        json.number("longest", counts[i].longest.count());
        json.close('}');
    }
    json.close(']');
}

void write_figures(JsonOut& json, const LoopFigures& loop) {
    json.open('{');
    json.number("loop", loop.loop);
    json.text("backend", loop.backend);
    if (loop.is_read) {
        json.text("timing", timing_name(loop.timing));
    } else {
        json.flag("is_read", false);
    }
    json.number("task_count", loop.task_count);
    json.number("ready", loop.ready);
    json.number("timers", loop.timers);
    json.number("in_flight", loop.in_flight);
    json.number("unreceived_errors", loop.unreceived_errors);
    json.number("turns", loop.turns);
    json.number("slices", loop.slices);
    write_cancelled(json, loop.cancelled);
    for (const auto& [name, histogram] : loop.histograms) {
        json.object(name);
        json.number("count", histogram.count());
        json.number("total", histogram.total().count());
        json.number("p50", histogram.quantile(0.5).count());
        json.number("p90", histogram.quantile(0.9).count());
        json.number("p99", histogram.quantile(0.99).count());
        json.number("longest", histogram.longest().count());
        json.close('}');
    }
    if (loop.blocked_for) json.number("blocked_for_ns", loop.blocked_for->count());
    json.close('}');
}

void write_buckets(JsonOut& json, const LoopFigures& loop) {
    json.open('{');
    json.number("loop", loop.loop);
    json.list("histograms");
    for (const auto& [name, histogram] : loop.histograms) {
        json.open('{');
        json.text("name", name);
        json.number("count", histogram.count());
        json.number("longest", histogram.longest().count());
        json.list("buckets");
        histogram.for_each_bucket([&](Duration upper, std::uint64_t count) {
            json.open('{');
            json.number("upto_ns", upper.count());
            json.number("count", count);
            json.close('}');
        });
        json.close(']');
        json.close('}');
    }
    json.close(']');
    if (loop.blocked_for) json.number("blocked_for_ns", loop.blocked_for->count());
    json.close('}');
}

/// @param at of the program's uptime, when it was found.
void write_stall(JsonOut& json, const StallReport& report, Duration at) {
    json.open('{');
    json.number("at_ns", at.count());
    json.number("loop", report.loop);
    json.number("lasted_ns", report.lasted.count());
    json.text("cause", to_string(report.cause));
    json.text("detail", report.detail);
    json.text("task", report.task);
    json.list("awaits");
    for (const Place& place : report.awaits) {
        json.open('{');
        json.text("file", place.file);
        json.number("line", place.line);
        if (!place.function.empty()) json.text("function", place.function);
        json.close('}');
    }
    json.close(']');
    json.list("stack");
    for (const std::string& line : report.stack) json.item(line);
    json.close(']');
    json.number("suppressed", report.suppressed);
    json.close('}');
}

}  // namespace

ControlSite::ControlSite(std::span<EventLoop* const> loops, Duration stall_limit)
    : loops_(loops),
      stall_limit_(stall_limit),
      program_(backend::program_name()),
      process_(backend::process_number()),
      began_(backend::monotonic_time()) {}

auto ControlSite::app() -> http::App {
    http::App app;
    app.get(
        "/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text(std::string(route_list)); });
    app.get("/v1/snapshot", [this](http::Request& request) { return snapshot(request); });
    app.get("/v1/figures", [this](http::Request&) { return figures(); });
    app.get("/v1/histograms", [this](http::Request&) { return histograms(); });
    app.get("/v1/findings", [this](http::Request& request) { return findings(request); });
    app.get("/v1/stalls", [this](http::Request&) -> Task<http::Response> { co_return stalls(); });
    app.get("/v1/timing", [this](http::Request&) { return timing(); });
    app.put("/v1/timing", [this](http::Request& request) { return switch_timing(request); });
    app.get("/metrics", [this](http::Request&) { return metrics(); });
    add_recorder_routes(app, loops_, program_, process_);
    return app;
}

void ControlSite::head(JsonOut& json) const {
    json.open('{');
    json.number("version", control_version);
    json.number("pid", process_);
    json.text("program", program_);
    json.number("uptime_ns", (backend::monotonic_time() - began_).count());
}

auto ControlSite::snapshot(http::Request& request) -> Task<http::Response> {
    SnapshotOptions options;
    options.most_tasks = most_tasks(request);
    const auto all = co_await loops_.snapshots(options);
    co_return answer([&](JsonOut& json, std::ostream& out) {
        json.list("loops");
        for (const Snapshot& loop : all) {
            json.raw_item();
            write_json(out, loop);
        }
        json.close(']');
    });
}

auto ControlSite::figures() -> Task<http::Response> {
    const auto all = co_await loops_.figures();
    co_return answer([&](JsonOut& json, std::ostream&) {
        const auto stalled = stall_counts();
        json.number("stalls", std::accumulate(stalled.begin(), stalled.end(), std::uint64_t{0}));
        json.list("loops");
        for (const LoopFigures& loop : all) write_figures(json, loop);
        json.close(']');
    });
}

auto ControlSite::histograms() -> Task<http::Response> {
    const auto all = co_await loops_.figures();
    co_return answer([&](JsonOut& json, std::ostream&) {
        json.list("loops");
        for (const LoopFigures& loop : all) write_buckets(json, loop);
        json.close(']');
    });
}

auto ControlSite::metrics() -> Task<http::Response> {
    const auto all = co_await loops_.figures();
    std::ostringstream out;
    write_metrics(out, all);
    co_return http::Response::bytes("text/plain; version=0.0.4; charset=utf-8", std::move(out).str());
}

auto ControlSite::stalls() const -> http::Response {
    return answer([&](JsonOut& json, std::ostream&) {
        json.number("stall_limit_ns", stall_limit_.count());
        json.object("counts");
        const auto counts = stall_counts();
        for (std::size_t i = 0; i < counts.size(); ++i) json.number(to_string(static_cast<StallCause>(i)), counts[i]);
        json.close('}');
        json.list("stalls");
        for (const RecentStall& stall : recent_stalls()) write_stall(json, stall.report, stall.when - began_);
        json.close(']');
    });
}

}  // namespace gyre::obs
