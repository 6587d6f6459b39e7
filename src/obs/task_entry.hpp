#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/spawn_options.hpp>
#include <gyre/core/task_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>

/// What `TaskReader` writes of a task, and `decode` reads: head, name, sender if it has one, figures if it is measured, cause with
/// its two texts if there is one, steps, and whether a part of it is ready.
namespace gyre::obs {

struct EntryHead {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::source_location spawned;
    Time born{};
    Time deadline = Time::max();
    Priority priority = Priority::normal;
    bool measured = false;
    bool runs = false;
    bool cancelled = false;
    bool is_sent = false;  ///< By a task of another loop.
};

struct EntryCause {
    CancelKind kind = CancelKind::request;
    Time when{};
    std::source_location where;
};

/// What follows is in brackets. A record is the record itself, its name, if there is an owner its name, its line, and whether it
/// has ended, and if another loop works for it how far that is.
enum class EntryStep : std::uint8_t {
    await,  ///< (line)
    scope,  ///< What the later awaits are inside of. (record)
    wait,  ///< What it is suspended on. (record, number of holders; for each of them id, name, line, whether it has ended)
    branch,     ///< Of the last wait: steps, up to an `end`.
    cancelled,  ///< Of the last scope, or of the branches of the last wait. (cause with its two texts)
    woken,      ///< It is ready. (kind of the wait that has ended)
    lost,       ///< It is suspended, and nothing knows on what.
    end,        ///< Of a branch, or of all.
    too_long,   ///< Instead of all steps.
};

inline constexpr std::size_t most_branches = 256;
inline constexpr std::uint8_t most_holders = 8;
inline constexpr std::uint8_t same_holders = 0xff;  ///< Instead of their number: as at the last wait for the same object.
inline constexpr int most_branch_depth = 32;        // of branches within branches: each takes native stack

inline auto task_id(const void* task) noexcept -> std::uint64_t { return reinterpret_cast<std::uintptr_t>(task); }

}  // namespace gyre::obs
