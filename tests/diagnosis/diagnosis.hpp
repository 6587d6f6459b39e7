#pragma once

#include <gyre/gyre.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs/control.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Each program here has one fault, and goes on until it is ended. `run` asks it with SIGQUIT and with `gyre doctor` what is wrong;
/// what either says must name the task, the line with the mark `<- here`, and the cause, as the first lines of the source say:
///
///     // rule: the rule of the finding, or `leak` for what is said at the end of a run
///     // task: its name
///     // says: a regular expression that the cause matches

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers)

namespace diagnosis {

inline constexpr gyre::RunOptions options{.on_deadlock = gyre::OnDeadlock::report,
    .on_leak = gyre::OnLeak::report,
    .dump_on_quit = true,
    .long_wait = std::chrono::milliseconds(200),
    .control = &gyre::obs::control_socket};

}  // namespace diagnosis
