#pragma once

#include <gyre/core/callback.hpp>

#include <atomic>
#include <cstdint>

namespace gyre::internal {

/// What other threads hand to a loop: a stack that many push to and the loop empties at once, oldest first.
///
/// Whether the loop sleeps is in the same word, so that only a push onto a sleeping loop has to wake it.
class PostQueue {
public:
    enum class Pushed : std::uint8_t { awake, asleep, closed };

    /// Adds a callback. @return whether the loop sleeps and must be woken; `closed`: it was not taken. Thread: any.
    [[nodiscard]] auto push(Callback& callback) noexcept -> Pushed;

    /// Everything pushed so far, oldest first, linked by `next`; the loop counts as awake. Thread: the loop's.
    [[nodiscard]] auto take() noexcept -> Callback*;

    /// The loop goes to sleep. False if something is there. Thread: the loop's.
    [[nodiscard]] auto sleep() noexcept -> bool;

    /// Refuses everything from now on. @return as `take`. Thread: the loop's.
    [[nodiscard]] auto close() noexcept -> Callback*;

    [[nodiscard]] auto empty() const noexcept -> bool { return head_.load(std::memory_order_relaxed) == word_empty; }

private:
    static constexpr std::uintptr_t word_empty = 0;
    static constexpr std::uintptr_t word_asleep = 1;
    static constexpr std::uintptr_t word_closed = 2;

    [[nodiscard]] static auto reversed(std::uintptr_t head) noexcept -> Callback*;

    /// Values: empty (the loop is awake), asleep (empty, and the loop sleeps or is about to), closed, or a Callback*, the
    /// newest. Written by any thread (push) and by the loop (take, sleep, close); read by both.
    std::atomic<std::uintptr_t> head_{word_empty};
};

}  // namespace gyre::internal
