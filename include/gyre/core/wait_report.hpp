#pragma once

#include <gyre/core/wait_record.hpp>

#include <source_location>
#include <string>
#include <string_view>

namespace gyre::internal {

class Frame;
class Scheduler;

/// What a wait is for, in words: "lock 'left fork', which task 'Plato' holds; 2 wait for it", or "lock 'table', which task 'report',
/// which has ended, took".
[[nodiscard]] auto wait_text(const WaitRecord& record) -> std::string;
/// The same where the owner may be gone, and nothing of `remote` is told. @param owner what it was called. @param has_ended whether it had ended then.
[[nodiscard]] auto wait_text(const WaitRecord& record, std::string_view owner, bool has_ended) -> std::string;

/// Whether a place is in gyre's own frame around some work, which is nothing to the reader.
[[nodiscard]] auto is_wrapper(const std::source_location& where) noexcept -> bool;

/// Where the program waits whose last frame is `frame`.
[[nodiscard]] auto place_of_wait(const Frame& frame) noexcept -> std::source_location;

/// While one lives, the records of waits that this thread asks for take no memory: a signal handler asks.
class RecordsWithoutMemory {
public:
    RecordsWithoutMemory() noexcept;
    RecordsWithoutMemory(const RecordsWithoutMemory&) = delete;
    auto operator=(const RecordsWithoutMemory&) -> RecordsWithoutMemory& = delete;
    ~RecordsWithoutMemory();
};
/// Whether a record may make itself a name now.
[[nodiscard]] auto records_may_take_memory() noexcept -> bool;
/// Whether a file is one of gyre's own: a public header, or a source beside that of this function.
[[nodiscard]] auto is_of_library(std::string_view file) noexcept -> bool;

/// A line of the program, and the task that is there; nothing outside of tasks.
struct Caller {
    std::source_location where;
    const TaskNode* task = nullptr;
};

/// Who has asked for what runs now: the innermost line that is not gyre's own, in the running task or in one that waits for it.
[[nodiscard]] auto caller(const Scheduler& scheduler) noexcept -> Caller;

/// A line for each task and its chain of awaits: name, places, and what the last ones wait on. At most 100 tasks.
[[nodiscard]] auto wait_report(Scheduler& scheduler) -> std::string;

}  // namespace gyre::internal
