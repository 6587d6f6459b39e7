#include <gyre/obs/leaks.hpp>

#include "obs/place.hpp"
#include "obs/sockets.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/wait_report.hpp>

#include <mutex>
#include <utility>

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

void add_tasks(EventLoop& loop, LeakReport& report) {
    auto& owner = loop.background();
    const auto* const running = loop.scheduler().current_task();
    for (auto* task = owner.tasks.front(); task != nullptr; task = owner.tasks.after(*task)) {
        if (task == running || task == loop.main_task() || internal::is_of_library(task->location().file_name()))
            continue;
        if (++report.task_count > most_left) continue;
        LeftTask& left = report.tasks.emplace_back();
        left.loop = loop.index();
        left.name = task->name();
        left.spawned = make_place(task->location());
        const internal::Frame* frame = last_frame(*task);
        if (frame == nullptr) continue;
        left.waits = make_place(internal::place_of_wait(*frame));
        if (!frame->queued && frame->wait() != nullptr) left.wait = internal::wait_text(frame->wait()->record());
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
        add([&] { add_tasks(loop, report_); });
    }
    void socket_left(
        std::string_view name, const std::source_location& opened, std::string_view opener) noexcept override {
        add([&] {
            if (++report_.socket_count > most_left) return;
            report_.sockets.push_back({-1, std::string(name), make_place(opened), std::string(opener), false});
        });
    }
    void closes(EventLoop& loop) noexcept override {
        add([&] {
            loop.scheduler().timers.for_each([&](const internal::Timer& timer) { add_timer(timer); });
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
    void add_timer(const internal::Timer& timer) {
        const auto* callback = dynamic_cast<const internal::Callback*>(&timer);
        if (callback == nullptr) return;  // nothing that waits is left
        if (++report_.timers <= most_left) report_.timer_places.push_back(make_place(callback->where));
    }
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
    return task_count == 0 && socket_count == 0 && timers == 0 && descriptors == 0;
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
    if (descriptors > 0) text += "  " + std::to_string(descriptors) + " descriptors that are no sockets\n";
    return text;
}

auto left_on(EventLoop& loop) -> LeakReport {
    loop.check_thread("obs::left_on");
    LeakReport report;
    add_tasks(loop, report);
    if (loop.is_closed()) return report;
    report.sockets = read_sockets(loop);
    report.socket_count = report.sockets.size();
    if (report.sockets.size() > most_left) report.sockets.resize(most_left);
    return report;
}

}  // namespace gyre::obs

namespace gyre::internal {

auto make_leak_check(const RunOptions& options) -> std::unique_ptr<LeakCheck> {
    if (options.on_leak == OnLeak::off) return nullptr;
    return std::make_unique<obs::RunLeaks>(options.on_leak);
}

}  // namespace gyre::internal
