#include "obs/place.hpp"
#include "obs/task_entry.hpp"
#include "obs/task_reader.hpp"
#include "obs/wait_info.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/wait_report.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gyre::obs {

namespace {

auto quantiles(const Histogram& of) -> Figures {
    return {of.count(), of.quantile(0.5), of.quantile(0.9), of.quantile(0.99), of.longest()};
}

class Decoder {
public:
    Decoder(Time now, const TaskTape& tape, const SnapshotOptions& options)
        : now_(now), from_(tape), options_(options) {}

    auto task() -> TaskInfo {
        from_.next_entry();
        const auto head = from_.take<EntryHead>();
        TaskInfo info;
        info.id = head.id;
        info.parent = head.parent;
        info.name = from_.take_text();
        info.spawned = make_place(head.spawned);
        info.priority = head.priority;
        if (head.born != Time{}) info.age = now_ - head.born;
        if (head.measured) info.stats = head.stats;
        if (head.cancelled) info.cancelled = cancelled();
        steps(info.stack);
        const bool found_ready = from_.take<bool>();
        info.state = found_ready ? TaskState::ready : TaskState::waiting;
        if (head.runs) info.state = TaskState::running;
        return info;
    }

private:
    struct Record {
        WaitRecord record;  ///< What it points to may be gone.
        std::string_view owner_name;
        std::source_location owner_place;
    };

    auto cancelled() -> Cancelled {
        const auto about = from_.take<EntryCause>();
        CancelCause cause;
        cause.kind = about.kind;
        cause.when = about.when;
        cause.where = about.where;
        cause.reason = from_.take_text();
        cause.who = from_.take_text();
        return {cause.kind, cause.text(), cause.when == Time{} ? Duration::zero() : now_ - cause.when};
    }

    void steps(Stack& stack) {
        for (;;) {
            switch (from_.take<EntryStep>()) {
            case EntryStep::await:
                stack.awaits.push_back({make_place(from_.take<std::source_location>()), {}});
                break;
            case EntryStep::scope:
                if (stack.awaits.empty()) stack.awaits.emplace_back();
                add_scope(stack.awaits.back().scope, record().record, now_);
                break;
            case EntryStep::wait:
                stack.wait = wait(record());
                break;
            case EntryStep::branch:
                steps(stack.branches.emplace_back());
                break;
            case EntryStep::end:
                return shorten(stack.awaits, options_.most_awaits);
            case EntryStep::too_long:
                return;
            }
        }
    }

    auto record() -> Record {
        Record read{from_.take<WaitRecord>(), {}, {}};
        read.record.name = from_.take_text();
        if (read.record.owner == nullptr) return read;
        read.owner_name = from_.take_text();
        read.owner_place = from_.take<std::source_location>();
        return read;
    }

    [[nodiscard]] auto wait(const Record& of) const -> WaitInfo {
        if (of.record.owner == nullptr) return describe_wait(of.record, {}, 0, now_);
        auto owner = of.owner_name.empty() ? internal::place_text(of.owner_place) : std::string(of.owner_name);
        return describe_wait(of.record, std::move(owner), task_id(of.record.owner), now_);
    }

    Time now_;
    TaskTape::Reading from_;
    const SnapshotOptions& options_;
};

}  // namespace

auto figures_of(const LoopHead& head) -> LoopFigures {
    LoopFigures all;
    all.loop = head.loop;
    all.backend = head.backend;
    all.task_count = head.task_count;
    all.ready = head.ready;
    all.timers = head.timers;
    all.in_flight = head.in_flight;
    all.unreceived_errors = head.unreceived_errors;
    all.turns = head.turns;
    all.slices = head.slices;
    all.cancelled = head.cancelled;
    if (head.measures) {
        const auto& measured = head.histograms;
        all.histograms = {{"turn", measured.turn}, {"slice", measured.slice}, {"delay", measured.delay}};
        static constexpr std::array<std::string_view, io_kind_count> names = {
            "io_accept", "io_connect", "io_receive", "io_send", "io_resolve", "io_file", "io_other"};
        for (std::size_t i = 0; i < io_kind_count; ++i) all.histograms.push_back({names[i], measured.io[i]});
    }
    return all;
}

auto decode(const RawSnapshot& raw, const SnapshotOptions& options) -> Snapshot {
    const auto& [head, tape, is_complete] = raw;
    Snapshot all;
    all.loop = head.loop;
    all.backend = head.backend;
    all.task_count = head.task_count;
    all.ready = head.ready;
    all.timers = head.timers;
    all.in_flight = head.in_flight;
    all.unreceived_errors = head.unreceived_errors;
    all.cancelled = head.cancelled;
    all.taken = head.now;
    all.beat = head.beat;
    if (head.measures) {
        all.turn = quantiles(head.histograms.turn);
        all.slice = quantiles(head.histograms.slice);
        all.delay = quantiles(head.histograms.delay);
        for (std::size_t i = 0; i < io_kind_count; ++i) all.io[i] = quantiles(head.histograms.io[i]);
    }
    // Of one that was read in several steps: a task that ended meanwhile may have left its number to a later one.
    std::unordered_map<std::uint64_t, std::size_t> known;
    Decoder decoder(head.now, tape, options);
    all.tasks.reserve(tape.entries());
    for (std::size_t i = 0; i < tape.entries(); ++i) {
        TaskInfo task = decoder.task();
        const auto [found, is_new] = known.emplace(task.id, all.tasks.size());
        if (is_new) {
            all.tasks.push_back(std::move(task));
        } else {
            all.tasks[found->second] = std::move(task);
        }
    }
    // While it was read in steps the number changed.
    all.task_count = is_complete ? all.tasks.size() : std::max(all.task_count, all.tasks.size());
    return all;
}

}  // namespace gyre::obs
