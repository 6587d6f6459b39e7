#pragma once

#include <gyre/http/server/app.hpp>

#include <span>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::obs {

/// Adds the routes of the control socket that are about the recorder: /v1/recorder, /v1/trace, /v1/folded.
/// @param loops whose recorders they are; they live longer than `app`.
void add_recorder_routes(http::App& app, std::span<EventLoop* const> loops, std::string program, int process);

}  // namespace gyre::obs
