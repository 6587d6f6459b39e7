#pragma once

#include <gyre/core/intrusive_list.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// What an object holds that its loop knows of; sockets have a list of their own.
enum class HeldKind : std::uint8_t { file, directory, watch, pipe, signals, process, buffer };

/// "file", "directory", "watch", "pipe", "signals", "process", "buffer"
[[nodiscard]] auto to_string(HeldKind kind) noexcept -> std::string_view;

/// Part of an object that holds a descriptor, or a buffer: from its begin to its end the loop of this thread knows of it, and
/// where it was opened. Thread: the loop's.
class HeldMark final : public ListLink<HeldMark> {
public:
    HeldMark() noexcept = default;
    HeldMark(const HeldMark&) = delete;
    auto operator=(const HeldMark&) -> HeldMark& = delete;
    ~HeldMark() { end(); }

    /// Without a loop, or without memory, nobody knows of it.
    /// @param what its path, or what else it is called; lives as long as this.
    void begin(HeldKind what_kind, const std::string& what) noexcept;
    void end() noexcept { unlink(); }
    /// The loop closes, and it is still held.
    void tell_leak(EventLoop& loop) noexcept;

    HeldKind kind = HeldKind::file;
    const std::string* name = nullptr;
    std::size_t size = 0;         ///< Of a buffer: what is in it.
    std::source_location opened;  ///< The program's line that had it opened; nothing outside of tasks.
    std::string opener;           ///< The name of that task, if it has one.
    std::uint64_t number = 0;     ///< Among those of its loop, the first is 1.
};

/// All that is held on one loop. Thread: the loop's.
class LoopHeld {
public:
    explicit LoopHeld(EventLoop& loop) noexcept : owner_(loop) {}
    LoopHeld(const LoopHeld&) = delete;
    auto operator=(const LoopHeld&) -> LoopHeld& = delete;
    /// What is left then is told as a leak.
    ~LoopHeld();

    IntrusiveList<HeldMark> held;
    std::uint64_t opened = 0;  ///< How many there were so far.

private:
    EventLoop& owner_;
};

}  // namespace gyre::internal
