#include "core/held.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_report.hpp>

namespace gyre::internal {

auto to_string(HeldKind kind) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"file", "directory", "watch", "pipe", "signals", "process", "buffer"};
    return names[static_cast<std::size_t>(kind)];
}

void HeldMark::begin(HeldKind what_kind, const std::string& what) noexcept {
    EventLoop* loop = current_loop();
    if (loop == nullptr) return;
    end();
    kind = what_kind;
    name = &what;
    const Caller asked = caller(loop->scheduler());
    opened = asked.where;
    try {
        auto& all = loop->local<LoopHeld>();
        number = ++all.opened;
        all.held.push_back(*this);
        if (asked.task != nullptr) opener = asked.task->name();
    } catch (...) {  // no memory, or the loop closes
    }
}

void HeldMark::tell_leak(EventLoop& loop) noexcept {
    if (!linked()) return;
    end();
    if (LeakCheck* leaks = loop.leak_check()) leaks->held_left(*this);
}

LoopHeld::~LoopHeld() {
    while (HeldMark* mark = held.front()) mark->tell_leak(owner_);
}

}  // namespace gyre::internal
