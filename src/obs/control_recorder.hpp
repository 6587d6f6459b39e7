#pragma once

#include <gyre/http/server/app.hpp>

#include <string>
#include <string_view>

namespace gyre::obs {

class ProgramLoops;

/// What an answer says of the recording in its body: how many tasks it is of, and what is missing.
inline constexpr std::string_view tasks_field = "Gyre-Tasks";
inline constexpr std::string_view notice_field = "Gyre-Notice";

/// Adds the routes of the control socket that are about the recorder: /v1/recorder, /v1/trace, /v1/folded.
/// @param loops whose recorders they are; they live longer than `app`.
void add_recorder_routes(http::App& app, ProgramLoops& loops, std::string program, int process);

}  // namespace gyre::obs
