#include "obs/place.hpp"
#include "obs/sockets.hpp"
#include "obs/task_entry.hpp"
#include "obs/task_reader.hpp"
#include "obs/wait_info.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/sent_work.hpp>
#include <gyre/core/wait_report.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

auto quantiles(const Histogram& of) -> Figures {
    return {of.count(), of.quantile(0.5), of.quantile(0.9), of.quantile(0.99), of.longest()};
}

/// Most tasks stand at few places, and the name of a function takes long to read.
class Places {
public:
    auto of(const std::source_location& where) -> const Place& {
        const auto [found, is_new] = known_.try_emplace({where.function_name(), where.line()});
        if (is_new) found->second = make_place(where);
        return found->second;
    }

private:
    using Key = std::pair<const char*, std::uint_least32_t>;
    struct Hash {
        auto operator()(const Key& key) const noexcept -> std::size_t {
            return std::hash<const void*>()(key.first) * 31 + key.second;
        }
    };
    std::unordered_map<Key, Place, Hash> known_;
};

class Decoder {
public:
    Decoder(Time now, const TaskTape& tape, const SnapshotOptions& options)
        : now_(now), from_(tape), options_(options) {}

    auto socket() -> SocketInfo { return take_socket(from_); }

    auto task() -> TaskInfo {
        from_.next_entry();
        const auto head = from_.take<EntryHead>();
        TaskInfo info;
        info.id = head.id;
        info.parent = head.parent;
        info.name = from_.take_text();
        info.spawned = places_.of(head.spawned);
        info.priority = head.priority;
        if (head.born != Time{}) info.age = now_ - head.born;
        if (head.is_sent) {
            const auto sender = from_.take<internal::Sender>();
            info.sender = sender.text();
            info.sender_id = sender.task;
        }
        if (head.measured) info.stats = from_.take<TaskStats>();
        if (head.cancelled) info.cancelled = cancelled();
        info.stack.limit = head.deadline;
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
        bool owner_ended = false;
        internal::SentWork sent;
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
                stack.awaits.push_back({places_.of(from_.take<std::source_location>()), {}});
                break;
            case EntryStep::scope:
                scope(stack);
                break;
            case EntryStep::wait:
                wait(stack);
                break;
            case EntryStep::branch:
                stack.branches.emplace_back().limit = inside_;
                branch(stack.branches.back());
                break;
            case EntryStep::cancelled:
                part_cancelled(stack);
                break;
            case EntryStep::woken:
                stack.woken_from = from_.take<WaitKind>();
                stack.yields = stack.woken_from == WaitKind::yield;
                break;
            case EntryStep::lost:
                stack.lost = true;
                break;
            case EntryStep::end:
                return shorten(stack.awaits, options_.most_awaits);
            case EntryStep::too_long:
                return;
            }
        }
    }

    auto record() -> Record {
        Record read{from_.take<WaitRecord>(), {}, {}, false, {}};
        read.record.name = from_.take_text();
        if (read.record.owner != nullptr) {
            read.owner_name = from_.take_text();
            read.owner_place = from_.take<std::source_location>();
            read.owner_ended = from_.take<bool>();
        }
        if (read.record.remote != nullptr) read.sent = from_.take<internal::SentWork>();
        return read;
    }

    void scope(Stack& stack) {
        const WaitRecord inside = record().record;
        if (stack.awaits.empty()) stack.awaits.emplace_back();
        add_scope(stack.awaits.back().scope, inside, now_);
        stack.limit = std::min(stack.limit, inside.deadline);
    }

    void part_cancelled(Stack& stack) {
        Cancelled part = cancelled();
        // Of the branches of the wait that was read last, or of the scope that was.
        add_cancelled(stack.wait ? stack.wait->text : stack.awaits.back().scope, part);
        if (!stack.part_cancelled) stack.part_cancelled = std::move(part);
    }

    void wait(Stack& stack) {
        const Record of = record();
        auto owner = of.record.owner == nullptr ? std::string() : title(of.owner_name, of.owner_place);
        stack.wait = describe_wait(of.record, {std::move(owner), task_id(of.record.owner), of.owner_ended}, now_);
        if (of.record.remote != nullptr) describe_sent(of.sent, *stack.wait);
        stack.wait->holders = holders(of.record.object);
        inside_ = std::min(stack.limit, of.record.deadline);
    }

    void branch(Stack& stack) {
        const Time limit = inside_;
        steps(stack);
        inside_ = limit;  // those of a branch within it have another
    }

    auto holders(const void* object) -> const std::vector<Holder>& {
        auto& all = holders_[object];
        const auto count = from_.take<std::uint8_t>();
        if (count == same_holders) return all;
        all.clear();
        for (std::uint8_t i = 0; i < count; ++i) {
            Holder& holder = all.emplace_back();
            holder.id = from_.take<std::uint64_t>();
            const auto name = from_.take_text();
            holder.task = title(name, from_.take<std::source_location>());
            holder.ended = from_.take<bool>();
        }
        return all;
    }

    static auto title(std::string_view name, const std::source_location& spawned) -> std::string {
        return name.empty() ? internal::place_text(spawned) : std::string(name);
    }

    Time now_;
    TaskTape::Reading from_;
    const SnapshotOptions& options_;
    Places places_;
    std::unordered_map<const void*, std::vector<Holder>> holders_;  ///< By what they hold a part of.
    Time inside_ = Time::max();                                     ///< The limit of the branches of the last wait.
};

}  // namespace

auto figures_of(const LoopHead& head) -> LoopFigures {
    LoopFigures all;
    all.loop = head.loop;
    all.backend = head.backend;
    all.timing = head.timing;
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
    const LoopHead& head = raw.head;
    Snapshot all = raw.rest;
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
    all.turns = head.turns;
    all.slices = head.slices;
    all.expected_posts = head.expected_posts;
    all.timers_armed = head.timers_armed;
    all.timers_fired = head.timers_fired;
    all.never_started_count = head.never_started;
    all.steps = raw.steps;
    if (head.measures) {
        all.turn = quantiles(head.histograms.turn);
        all.slice = quantiles(head.histograms.slice);
        all.delay = quantiles(head.histograms.delay);
        for (std::size_t i = 0; i < io_kind_count; ++i) all.io[i] = quantiles(head.histograms.io[i]);
    }
    // Of one that was read in several steps: a task that ended meanwhile may have left its number to a later one.
    std::unordered_map<std::uint64_t, std::size_t> known;
    Decoder decoder(head.now, raw.tape, options);
    for (std::size_t i = 0; i < raw.sockets; ++i) all.sockets.push_back(decoder.socket());
    const std::size_t count = raw.tape.entries() - raw.sockets;
    all.tasks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        TaskInfo task = decoder.task();
        const auto [found, is_new] = known.emplace(task.id, all.tasks.size());
        if (is_new) {
            all.tasks.push_back(std::move(task));
        } else {
            all.tasks[found->second] = std::move(task);
        }
    }
    // While it was read in steps the number changed.
    all.task_count = raw.is_complete ? all.tasks.size() : std::max(all.task_count, all.tasks.size());
    return all;
}

}  // namespace gyre::obs
