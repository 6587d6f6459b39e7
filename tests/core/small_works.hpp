#pragma once

#include "support/loops.hpp"

#include <stdexcept>
#include <string>
#include <utility>

/// Work that takes its time, for tests of what waits for it.
namespace gyre::testing {

inline auto give(int value, Duration delay) -> Task<int> {
    co_await sleep(delay);
    co_return value;
}

inline auto fail_after(Duration delay, std::string text = "work") -> Task<int> {
    co_await sleep(delay);
    throw std::runtime_error(std::move(text));
}

}  // namespace gyre::testing
