#include "obs/json_out.hpp"

#include <gyre/obs/dump.hpp>

#include <ostream>
#include <string>
#include <string_view>

namespace gyre::obs {

namespace {

constexpr int format_version = 1;

class JsonWriter : private JsonOut {
public:
    using JsonOut::JsonOut;

    void write(const Snapshot& all) {
        taken_ = all.taken;
        open('{');
        number("version", format_version);
        number("loop", all.loop);
        text("backend", all.backend);
        number("task_count", all.task_count);
        number("ready", all.ready);
        number("timers", all.timers);
        number("in_flight", all.in_flight);
        number("unreceived_errors", all.unreceived_errors);
        list("cancelled");
        for (std::size_t i = 0; i < all.cancelled.size(); ++i) {
            open('{');
            text("kind", to_string(static_cast<CancelKind>(i)));
            number("count", all.cancelled[i].count);
            number("total", all.cancelled[i].total.count());
            number("longest", all.cancelled[i].longest.count());
            close('}');
        }
        close(']');
        figures("turn", all.turn);
        figures("slice", all.slice);
        figures("delay", all.delay);
        object("io");
        for (std::size_t i = 0; i < io_kind_count; ++i) figures(to_string(static_cast<IoKind>(i)), all.io[i]);
        close('}');
        if (all.blocked_for) number("blocked_for_ns", all.blocked_for->count());
        if (!all.blocked_by.empty()) text("blocked_by", all.blocked_by);
        if (!all.is_read) flag("is_read", false);
        if (all.steps > 1) number("steps", all.steps);
        if (!all.thread_stack.empty()) {
            list("thread_stack");
            for (const std::string& line : all.thread_stack) item(line);
            close(']');
        }
        write(all.sockets);
        list("errors");
        for (const std::string& error : all.errors) item(error);
        close(']');
        never_started(all);
        if (all.longest_slice.length > Duration::zero()) write(all.longest_slice);
        list("tasks");
        for (const TaskInfo& task : all.tasks) write(task);
        close(']');
        close('}');
    }

private:
    void never_started(const Snapshot& all) {
        if (all.never_started_count == 0 && all.never_started.empty()) return;
        number("never_started_count", all.never_started_count);
        list("never_started");
        for (const NeverStarted& dropped : all.never_started) {
            open('{');
            place("function", dropped.function);
            if (!dropped.by.empty()) text("by", dropped.by);
            close('}');
        }
        close(']');
    }

    void write(const LongSlice& slice) {
        object("longest_slice");
        number("length", slice.length.count());
        text("task", slice.task);
        number("task_id", slice.task_id);
        place("after", slice.after);
        close('}');
    }

    void write(const std::vector<SocketInfo>& sockets) {
        list("sockets");
        for (const SocketInfo& socket : sockets) {
            open('{');
            number("descriptor", socket.descriptor);
            text("name", socket.name);
            place("opened", socket.opened);
            if (!socket.opener.empty()) text("opener", socket.opener);
            number("in_use", socket.in_use ? 1 : 0);
            close('}');
        }
        close(']');
    }

    void figures(std::string_view name, const Figures& figures) {
        object(name);
        number("count", figures.count);
        number("p50", figures.p50.count());
        number("p90", figures.p90.count());
        number("p99", figures.p99.count());
        number("longest", figures.longest.count());
        close('}');
    }

    void write(const TaskInfo& task) {
        open('{');
        number("id", task.id);
        if (task.parent != 0) number("parent", task.parent);
        if (!task.name.empty()) text("name", task.name);
        place("spawned", task.spawned);
        text("state", to_string(task.state));
        if (task.priority != Priority::normal) text("priority", task.priority == Priority::high ? "high" : "low");
        if (task.age) number("age", task.age->count());
        if (task.stats) {
            object("stats");
            number("init", task.stats->init);
            number("delay", task.stats->delay);
            number("process", task.stats->process);
            number("wait", task.stats->wait);
            number("resumes", task.stats->resumes);
            close('}');
        }
        if (task.cancelled) write("cancelled", *task.cancelled);
        if (task.sender_id != 0) {
            text("sender", task.sender);
            number("sender_id", task.sender_id);
        }
        write_stack(task.stack);
        close('}');
    }

    void write(std::string_view name, const Cancelled& cancelled) {
        object(name);
        text("kind", to_string(cancelled.kind));
        text("text", cancelled.text);
        number("since", cancelled.since.count());
        close('}');
    }

    void write_stack(const Stack& stack) {
        list("awaits");
        for (const Await& await : stack.awaits) {
            open('{');
            place_members(await.place);
            if (!await.scope.empty()) text("scope", await.scope);
            close('}');
        }
        close(']');
        if (stack.wait) write(*stack.wait);
        if (stack.limit != Time::max()) number("limit_left", (stack.limit - taken_).count());
        if (stack.part_cancelled) write("part_cancelled", *stack.part_cancelled);
        if (stack.yields) flag("yields", true);
        if (stack.lost) flag("lost", true);
        if (stack.branches.empty()) return;
        list("branches");
        for (const Stack& branch : stack.branches) {
            open('{');
            write_stack(branch);
            close('}');
        }
        close(']');
    }

    void write(const WaitInfo& wait) {
        object("wait");
        text("kind", to_string(wait.kind));
        if (!wait.object.empty()) text("object", wait.object);
        if (wait.address != nullptr) number("address", reinterpret_cast<std::uintptr_t>(wait.address));
        if (!wait.action.empty()) text("action", wait.action);
        if (wait.descriptor >= 0) number("descriptor", wait.descriptor);
        if (wait.owner_id != 0) {
            text("owner", wait.owner);
            number("owner_id", wait.owner_id);
            if (wait.owner_ended) flag("owner_ended", true);
        }
        if (wait.loop) number("loop", *wait.loop);
        if (!wait.holders.empty()) {
            list("holders");
            for (const Holder& holder : wait.holders) {
                open('{');
                text("task", holder.task);
                number("task_id", holder.id);
                if (holder.ended) number("ended", 1);
                close('}');
            }
            close(']');
        }
        if (wait.waiting != 0) number("waiting", wait.waiting);
        if (wait.used != 0 || wait.bound != 0) number("used", wait.used);
        if (wait.bound != 0) number("bound", wait.bound);
        if (wait.left) number("left", wait.left->count());
        text("text", wait.text);
        close('}');
    }

    void place(std::string_view name, const Place& place) {
        object(name);
        place_members(place);
        close('}');
    }
    void place_members(const Place& place) {
        text("file", place.file);
        number("line", place.line);
        if (!place.function.empty()) text("function", place.function);
        if (place.is_of_library) flag("library", true);
    }

    Time taken_{};
};

}  // namespace

void write_json(std::ostream& out, const Snapshot& snapshot) {
    JsonWriter(out).write(snapshot);
    out << "\n";
}

}  // namespace gyre::obs
