#include "obs/control_site.hpp"
#include "obs/json_out.hpp"
#include "obs/timing_name.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/server/http_error.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace gyre::obs {

namespace {

/// Of {"timing":"exact"} and the like.
auto asked_timing(std::string body) -> Timing {
    std::erase_if(body, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    constexpr std::string_view begin = R"({"timing":")";
    constexpr std::string_view end = R"("})";
    std::string_view name = body;
    if (name.starts_with(begin) && name.ends_with(end) && name.size() > begin.size() + end.size()) {
        name = name.substr(begin.size(), name.size() - begin.size() - end.size());
        if (const auto timing = timing_named(name)) return *timing;
    }
    throw http::HttpError(400, R"(the body says {"timing":"exact"}, {"timing":"sampled"} or {"timing":"off"})");
}

}  // namespace

auto ControlSite::switch_timing(http::Request& request) -> Task<http::Response> {
    const auto body = co_await request.text();
    const Timing wanted = asked_timing(body);
    for (EventLoop* loop : loops_.loops()) {
        try {
            loop->post([loop, wanted] { loop->set_timing(wanted); });
        } catch (const LoopError&) {  // it is closed, and measures nothing any more
        }
    }
    co_return co_await timing();
}

auto ControlSite::timing() -> Task<http::Response> {
    // Asked after what was posted: a loop that answers has switched.
    const auto all = co_await loops_.figures();
    co_return answer([&](JsonOut& json, std::ostream&) {
        json.list("loops");
        for (const LoopFigures& loop : all) {
            if (!loop.is_read) continue;
            json.open('{');
            json.number("loop", loop.loop);
            json.text("timing", timing_name(loop.timing));
            json.close('}');
        }
        json.close(']');
    });
}

}  // namespace gyre::obs
