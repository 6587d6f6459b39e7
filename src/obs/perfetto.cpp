#include "obs/protobuf.hpp"
#include "obs/timeline.hpp"

#include <gyre/core/duration_text.hpp>

#include <ostream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

// The numbers of the fields, as perfetto/trace/*.proto have them.
namespace trace {
constexpr unsigned packet = 1;
}  // namespace trace
namespace packet {
constexpr unsigned timestamp = 8;
constexpr unsigned sequence = 10;
constexpr unsigned track_event = 11;
constexpr unsigned interned_data = 12;
constexpr unsigned sequence_flags = 13;
constexpr unsigned track_descriptor = 60;
constexpr std::uint64_t starts_sequence = 1;
constexpr std::uint64_t needs_interned = 2;
}  // namespace packet
namespace track {
constexpr unsigned uuid = 1;
constexpr unsigned name = 2;
constexpr unsigned process = 3;
constexpr unsigned thread = 4;
constexpr unsigned parent = 5;
constexpr unsigned counter = 8;
}  // namespace track
namespace process {
constexpr unsigned pid = 1;
constexpr unsigned name = 6;
}  // namespace process
namespace thread {
constexpr unsigned pid = 1;
constexpr unsigned tid = 2;
constexpr unsigned name = 5;
}  // namespace thread
namespace event {
constexpr unsigned annotation = 4;
constexpr unsigned type = 9;
constexpr unsigned name_number = 10;
constexpr unsigned track = 11;
constexpr unsigned counter_value = 30;
constexpr unsigned flow = 47;
constexpr unsigned flow_end = 48;
}  // namespace event
namespace annotation {
constexpr unsigned integer = 4;
constexpr unsigned text = 6;
constexpr unsigned name = 10;
}  // namespace annotation
namespace interned {
constexpr unsigned event_name = 2;
constexpr unsigned number = 1;
constexpr unsigned name = 2;
}  // namespace interned

enum class Type : std::uint8_t { begin = 1, end = 2, instant = 3, counter = 4 };

// Tracks have numbers: the process, three of each loop, and some of each task.
constexpr std::uint64_t process_track = 1;
constexpr std::uint64_t tracks_of_a_loop = 4;
constexpr std::uint64_t first_loop_track = 16;
constexpr std::uint64_t first_task_track = std::uint64_t{1} << 32U;
constexpr std::uint64_t tracks_of_a_task = 16;
static_assert(io_kind_count < tracks_of_a_task);

auto loop_track(std::size_t loop) -> std::uint64_t { return first_loop_track + loop * tracks_of_a_loop; }
auto ready_track(std::size_t loop) -> std::uint64_t { return loop_track(loop) + 1; }
auto count_track(std::size_t loop) -> std::uint64_t { return loop_track(loop) + 2; }
auto task_track(std::uint32_t task) -> std::uint64_t { return first_task_track + task * tracks_of_a_task; }
auto io_track(std::uint32_t task, IoKind kind) -> std::uint64_t {
    return task_track(task) + 1 + static_cast<std::uint64_t>(kind);
}

class TraceWriter {
public:
    TraceWriter(std::ostream& out, const Recording& recording, const PerfettoOptions& options)
        : out_(out), all_(recording), options_(options), timeline_(recording), tasks_(recording.tasks.size() + 1) {}

    void write() {
        describe_process();
        for (const LoopRecording& loop : all_.loops) {
            describe_loop(loop);
            loop_ = loop.loop;
            is_running_ = false;
            stand(loop);
            for (const RecordedEvent& event : loop.events) write(event);
            close(loop);
        }
    }

private:
    /// What is open of a task.
    struct TaskTracks {
        bool described = false;
        bool has_slice = false;
        std::uint32_t io_described = 0;    ///< A bit for each `IoKind`.
        std::uint32_t io_open = 0;         ///< Likewise.
        std::vector<std::uint64_t> flows;  ///< To its next slice.
    };

    /// Opens slices for what tasks were doing when it began.
    void stand(const LoopRecording& loop) {
        for (const RecordedEvent& event : loop.standing) timeline_.apply(event);
        for (const RecordedEvent& event : loop.standing) {
            if (event.task == 0 || tasks_[event.task].has_slice) continue;
            describe_task(event.task);
            const auto& state = timeline_.of(event.task);
            RecordedEvent at = state.pause != nullptr ? *state.pause : event;
            at.when = loop.begin;
            before_ = loop.begin - state.since;
            if (state.phase == Phase::running) run(at);
            tasks_[event.task].has_slice = true;
            enter(at, state.phase);
            before_ = Duration::zero();
        }
    }

    /// What goes on when it ends lasts until then.
    void close(const LoopRecording& loop) {
        RecordedEvent at;
        at.when = end_of(loop);
        if (is_running_) end(at, loop_track(loop_));
        for (std::uint32_t number = 1; number < tasks_.size(); ++number) {
            TaskTracks& task = tasks_[number];
            if (all_.task(number).loop != loop.loop) continue;
            if (std::exchange(task.has_slice, false)) end(at, task_track(number));
            const std::uint32_t open = std::exchange(task.io_open, 0);
            for (std::size_t kind = 0; kind < io_kind_count; ++kind) {
                if ((open >> kind & 1U) != 0) end(at, io_track(number, static_cast<IoKind>(kind)));
            }
        }
    }

    void write(const RecordedEvent& event) {
        if (event.kind == EventKind::turn) {
            count(event, ready_track(loop_), event.ready);
            return count(event, count_track(loop_), event.value);
        }
        if (event.task == 0) return;
        describe_task(event.task);
        const auto before = timeline_.apply(event).phase;
        switch (event.kind) {
        case EventKind::spawn:
            instant(event, task_track(event.task), "spawn",
                [&](auto& fields) { annotate_task(fields, "by", event.other); });
            break;
        case EventKind::wake:
            wake(event);
            break;
        case EventKind::cancel:
            instant(event, task_track(event.task), "cancel", [&](auto& fields) {
                annotate(fields, "kind", to_string(event.cancel));
                annotate(fields, "reason", all_.text(event.object));
                annotate_task(fields, "by", event.other);
                if (event.place.line != 0) annotate(fields, "at", line_title(event.place));
            });
            break;
        case EventKind::io_begin:
        case EventKind::io_end:
            io(event);
            break;
        default:
            break;
        }
        if (timeline_.of(event.task).phase != before) change(event);
    }

    void wake(const RecordedEvent& event) {
        static constexpr std::string_view names[] = {"wake", "wake: I/O", "wake: timer", "wake: callback"};
        const std::uint64_t flow = ++last_flow_;
        tasks_[event.task].flows.push_back(flow);
        instant(event, loop_track(loop_), names[static_cast<std::size_t>(event.by)], [&](auto& fields) {
            annotate_task(fields, "task", event.task);
            if (event.to_stop) annotate(fields, "why", "cancelled");
            fields.fixed(event::flow, flow);
        });
    }

    /// The phase of a task has changed.
    void change(const RecordedEvent& event) {
        const Phase phase = timeline_.of(event.task).phase;
        TaskTracks& task = tasks_[event.task];
        if (phase == Phase::running) {
            run(event);
        } else if ((event.kind == EventKind::pause || event.kind == EventKind::end) &&
                   std::exchange(is_running_, false)) {
            end(event, loop_track(loop_));
        }
        if (std::exchange(task.has_slice, phase != Phase::ended)) end(event, task_track(event.task));
        enter(event, phase);
    }

    /// A slice on the track of the loop.
    void run(const RecordedEvent& event) {
        if (is_running_) end(event, loop_track(loop_));  // what it was is lost
        is_running_ = true;
        begin(event, loop_track(loop_), all_.task(event.task).title(), [&](auto& fields) {
            for (const std::uint64_t flow : std::exchange(tasks_[event.task].flows, {})) {
                fields.fixed(event::flow_end, flow);
            }
        });
    }

    /// A slice on the track of the task.
    void enter(const RecordedEvent& event, Phase phase) {
        switch (phase) {
        case Phase::running:
            return begin(event, task_track(event.task), "running", [](auto&) {});
        case Phase::ready:
            return begin(event, task_track(event.task), "ready", [](auto&) {});
        case Phase::waiting:
            return wait(event);
        case Phase::ended:
        case Phase::unknown:
            static constexpr std::string_view names[] = {"end", "end: error", "end: cancelled"};
            instant(event, task_track(event.task), names[static_cast<std::size_t>(event.outcome)], [](auto&) {});
        }
    }

    void wait(const RecordedEvent& event) {
        begin(event, task_track(event.task), event.stack == 0 ? "waits" : wait_title(all_, event), [&](auto& fields) {
            if (event.value >= 0) annotate(fields, "descriptor", event.value);
            if (before_ > Duration::zero()) annotate(fields, "before that, at least", internal::duration_text(before_));
            if (event.stack == 0) return;
            const auto& stack = all_.stacks[event.stack - 1];
            // The innermost line first, as its name is sorted and seen.
            std::size_t number = 0;
            for (auto place = stack.rbegin(); place != stack.rend(); ++place) {
                annotate(fields, "at " + std::to_string(number++), line_title(*place));
            }
        });
    }

    void io(const RecordedEvent& event) {
        TaskTracks& task = tasks_[event.task];
        const std::uint32_t bit = 1U << static_cast<unsigned>(event.io);
        const std::uint64_t where = io_track(event.task, event.io);
        if (event.kind == EventKind::io_end) {
            if ((task.io_open & bit) == 0) return;
            task.io_open &= ~bit;
            return add(event, Type::end, where, {}, [&](auto& fields) { annotate(fields, "result", event.value); });
        }
        if ((task.io_open & bit) != 0) end(event, where);  // two branches of it: the first one's end is lost
        if ((task.io_described & bit) == 0) describe_io(event.task, event.io);
        task.io_described |= bit;
        task.io_open |= bit;
        begin(event, where, std::string(to_string(event.io)), [&](auto& fields) {
            if (event.value >= 0) annotate(fields, "descriptor", event.value);
        });
    }

    // --- events -----------------------------------------------------------------------------------------------------

    template<class Fill>
    void begin(const RecordedEvent& event, std::uint64_t track, const std::string& name, Fill fill) {
        add(event, Type::begin, track, name, fill);
    }
    void end(const RecordedEvent& event, std::uint64_t track) {
        add(event, Type::end, track, {}, [](auto&) {});
    }
    template<class Fill>
    void instant(const RecordedEvent& event, std::uint64_t track, std::string_view name, Fill fill) {
        add(event, Type::instant, track, std::string(name), fill);
    }
    void count(const RecordedEvent& event, std::uint64_t track, std::int64_t value) {
        add(event, Type::counter, track, {},
            [&](auto& fields) { fields.number(event::counter_value, static_cast<std::uint64_t>(value)); });
    }

    template<class Fill>
    void add(const RecordedEvent& event, Type type, std::uint64_t track, const std::string& name, Fill fill) {
        ProtobufMessage packet;
        packet.number(packet::timestamp, static_cast<std::uint64_t>(event.when.time_since_epoch().count()));
        ProtobufMessage fields;
        fields.number(event::type, static_cast<std::uint64_t>(type));
        fields.number(event::track, track);
        if (!name.empty()) fields.number(event::name_number, number_of(packet, name));
        fill(fields);
        packet.message(packet::track_event, fields);
        write_packet(packet);
    }

    /// A name is written once.
    auto number_of(ProtobufMessage& packet, const std::string& name) -> std::uint64_t {
        const auto [known, is_new] = names_.emplace(name, names_.size() + 1);
        if (!is_new) return known->second;
        ProtobufMessage entry;
        entry.number(interned::number, known->second);
        entry.text(interned::name, name);
        ProtobufMessage data;
        data.message(interned::event_name, entry);
        packet.message(packet::interned_data, data);
        return known->second;
    }

    static void annotate(ProtobufMessage& fields, std::string_view name, std::string_view value) {
        if (value.empty()) return;
        ProtobufMessage one;
        one.text(annotation::text, value);
        one.text(annotation::name, name);
        fields.message(event::annotation, one);
    }
    static void annotate(ProtobufMessage& fields, std::string_view name, std::int64_t value) {
        ProtobufMessage one;
        one.number(annotation::integer, static_cast<std::uint64_t>(value));
        one.text(annotation::name, name);
        fields.message(event::annotation, one);
    }
    void annotate_task(ProtobufMessage& fields, std::string_view name, std::uint32_t task) const {
        if (task != 0) annotate(fields, name, all_.task(task).title());
    }

    // --- tracks -----------------------------------------------------------------------------------------------------

    void describe_process() {
        ProtobufMessage process;
        process.number(process::pid, static_cast<std::uint64_t>(options_.pid));
        process.text(process::name, options_.process);
        ProtobufMessage track;
        track.number(track::uuid, process_track);
        track.message(track::process, process);
        describe(track);
    }

    void describe_loop(const LoopRecording& loop) {
        const std::string name = "loop " + std::to_string(loop.loop);
        ProtobufMessage thread;
        thread.number(thread::pid, static_cast<std::uint64_t>(options_.pid));
        thread.number(thread::tid, static_cast<std::uint64_t>(options_.pid) + loop.loop);
        thread.text(thread::name, name + " (" + loop.backend + ")");
        ProtobufMessage track;
        track.number(track::uuid, loop_track(loop.loop));
        track.number(track::parent, process_track);
        track.message(track::thread, thread);
        describe(track);
        describe_counter(ready_track(loop.loop), name + ": ready");
        describe_counter(count_track(loop.loop), name + ": tasks");
    }

    void describe_counter(std::uint64_t number, const std::string& name) {
        ProtobufMessage track = named(number, process_track, name);
        track.message(track::counter, {});
        describe(track);
    }

    void describe_task(std::uint32_t task) {
        if (std::exchange(tasks_[task].described, true)) return;
        describe(named(task_track(task), process_track, all_.task(task).title()));
    }

    void describe_io(std::uint32_t task, IoKind kind) {
        describe(named(io_track(task, kind), task_track(task), std::string(to_string(kind))));
    }

    static auto named(std::uint64_t number, std::uint64_t parent, const std::string& name) -> ProtobufMessage {
        ProtobufMessage track;
        track.number(track::uuid, number);
        track.number(track::parent, parent);
        track.text(track::name, name);
        return track;
    }

    void describe(const ProtobufMessage& track) {
        ProtobufMessage packet;
        packet.message(packet::track_descriptor, track);
        write_packet(packet);
    }

    void write_packet(ProtobufMessage& packet) {
        packet.number(packet::sequence, 1);
        packet.number(
            packet::sequence_flags, std::exchange(is_first_, false) ? packet::starts_sequence : packet::needs_interned);
        ProtobufMessage whole;
        whole.message(trace::packet, packet);
        out_ << whole.bytes();
    }

    std::ostream& out_;
    const Recording& all_;
    const PerfettoOptions& options_;
    Timeline timeline_;
    std::vector<TaskTracks> tasks_;
    std::unordered_map<std::string, std::uint64_t> names_;
    std::uint64_t last_flow_ = 0;
    std::size_t loop_ = 0;
    Duration before_{};        ///< How long what is written now has lasted already.
    bool is_running_ = false;  ///< A task, on the track of the loop.
    bool is_first_ = true;
};

}  // namespace

void write_perfetto(std::ostream& out, const Recording& recording, const PerfettoOptions& options) {
    TraceWriter(out, recording, options).write();
}

}  // namespace gyre::obs
