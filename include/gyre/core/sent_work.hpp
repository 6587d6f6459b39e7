#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

/// Work that one loop has sent to another, as dumps tell of it. Each loop reads its own side, and nothing of the other one's.
namespace gyre::internal {

class TaskNode;

/// How far the work is, as the loop knows that has sent it.
struct SentWork {
    std::uint64_t task = 0;      ///< Number of the task that does it; 0: it has not begun, or is over.
    std::size_t loop = 0;        ///< The one that it was sent to: which of its run.
    std::source_location where;  ///< Of the call that sent it, and so of the spawn of that task.
    bool is_over = false;        ///< Its answer is on the way.
};

/// What its sender waits for, in words: "other loop 1, task of main.cpp:20".
[[nodiscard]] auto wait_text(const SentWork& work) -> std::string;

/// For whom the work is done, as the loop knows that does it: a copy, since the task is the other loop's.
struct Sender {
    std::uint64_t task = 0;  ///< Its number; 0: it is no task, but a thread.
    std::size_t loop = 0;    ///< Which of its run.
    std::source_location spawned;
    std::array<char, 32> name{};  ///< Ends with a null; of a longer one the start.

    /// Takes no memory. Thread: the task's.
    void set(const TaskNode& sender, std::size_t its_loop) noexcept;
    /// "task 'alice' of loop 0"
    [[nodiscard]] auto text() const -> std::string;
};

}  // namespace gyre::internal
