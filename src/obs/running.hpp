#pragma once

#include <gyre/obs/snapshot.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace gyre::obs {

/// The task whose code a loop runs at this moment, as a signal handler on the loop's thread can note it: no memory is taken,
/// and nothing is touched that may be half changed there.
struct RunningTask {
    EventLoop* loop = nullptr;
    std::uint64_t beat = 0;  ///< Of the turn that is asked for.
    bool found = false;      ///< The turn lasts still.
    std::array<char, 64> name{};
    std::source_location spawned;
    std::array<std::source_location, 32> awaits;  ///< The outermost first.
    std::size_t depth = 0;
    bool has_task = false;

    /// Fills `*object`, a RunningTask. Thread: the loop's, in a signal handler.
    static void look(void* object) noexcept;

    [[nodiscard]] auto title() const -> std::string;
    [[nodiscard]] auto places() const -> std::vector<Place>;
};

}  // namespace gyre::obs
