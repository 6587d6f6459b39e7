#include "obs/running.hpp"

#include "obs/place.hpp"

#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_report.hpp>

namespace gyre::obs {

void RunningTask::look(void* object) noexcept {
    auto& self = *static_cast<RunningTask*>(object);
    if (self.loop->beat() != self.beat) return;
    self.found = true;
    const auto& scheduler = self.loop->scheduler();
    // While a frame is destroyed its links are not to be trusted.
    const internal::Frame* frame = scheduler.unwinding == nullptr ? scheduler.current : nullptr;
    if (frame == nullptr || frame->scope == nullptr) return;
    const internal::TaskNode* task = frame->scope->task();
    if (task != nullptr) {
        self.has_task = true;
        const std::string_view name = task->name();
        name.copy(self.name.data(), self.name.size() - 1);
        self.spawned = task->location();
    }
    // Up to the start of the strand that runs, and from there down to the frame that was started last inside of it.
    while (const internal::Frame* parent = frame->parent()) frame = parent;
    while (frame != nullptr && self.depth < self.awaits.size()) {
        self.awaits[self.depth++] = frame->location();
        frame = frame->child_link() != nullptr ? frame->child_link()->child : nullptr;
    }
}

auto RunningTask::title() const -> std::string {
    if (!has_task) return {};
    if (name[0] != '\0') return name.data();
    const Place place = make_place(spawned);
    return std::string(place.file) + ":" + std::to_string(place.line);
}

auto RunningTask::places() const -> std::vector<Place> {
    std::vector<Place> all;
    for (std::size_t i = 0; i < depth; ++i) {
        if (!internal::is_wrapper(awaits[i])) all.push_back(make_place(awaits[i]));
    }
    return all;
}

}  // namespace gyre::obs
