#pragma once

#include <cstddef>
#include <span>

namespace gyre {

/// Fills `bytes` from the random source of the loop that runs here: the kernel's, fit for keys and tokens, or in a simulated
/// world the one of its seed, so that a run can be repeated.
/// @throws LoopError outside of a loop, std::system_error if the kernel refuses. Source: os.urandom, getrandom(2).
void fill_random(std::span<std::byte> bytes);

}  // namespace gyre
