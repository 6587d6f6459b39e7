#pragma once

#include <gyre/core/task.hpp>

#include <span>

namespace smoke {

struct Work {
    const char* name;
    const char* backends;  ///< On which it is counted, with commas. Real timers fire when they fire: these are for "sim" alone.
    gyre::Task<> (*run)();
};

extern const std::span<const Work> works;

}  // namespace smoke
