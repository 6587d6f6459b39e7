#pragma once

#include <gyre/core/loop.hpp>

namespace gyre::obs {

/// `options`, and what the environment variable GYRE_OBSERVE asks for besides, so that a deployed program can be looked at without
/// being built anew: `gyre::run(amain(), gyre::obs::observed())`.
///
/// The variable holds words with commas between them: `control` (see `control_socket`), `quit` (`RunOptions::dump_on_quit`), `stall`
/// or `stall=100ms` (`stall_limit`; 25 ms if it does not say), `exact` (`Timing::exact`), `record` (the recorder is on from the
/// start). What `options` ask for themselves stays, save that `stall=100ms` and `exact` take the place of theirs. Unset or
/// empty: nothing.
/// @throws std::invalid_argument for other words; the text names those that there are.
[[nodiscard]] auto observed(RunOptions options = {}) -> RunOptions;

}  // namespace gyre::obs
