#include "obs/timeline.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <string>

namespace gyre::obs {

namespace {

/// Without what has a meaning in this format.
auto plain(std::string_view text) -> std::string {
    std::string all(text);
    std::replace_if(all.begin(), all.end(), [](char c) { return c == ';' || static_cast<unsigned char>(c) < ' '; }, '_');
    return all;
}

class Folder {
public:
    Folder(const Recording& recording, FoldedKind kind) : all_(recording), kind_(kind), timeline_(recording) {}

    void read(const LoopRecording& loop) {
        begin_ = loop.begin;
        for (const RecordedEvent& event : loop.standing) timeline_.apply(event);
        for (const RecordedEvent& event : loop.events) {
            const auto before = timeline_.apply(event);
            if (event.task != 0 && timeline_.of(event.task).phase != before.phase) leave(event, before);
        }
        const Time end = end_of(loop);
        const Phase counts = kind_ == FoldedKind::waiting ? Phase::waiting : Phase::running;
        for (std::uint32_t task = 1; task <= all_.tasks.size(); ++task) {
            const auto& state = timeline_.of(task);
            if (state.phase == counts && all_.task(task).loop == loop.loop) add(task, state.pause, state.since, end);
        }
    }

    void write(std::ostream& out) const {
        for (const auto& [stack, time] : times_) out << stack << ' ' << time << '\n';
    }

private:
    /// The task has left the phase of `before`.
    void leave(const RecordedEvent& event, const Timeline::TaskState& before) {
        if (before.phase == Phase::waiting && kind_ == FoldedKind::waiting) {
            add(event.task, before.pause, before.since, event.when);
        }
        if (before.phase != Phase::running || kind_ != FoldedKind::running) return;
        // Its first slice came from nowhere: it counts for the line where it stopped.
        const RecordedEvent* stop = event.kind == EventKind::pause ? &event : nullptr;
        add(event.task, before.pause != nullptr ? before.pause : stop, before.since, event.when);
    }

    void add(std::uint32_t task, const RecordedEvent* pause, Time since, Time until) {
        const Duration length = until - std::max(since, begin_);
        if (length <= Duration::zero()) return;
        std::string stack = plain(all_.task(task).title());
        if (pause != nullptr && pause->stack != 0) {
            for (const Place& place : all_.stacks[pause->stack - 1]) stack += ";" + plain(line_title(place));
            if (kind_ == FoldedKind::waiting) stack += ";" + plain(wait_title(all_, *pause));
        }
        times_[stack] += static_cast<std::uint64_t>(length.count());
    }

    const Recording& all_;
    FoldedKind kind_;
    Timeline timeline_;
    Time begin_{};  ///< Of the loop that is read.
    std::map<std::string, std::uint64_t> times_;
};

}  // namespace

auto to_string(FoldedKind kind) noexcept -> std::string_view {
    return kind == FoldedKind::running ? "running" : "waiting";
}

auto wait_title(const Recording& recording, const RecordedEvent& pause) -> std::string {
    std::string title(to_string(pause.wait));
    const std::string_view object = recording.text(pause.object);
    if (object.empty()) return title;
    if (pause.wait == WaitKind::socket) return title.append(": ").append(object);
    return title.append(" '").append(object).append("'");
}

auto line_title(const Place& place) -> std::string {
    std::string title(place.file);
    title += ":" + std::to_string(place.line);
    return place.function.empty() ? title : title.append(" ").append(place.function);
}

void write_folded(std::ostream& out, const Recording& recording, FoldedKind kind) {
    Folder folder(recording, kind);
    for (const LoopRecording& loop : recording.loops) folder.read(loop);
    folder.write(out);
}

}  // namespace gyre::obs
