#include <gyre/core/warden.hpp>

#include "obs/looks.hpp"
#include "obs/recent_stalls.hpp"
#include "obs/running.hpp"
#include "obs/stall_cause.hpp"
#include "obs/stepped_read.hpp"
#include "obs/triggers.hpp"

#include <gyre/backend/signals.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/obs/dump.hpp>
#include <gyre/obs/findings.hpp>
#include <gyre/obs/stall.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

using std::chrono::milliseconds;

constexpr Duration shortest_limit = milliseconds(1);
constexpr Duration most_frequent_look = milliseconds(1);
#ifdef NDEBUG
constexpr Duration usual_limit = milliseconds(25);
#else
constexpr Duration usual_limit = milliseconds(5);
#endif
constexpr Duration patience = milliseconds(100);  // for a loop that is asked for its tasks
constexpr Duration late_look = milliseconds(20);
constexpr Duration look_again = milliseconds(200);  // at a thread that did not answer a signal either
constexpr int looks_of_examination = 4;             // besides the one that was written
constexpr Duration sample_limit = milliseconds(50);
constexpr std::size_t most_stalls = 5;  // that are reported in a minute
constexpr Duration reports_are_counted = std::chrono::minutes(1);

/// What a loop answers when it is asked for its tasks. It may outlive the question.
class WardenAsksForTasks final : public TaskAsker {
public:
    // Thread: the loop's.
    [[nodiscard]] auto is_gone() const noexcept -> bool override { return gone_; }
    void goes_on(const RawSnapshot& /*so_far*/) noexcept override { ++steps_; }
    void answer(std::shared_ptr<RawSnapshot> raw) noexcept override {
        const std::lock_guard lock(mutex_);
        raw_ = std::move(raw);
        arrived_.notify_all();
    }

    // Thread: the warden's.
    /// Waits until `end`, and then as long as the loop shows that it goes on. @return null if it does not.
    auto await(Time end) -> std::shared_ptr<RawSnapshot> {
        std::unique_lock lock(mutex_);
        for (std::size_t seen = steps_;;) {
            const auto left = std::max(Duration::zero(), end - backend::monotonic_time());
            arrived_.wait_for(lock, left, [this] { return raw_ != nullptr; });
            if (raw_ != nullptr || seen == steps_) return std::move(raw_);
            seen = steps_;
            end = backend::monotonic_time() + patience;
        }
    }
    void leave() noexcept { gone_ = true; }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::shared_ptr<RawSnapshot> raw_;
    std::atomic<std::size_t> steps_{0};
    std::atomic<bool> gone_{false};
};

/// What the warden knows of one loop.
struct WatchedLoop {
    EventLoop* loop = nullptr;
    std::uint64_t beat = 0;
    Duration next_report{};                         ///< How long the turn lasts then.
    std::optional<Time> found;                      ///< The stall that lasts now.
    bool is_reported = false;                       ///< Its reports are not too many.
    std::optional<backend::ThreadActivity> before;  ///< In this turn, some time ago.
    Time before_at{};
    std::shared_ptr<WardenAsksForTasks> late;  ///< It was asked for its tasks and has not answered yet.
    bool is_look = false;                      ///< `late` is for `looks` alone.
    Time again_at{};                           ///< When its thread is interrupted once more, if `late` is for a dump.
    std::vector<Snapshot> looks;               ///< Since it was asked for a dump.
};

class LoopWarden final : public internal::Warden {
public:
    LoopWarden(const RunOptions& options, std::span<EventLoop* const> loops)
        : limit_(gyre::internal::stall_limit(options)),
          long_wait_(options.long_wait),
          on_stall_(options.on_stall),
          writes_stalls_(options.on_stall == nullptr && options.stall_limit.has_value()),
          dumps_(options.dump_on_quit) {
        for (EventLoop* loop : loops) watched_.push_back({.loop = loop});
        std::promise<void> started;
        const backend::SignalsBlocked blocked;  // they are for the program's own threads
        thread_ = std::thread([this, &started] { work(started); });
        try {
            started.get_future().get();
        } catch (...) {
            thread_.join();
            throw;
        }
    }
    ~LoopWarden() override {
        stopping_ = true;
        alarm_->set();
        thread_.join();
    }

private:
    void work(std::promise<void>& started) {
        backend::SignalReceiver quit;
        try {
            backend::name_thread("gyre-warden");
            if (const int error = dumps_ ? quit.open(backend::signal_bit(SIGQUIT), backend::InChild::ends) : 0;
                error < 0) {
                throw std::system_error(-error, std::generic_category(), "run: dump_on_quit: SIGQUIT");
            }
            if (limit_ > Duration::zero() || dumps_) probe_.emplace();
            if (limit_ > Duration::zero()) next_stall_look_ = backend::monotonic_time();
        } catch (...) {
            return started.set_exception(std::current_exception());
        }
        started.set_value();
        while (!stopping_) {
            alarm_->wait(quit.descriptor(), pause());
            try {
                if (limit_ > Duration::zero()) look_for_stalls();
                take_late_answers();
                if (looks_left_ > 0 && backend::monotonic_time() >= next_look_) examine();
                if (dumps_ && quit.take() == SIGQUIT) dump();
            } catch (...) {  // no memory for a report: there may be for the next one
            }
        }
    }

    [[nodiscard]] auto pause() const -> Duration {
        Duration length = std::chrono::hours(1);
        for (const WatchedLoop& watched : watched_) {
            if (watched.late != nullptr) length = late_look;
        }
        if (looks_left_ > 0) {
            length = std::clamp<Duration>(next_look_ - backend::monotonic_time(), milliseconds(1), length);
        }
        if (next_stall_look_ == Time::max()) return length;
        return std::clamp<Duration>(next_stall_look_ - backend::monotonic_time(), Duration::zero(), length);
    }

    /// While no loop does anything there is nothing to look for: the next turn of any of them sets the alarm.
    void look_for_stalls() {
        bool all_rest = true;  // since the look before
        // A turn that begins just after this look is seen at the next one, and again when it has lasted for `limit_`.
        next_stall_look_ = backend::monotonic_time() + std::max(limit_ - apart(), most_frequent_look);
        for (WatchedLoop& watched : watched_) {
            const std::uint64_t beat = watched.loop->beat();
            const bool is_busy = (beat & 1) != 0;
            if (is_busy || beat != watched.beat) all_rest = false;
            if (beat != watched.beat) {
                watched.beat = beat;
                watched.next_report = limit_;
                watched.found.reset();
                watched.before.reset();
            }
            if (is_busy) next_stall_look_ = std::min(next_stall_look_, look_at_turn(watched));
        }
        // Asked for at one look and taken as granted at the next: by then each loop has seen it, or shows another beat.
        if (all_rest && is_announced_) next_stall_look_ = Time::max();
        if (all_rest && !is_announced_) {
            for (const WatchedLoop& watched : watched_) watched.loop->announce_turn_to(alarm_);
        }
        is_announced_ = all_rest;
    }

    /// Between two looks at what a thread does, at least.
    [[nodiscard]] auto apart() const -> Duration { return limit_ / 4; }

    /// @return when it is looked at again.
    auto look_at_turn(WatchedLoop& watched) -> Time {
        const Time now = backend::monotonic_time();
        const Time began = watched.loop->turn_began();
        const Duration lasted = now - began;
        // Also between its reports, and of one that is not reported: the last look says how long it was.
        if (watched.found) stall_lasts(*watched.found, watched.loop->index(), lasted);
        if (!watched.before && lasted < limit_ / 2) return std::max(began + limit_ / 2, now + apart());
        if (!watched.before) {
            watched.before = backend::thread_activity(watched.loop->thread().number);
            watched.before_at = now;
        } else if (lasted >= watched.next_report && now - watched.before_at >= apart()) {
            watched.next_report *= 2;
            stalled(watched, lasted, now);
        }
        return std::max(began + watched.next_report, watched.before_at + apart());
    }

    void stalled(WatchedLoop& watched, Duration lasted, Time now) {
        const bool is_new = !watched.found;
        if (!is_new && !watched.is_reported) return;
        // Before the thread is interrupted, which ends the call that it is in.
        const auto activity = backend::thread_activity(watched.loop->thread().number);
        auto report = report_on(*watched.loop, watched.beat);
        if (!report) return;  // it has just come back
        report->lasted = lasted;
        find_cause(*report, *watched.before, activity, now - watched.before_at);
        if (is_new) {
            watched.found = now;
            watched.is_reported = admit(now);
        }
        if (watched.is_reported) {
            if (is_new) report->suppressed = std::exchange(suppressed_, 0);
            if (on_stall_ != nullptr) {
                on_stall_(*report);
            } else if (writes_stalls_) {
                say("gyre: " + report->text());
            }
        } else {
            ++suppressed_;
        }
        keep_stall(*watched.found, *report);
        if (is_new) stall_found(*watched.loop, report->text());
    }

    /// Whether one more stall may be reported, as often as it takes.
    [[nodiscard]] auto admit(Time now) -> bool {
        while (!reported_.empty() && now - reported_.front() > reports_are_counted) reported_.pop_front();
        if (reported_.size() == most_stalls) return false;
        reported_.push_back(now);
        return true;
    }

    /// What the thread of a loop does now; nothing if its turn is over.
    auto report_on(EventLoop& loop, std::uint64_t beat) -> std::optional<StallReport> {
        RunningTask running;
        running.loop = &loop;
        running.beat = beat;
        backend::ThreadSample sample;
        StallReport report;
        report.loop = loop.index();
        if (!probe_->sample(loop.thread(), sample_limit, sample, RunningTask::look, &running)) return report;
        if (!running.found) return std::nullopt;
        report.task = running.title();
        report.awaits = running.places();
        constexpr std::size_t of_the_handler = 2;  // itself, and the kernel's way into it
        for (std::size_t i = of_the_handler; i < sample.depth; ++i) {
            report.stack.push_back(backend::code_text(sample.stack[i]));
        }
        return report;
    }

    void dump() {
        for (WatchedLoop& watched : watched_) {
            watched.looks.clear();
            if (watched.late == nullptr) ask(watched);
            watched.is_look = false;
        }
        const Time end = backend::monotonic_time() + patience;
        for (WatchedLoop& watched : watched_) {
            if (watched.late == nullptr || take_answer(watched, end) || show_as_it_stands(watched)) continue;
            say("loop " + std::to_string(watched.loop->index()) + " does not answer; its tasks follow when it does\n");
        }
        // From the look that was just taken on: what lasts has to be in looks that are far enough apart.
        looks_left_ = looks_of_examination;
        next_look_ = backend::monotonic_time() + step();
    }

    /// The tasks of a loop that is late, by interrupting its thread. @return false if that does not answer either: it may have no
    /// core, or sleep where no signal gets.
    auto show_as_it_stands(WatchedLoop& watched) -> bool {
        TaskLook look(*watched.loop, SnapshotOptions().most_tasks);
        if (!look.look(*probe_)) {
            watched.again_at = backend::monotonic_time() + look_again;
            return false;
        }
        write(look.take({}));
        watched.late->leave();
        watched.late.reset();
        return true;
    }

    void write(const Snapshot& snapshot) const {
        std::ostringstream text;
        write_text(text, snapshot);
        say(text.str());
    }

    /// Standard error may be a pipe that nobody reads: this thread does not stay for that when the run ends.
    void say(const std::string& text) const { backend::write_to_standard_error(text, &stopping_); }

    [[nodiscard]] auto step() const -> Duration { return long_wait_ / looks_of_examination + milliseconds(1); }

    /// One more look at each loop; after the last one it is written what is wrong.
    void examine() {
        for (WatchedLoop& watched : watched_) {
            if (watched.late != nullptr) continue;
            ask(watched, most_tasks_examined);
            watched.is_look = true;
        }
        const Time end = backend::monotonic_time() + patience;
        for (WatchedLoop& watched : watched_) {
            if (watched.late != nullptr) static_cast<void>(take_answer(watched, end));
        }
        next_look_ = backend::monotonic_time() + step();
        if (--looks_left_ > 0) return;
        for (WatchedLoop& watched : watched_) write_findings(watched);
    }

    void write_findings(WatchedLoop& watched) {
        auto found = watched.looks.empty() ? std::vector<Finding>() : findings(watched.looks, {.long_wait = long_wait_});
        watched.looks.clear();
        if (watched.late != nullptr) {
            if (auto blocked = blocking(*watched.loop)) found.insert(found.begin(), std::move(*blocked));
        }
        std::ostringstream text;
        text << "loop " << watched.loop->index() << ": "
             << (found.empty() ? "nothing is wrong that can be seen from here"
                               : std::to_string(found.size()) + " findings")
             << "\n";
        write_text(text, found);
        say(text.str());
    }

    /// A loop that does not answer, as a finding.
    auto blocking(EventLoop& loop) -> std::optional<Finding> {
        constexpr auto look_apart = milliseconds(20);
        const std::uint64_t beat = loop.beat();
        if ((beat & 1) == 0) return std::nullopt;
        const auto before = backend::thread_activity(loop.thread().number);
        const Time before_at = backend::monotonic_time();
        alarm_->wait(-1, look_apart);
        const auto activity = backend::thread_activity(loop.thread().number);
        const Time now = backend::monotonic_time();
        const Duration lasted = now - loop.turn_began();
        auto report = report_on(loop, beat);
        if (!report) return std::nullopt;
        find_cause(*report, before, activity, now - before_at);
        Finding finding = blocked_loop(lasted, long_wait_, cause_text(*report));
        finding.task = report->task;
        if (!report->awaits.empty()) finding.place = report->awaits.back();
        return finding;
    }

    void ask(WatchedLoop& watched, std::size_t most_tasks = SnapshotOptions().most_tasks) {
        auto answer = std::make_shared<WardenAsksForTasks>();
        try {
            read_in_steps(*watched.loop, most_tasks, answer);
        } catch (const LoopError&) {
            return say("a loop is closed\n");
        }
        watched.late = std::move(answer);
    }

    /// Waits until `end`, or longer if it is on its way, for what was asked for. @return whether it has come.
    auto take_answer(WatchedLoop& watched, Time end) -> bool {
        const auto raw = watched.late->await(end);
        if (raw == nullptr) return false;
        Snapshot look = decode(*raw, {});
        if (!watched.is_look) write(look);
        if (!watched.is_look && look.tasks.size() > most_tasks_examined) look.tasks.resize(most_tasks_examined);
        watched.looks.push_back(std::move(look));
        watched.late.reset();
        return true;
    }

    void take_late_answers() {
        for (WatchedLoop& watched : watched_) {
            if (watched.late == nullptr || take_answer(watched, Time{})) continue;
            if (!watched.is_look && backend::monotonic_time() >= watched.again_at) show_as_it_stands(watched);
        }
    }

    Duration limit_;
    Duration long_wait_;
    int looks_left_ = 0;  ///< Of an examination.
    Time next_look_{};
    Time next_stall_look_ = Time::max();
    bool is_announced_ = false;  ///< The next turn of a loop that sleeps.
    void (*on_stall_)(const StallReport&);
    bool writes_stalls_;  ///< To standard error.
    bool dumps_;
    std::vector<WatchedLoop> watched_;
    std::optional<backend::ThreadProbe> probe_;
    std::shared_ptr<backend::ThreadAlarm> alarm_ = std::make_shared<backend::ThreadAlarm>();
    std::deque<Time> reported_;          ///< When those began that were reported of late.
    std::size_t suppressed_ = 0;         ///< Stalls since the last one that was reported.
    std::atomic<bool> stopping_{false};  ///< Also read by who writes.
    std::thread thread_;
};

}  // namespace

}  // namespace gyre::obs

namespace gyre::internal {

auto stall_limit(const RunOptions& options) noexcept -> Duration {
    if (options.stall_limit) return *options.stall_limit;
    if (options.on_stall == nullptr && options.control == nullptr) return Duration::zero();  // nobody asked
    return obs::usual_limit;
}

auto start_warden(const RunOptions& options, std::span<EventLoop* const> loops) -> std::unique_ptr<Warden> {
    const Duration limit = stall_limit(options);
    if (limit != Duration::zero() && limit < obs::shortest_limit) {
        throw std::invalid_argument("run: stall_limit is " + duration_text(limit) + ": at least " +
                                    duration_text(obs::shortest_limit) + " is needed, or 0 for none");
    }
    if (options.long_wait <= Duration::zero()) {
        throw std::invalid_argument(
            "run: long_wait is " + duration_text(options.long_wait) + ": it has to be more than 0");
    }
    if (limit == Duration::zero() && !options.dump_on_quit) return nullptr;
    return std::make_unique<obs::LoopWarden>(options, loops);
}

}  // namespace gyre::internal
