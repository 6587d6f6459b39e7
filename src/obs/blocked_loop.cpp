#include "obs/looks.hpp"

#include <gyre/core/duration_text.hpp>

namespace gyre::obs {

auto blocked_loop(Duration lasted, Duration long_wait, std::string_view cause) -> Finding {
    const bool is_long = lasted >= long_wait;
    Finding finding{is_long ? Rule::never_yields : Rule::long_slice, is_long ? Severity::error : Severity::warning};
    finding.text = "blocks its loop since " + internal::duration_text(lasted) + ": ";
    finding.text += cause.empty() ? "nothing else of it can run" : cause;
    finding.advice = "move what computes or blocks to a thread (to_thread), or yield_now in a long computation";
    return finding;
}

auto blocked_loop(const Snapshot& look, Duration long_wait) -> Finding {
    Finding finding = blocked_loop(*look.blocked_for, long_wait, look.blocked_by);
    for (const TaskInfo& task : look.tasks) {
        if (task.state != TaskState::running) continue;
        finding.task = title_of(task);
        finding.task_id = task.id;
        finding.place = end_of(task);
    }
    return finding;
}

auto whole_looks(std::span<const Snapshot> looks) -> std::span<const Snapshot> {
    const auto is_whole = [](const Snapshot& look) { return look.is_read && !look.blocked_for; };
    while (!looks.empty() && !is_whole(looks.back())) looks = looks.first(looks.size() - 1);
    std::size_t count = 0;
    while (count < looks.size() && is_whole(looks[looks.size() - 1 - count])) ++count;
    return looks.last(count);
}

}  // namespace gyre::obs
