#include <gyre/obs/leaks.hpp>

#include "core/held.hpp"
#include "obs/place.hpp"
#include "obs/sockets.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_report.hpp>

#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr std::size_t most_left = 100;

/// The last frame of a task, on the way of its first branch.
auto last_frame(const internal::Strand& strand) -> const internal::Frame* {
    const internal::Frame* frame = strand.root;
    while (frame != nullptr) {
        if (const auto* link = frame->child_link()) {
            frame = link->child;
            continue;
        }
        const auto* inside = frame->wait() != nullptr ? frame->wait()->strand_at(0) : nullptr;
        if (inside == nullptr || inside->root == nullptr) break;
        frame = inside->root;
    }
    return frame;
}

void add_task(const EventLoop& loop, const internal::TaskNode& task, LeakReport& report) {
    if (++report.task_count > most_left) return;
    LeftTask& left = report.tasks.emplace_back();
    left.loop = loop.index();
    left.name = task.name();
    left.spawned = make_place(task.location());
    const internal::Frame* frame = last_frame(task);
    if (frame == nullptr) return;
    left.waits = make_place(internal::place_of_wait(*frame));
    if (!frame->queued && frame->wait() != nullptr) left.wait = internal::wait_text(frame->wait()->record());
}

/// Those of `owner` that are the program's, and not the one that asks.
void add_tasks(
    EventLoop& loop, internal::TaskOwner& owner, const std::unordered_set<const void*>& known, LeakReport& report) {
    const auto* const running = loop.scheduler().current_task();
    for (auto* task = owner.tasks.front(); task != nullptr; task = owner.tasks.after(*task)) {
        const bool is_asking = task == running || task == loop.main_task();
        if (is_asking || internal::is_of_library(task->location().file_name()) || known.count(task) != 0) continue;
        add_task(loop, *task, report);
    }
}

void add_timer(const internal::Timer& timer, LeakReport& report) {
    const auto* callback = dynamic_cast<const internal::Callback*>(&timer);
    if (callback == nullptr) return;  // of something that waits, which is told of itself
    if (internal::is_of_library(callback->where.file_name())) return;
    if (++report.timers <= most_left) report.timer_places.push_back(make_place(callback->where));
}

void add_sockets(LeakReport& report, std::vector<SocketInfo> sockets) {
    report.sockets = std::move(sockets);
    report.socket_count = report.sockets.size();
    if (report.sockets.size() > most_left) report.sockets.resize(most_left);
}

void add_thing(const internal::HeldMark& mark, LeakReport& report) {
    if (++report.thing_count > most_left) return;
    report.things.push_back({to_string(mark.kind), *mark.name, make_place(mark.opened), mark.opener, mark.size});
}

/// What the loop has besides sockets that was opened after so many.
void add_things(EventLoop& loop, LeakReport& report, std::uint64_t after = 0) {
    auto* all = loop.find_local<internal::LoopHeld>();
    if (all == nullptr) return;
    for (auto* mark = all->held.front(); mark != nullptr; mark = all->held.after(*mark)) {
        if (mark->number > after) add_thing(*mark, report);
    }
}

auto place_of(const Place& place) -> std::string {
    return place.line == 0 ? "an unknown place" : std::string(place.file) + ":" + std::to_string(place.line);
}

/// Collects what the loops of one run leave.
class RunLeaks final : public internal::LeakCheck {
public:
    explicit RunLeaks(OnLeak action) noexcept : action_(action) {}

    void winds_down(EventLoop& loop) noexcept override {
        add([&] { add_tasks(loop, loop.background(), {}, report_); });
    }
    void socket_left(
        std::string_view name, const std::source_location& opened, std::string_view opener) noexcept override {
        add([&] {
            if (++report_.socket_count > most_left) return;
            report_.sockets.push_back({-1, std::string(name), make_place(opened), std::string(opener), false});
        });
    }
    void held_left(const internal::HeldMark& mark) noexcept override {
        add([&] { add_thing(mark, report_); });
    }
    void closes(EventLoop& loop) noexcept override {
        add([&] {
            loop.scheduler().timers.for_each([&](const internal::Timer& timer) { add_timer(timer, report_); });
            report_.descriptors += loop.backend().open_descriptors();
        });
    }
    [[nodiscard]] auto result(EventLoop& first) noexcept -> std::exception_ptr override {
        if (report_.empty()) return nullptr;
        try {
            auto error = std::make_exception_ptr(LeakError("left at the end of the run:\n" + report_.text()));
            if (action_ == OnLeak::raise) return error;
            if (first.has_exception_handler()) {
                first.handle_error({std::move(error), ErrorOrigin::leak, "of the run"});
            } else {
                backend::write_to_standard_error("gyre: left at the end of the run:\n" + report_.text());
            }
        } catch (...) {  // no memory to say it
        }
        return nullptr;
    }

private:
    template<class F>
    void add(F&& function) noexcept {
        try {
            const std::lock_guard lock(mutex_);
            function();
        } catch (...) {  // no memory: the report is shorter than it should be
        }
    }

    OnLeak action_;
    std::mutex mutex_;
    LeakReport report_;
};

}  // namespace

auto LeakReport::empty() const noexcept -> bool {
    return task_count == 0 && socket_count == 0 && timers == 0 && thing_count == 0 && descriptors == 0;
}

auto LeakReport::text() const -> std::string {
    std::string text;
    for (const LeftTask& task : tasks) {
        text += "  task " + (task.name.empty() ? std::string() : "'" + task.name + "', ") + "spawned at " +
                place_of(task.spawned);
        if (task.waits.line != 0) text += ", is at " + place_of(task.waits);
        if (!task.wait.empty()) text += " and waits on " + task.wait;
        text += "\n";
    }
    if (task_count > tasks.size()) text += "  and " + std::to_string(task_count - tasks.size()) + " more tasks\n";
    for (const SocketInfo& socket : sockets) {
        text += "  socket " + socket.name + ", opened at " + place_of(socket.opened);
        if (!socket.opener.empty()) text += " by task '" + socket.opener + "'";
        text += "\n";
    }
    if (socket_count > sockets.size())
        text += "  and " + std::to_string(socket_count - sockets.size()) + " more sockets\n";
    for (const Place& place : timer_places) text += "  timer of call_later or call_at at " + place_of(place) + "\n";
    if (timers > timer_places.size()) {
        text += "  and " + std::to_string(timers - timer_places.size()) + " more timers\n";
    }
    for (const LeftThing& thing : things) {
        text += "  " + std::string(thing.kind) + (thing.kind == "buffer" ? " of " : " ") + thing.name;
        if (thing.size > 0) text += ", with " + std::to_string(thing.size) + " bytes that were not written";
        text += ", opened at " + place_of(thing.opened);
        if (!thing.opener.empty()) text += " by task '" + thing.opener + "'";
        text += "\n";
    }
    if (thing_count > things.size()) text += "  and " + std::to_string(thing_count - things.size()) + " more such\n";
    if (descriptors > 0) text += "  " + std::to_string(descriptors) + " descriptors that no object has\n";
    return text;
}

auto left_on(EventLoop& loop) -> LeakReport {
    loop.check_thread("obs::left_on");
    LeakReport report;
    add_tasks(loop, loop.background(), {}, report);
    if (loop.is_closed()) return report;
    add_sockets(report, read_sockets(loop));
    add_things(loop, report);
    return report;
}

struct LeakScope::Before {
    explicit Before(EventLoop& its_loop)
        : loop(its_loop),
          sockets(count_sockets(its_loop).opened),
          things(opened_things(its_loop)),
          others(descriptors()),
          timers(its_loop.scheduler().timers.armed_count()) {
        auto& owners = loop.scheduler().owners;
        for (auto* owner = owners.front(); owner != nullptr; owner = owners.after(*owner)) {
            for (auto* task = owner->tasks.front(); task != nullptr; task = owner->tasks.after(*task)) {
                known.insert(task);
                marks.emplace_back(task);  // so that no later one gets its place in memory
            }
        }
    }
    static auto opened_things(EventLoop& loop) -> std::uint64_t {
        const auto* all = loop.find_local<internal::LoopHeld>();
        return all == nullptr ? 0 : all->opened;
    }
    /// How many are open that are no sockets.
    [[nodiscard]] auto descriptors() const -> std::size_t {
        return loop.backend().open_descriptors() - count_sockets(loop).open;
    }

    EventLoop& loop;
    std::uint64_t sockets;  ///< Opened so far.
    std::uint64_t things;   ///< The same of all else.
    std::size_t others;     ///< Descriptors.
    std::uint32_t timers;   ///< Armed so far.
    std::unordered_set<const void*> known;
    std::vector<internal::TaskMark> marks;
};

LeakScope::LeakScope() : before_(std::make_unique<Before>(this_loop())) {}

LeakScope::~LeakScope() = default;

auto LeakScope::report() const -> LeakReport {
    EventLoop& loop = before_->loop;
    loop.check_thread("LeakScope::report");
    LeakReport report;
    auto& owners = loop.scheduler().owners;
    for (auto* owner = owners.front(); owner != nullptr; owner = owners.after(*owner)) {
        add_tasks(loop, *owner, before_->known, report);
    }
    if (loop.is_closed()) return report;
    add_sockets(report, read_sockets(loop, before_->sockets));
    add_things(loop, report, before_->things);
    loop.scheduler().timers.for_each([&](const internal::Timer& timer) {
        if (static_cast<std::int32_t>(timer.sequence - before_->timers) >= 0) add_timer(timer, report);
    });
    const std::size_t others = before_->descriptors();
    if (others > before_->others) report.descriptors = others - before_->others;
    return report;
}

void LeakScope::check() const {
    const LeakReport left = report();
    if (!left.empty()) throw LeakError("left at the end of the scope:\n" + left.text());
}

}  // namespace gyre::obs

namespace gyre::internal {

auto make_leak_check(const RunOptions& options) -> std::unique_ptr<LeakCheck> {
    if (options.on_leak == OnLeak::off) return nullptr;
    return std::make_unique<obs::RunLeaks>(options.on_leak);
}

}  // namespace gyre::internal
