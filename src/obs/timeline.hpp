#pragma once

#include <gyre/obs/recording.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gyre::obs {

/// What a task is doing, as its events tell.
enum class Phase : std::uint8_t { unknown, ready, running, waiting, ended };

/// Follows the tasks of a recording from event to event, by the rules of `internal::TaskClock`.
class Timeline {
public:
    struct TaskState {
        Phase phase = Phase::unknown;
        Time since{};
        std::uint32_t ready = 0;               ///< How many of its branches are.
        const RecordedEvent* pause = nullptr;  ///< The last one.
    };

    explicit Timeline(const Recording& recording) : states_(recording.tasks.size() + 1) {}

    /// Call in order of the events of a loop. @return the state before.
    auto apply(const RecordedEvent& event) -> TaskState {
        TaskState& state = states_[event.task];
        const TaskState before = state;
        if (event.task == 0) return before;
        switch (event.kind) {
        case EventKind::wake:
            if (state.ready++ == 0 && state.phase != Phase::running) enter(state, Phase::ready, event.when);
            break;
        case EventKind::run:
            if (event.starts_slice && state.ready > 0) --state.ready;
            enter(state, Phase::running, event.when);
            break;
        case EventKind::pause:
            state.pause = &event;
            enter(state, state.ready > 0 ? Phase::ready : Phase::waiting, event.when);
            break;
        case EventKind::end:
            enter(state, Phase::ended, event.when);
            break;
        default:
            break;
        }
        return before;
    }
    [[nodiscard]] auto of(std::uint32_t task) const -> const TaskState& { return states_[task]; }

private:
    static void enter(TaskState& state, Phase next, Time now) {
        if (state.phase == Phase::ended) return;
        if (state.phase != next) state.since = now;
        state.phase = next;
    }

    std::vector<TaskState> states_;
};

/// Until when what goes on is told.
[[nodiscard]] inline auto end_of(const LoopRecording& loop) -> Time {
    return loop.events.empty() ? loop.end : std::max(loop.end, loop.events.back().when);
}

/// "event 'doorbell'", "socket: receive"
[[nodiscard]] auto wait_title(const Recording& recording, const RecordedEvent& pause) -> std::string;

/// "main.cpp:12 amain"
[[nodiscard]] auto line_title(const Place& place) -> std::string;

}  // namespace gyre::obs
