#include <gyre/core/debug_layout.hpp>

#include <gyre/core/branches.hpp>
#include <gyre/core/task_node.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gyre::internal {

namespace {

constexpr std::size_t most_loops = 256;
constexpr std::uint64_t version = 1;

}  // namespace

/// Offsets in bytes. The script knows their order by the version.
struct DebugOffsets {
    std::uint64_t version;
    std::uint64_t scheduler_owners;
    std::uint64_t scheduler_current;
    std::uint64_t owner_link;  ///< Of the link in a TaskOwner: pointers to the next one and the one before.
    std::uint64_t owner_tasks;
    std::uint64_t task_link;
    std::uint64_t task_strand;
    std::uint64_t strand_root;
    std::uint64_t task_place;  ///< source_location, or a pointer to a block that begins with one and the task's name.
    std::uint64_t frame_continuation;
    std::uint64_t frame_awaiting;
    std::uint64_t frame_location;
    std::uint64_t frame_state;
    std::uint64_t frame_queued;
    std::uint64_t extra_name;
};

/// Of the branches of a `gather` or `race`, which lie one behind the other.
struct DebugBranches {
    std::uint64_t version;
    std::uint64_t size;
    std::uint64_t strand;
    std::uint64_t owner;  ///< The wait that they are of.
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // no base is virtual, so both compilers know

/// May look where things lie.
class DebugLayout {
public:
    __attribute__((no_sanitize("undefined"))) static auto read() noexcept -> DebugOffsets {
        // Where a base lies does not depend on what is there.
        constexpr std::uintptr_t somewhere = 0x10000;
        const auto* owner = reinterpret_cast<const TaskOwner*>(somewhere);
        const auto* task = reinterpret_cast<const TaskNode*>(somewhere);
        const auto offset = [](const void* base) { return reinterpret_cast<std::uintptr_t>(base) - somewhere; };
        return {version, offsetof(Scheduler, owners), offsetof(Scheduler, current),
            offset(static_cast<const ListLink<TaskOwner>*>(owner)), offsetof(TaskOwner, tasks),
            offset(static_cast<const ListLink<TaskNode>*>(task)), offset(static_cast<const Strand*>(task)),
            offsetof(Strand, root), offsetof(TaskNode, extra_), offsetof(Frame, continuation_),
            offsetof(Frame, awaiting_), offsetof(Frame, location_), offsetof(Frame, state), offsetof(Frame, queued),
            offsetof(TaskNode::Extra, name)};
    }
    __attribute__((no_sanitize("undefined"))) static auto read_branches() noexcept -> DebugBranches {
        constexpr std::uintptr_t somewhere = 0x10000;
        const auto* branch = reinterpret_cast<const Branch*>(somewhere);
        const auto strand = reinterpret_cast<std::uintptr_t>(static_cast<const Strand*>(branch)) - somewhere;
        return {version, sizeof(Branch), strand, offsetof(Branch, owner)};
    }
};

#pragma GCC diagnostic pop

}  // namespace gyre::internal

// Found by their names.
extern "C" {
[[gnu::used]] gyre::internal::DebugOffsets gyre_debug_offsets{};
[[gnu::used]] gyre::internal::DebugBranches gyre_debug_branches{};
[[gnu::used]] std::array<std::atomic<const gyre::internal::Scheduler*>, gyre::internal::most_loops> gyre_schedulers{};
}

namespace gyre::internal {

void show_to_debuggers(const Scheduler& scheduler) noexcept {
    static const bool filled = [] {
        gyre_debug_offsets = DebugLayout::read();
        gyre_debug_branches = DebugLayout::read_branches();
        return true;
    }();
    static_cast<void>(filled);
    for (auto& slot : gyre_schedulers) {
        const Scheduler* nobody = nullptr;
        if (slot.compare_exchange_strong(nobody, &scheduler)) return;
    }
}

void hide_from_debuggers(const Scheduler& scheduler) noexcept {
    for (auto& slot : gyre_schedulers) {
        const Scheduler* me = &scheduler;
        if (slot.compare_exchange_strong(me, nullptr)) return;
    }
}

}  // namespace gyre::internal
