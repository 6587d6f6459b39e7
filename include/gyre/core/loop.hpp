#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/backend/threads.hpp>
#include <gyre/core/callback.hpp>
#include <gyre/core/mailbox.hpp>
#include <gyre/core/recorder_options.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/task_node.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

namespace gyre {

namespace backend {
class Backend;
class ThreadAlarm;
}  // namespace backend
namespace obs {
struct StallReport;
}  // namespace obs
namespace internal {
class DescriptorWatches;
class LeakCheck;
class Tape;
class TapeSlot;
class Warden;
class WindDown;
}  // namespace internal

struct RunOptions;

/// Starts something that looks at the loops of a run from outside, as long as the run lasts. `&gyre::obs::control_socket` is one.
using RunWatcher = std::unique_ptr<internal::Warden> (*)(const RunOptions& options, std::span<EventLoop* const> loops);

/// What happens at the end of a run with what should have ended before it; see `RunOptions::on_leak`.
enum class OnLeak : std::uint8_t {
    off,     ///< Tasks that are left are cancelled, and nobody hears of it. The default.
    report,  ///< The exception handler is told (`ErrorOrigin::leak`); without one it is written to standard error.
    raise,   ///< `run` throws LeakError, if the work itself succeeded.
};

/// How a loop runs, or several. A single `EventLoop` has no use for `loops` and `pin`.
struct RunOptions {
    Timing timing = Timing::sampled;
    std::string_view backend = {};  ///< "mixed", "epoll" or "io_uring"; empty: as GYRE_BACKEND says, else "mixed".
    std::size_t loops = 1;          ///< How many loops `run` starts, each on a thread; 0: one for each usable core.
    bool pin = false;               ///< Each loop stays on a core of its own: loop i on the i-th that may be used.
    OnDeadlock on_deadlock = OnDeadlock::raise;  ///< When locks and joins make a circle of tasks.
    RecorderOptions recorder = {};  ///< Whether what happens is recorded from the start; see <gyre/obs/recorder.hpp>.
    OnLeak on_leak = OnLeak::off;  ///< `run`, `Runner`: tasks, timers, sockets that are left at the end, and where they began.
    // These are for `run` and `Runner`; each means a thread that looks at the loops from outside.
    /// SIGQUIT (Ctrl-\) writes what all tasks do to standard error, and after `long_wait` what is wrong; the program goes on.
    bool dump_on_quit = false;
    Duration long_wait = std::chrono::seconds(1);  ///< What lasts longer is a finding: see `obs::findings`.
    /// A turn of a loop that takes longer is reported while it lasts; 0: none is. Without it: 25 ms, or 5 ms where the library was
    /// built without NDEBUG, if `on_stall` or `control` says who asks for stalls; else none is.
    std::optional<Duration> stall_limit = std::nullopt;
    /// Who is told of stalls, on the thread that finds them; null: standard error if `stall_limit` is set, else they are kept for
    /// `control` alone. Must not throw.
    void (*on_stall)(const obs::StallReport& report) = nullptr;
    /// `&gyre::obs::control_socket`: other programs of the same user may look inside, with `gyre ps` and the like; null: nobody.
    RunWatcher control = nullptr;
};

/// Where an error came from that nobody received.
enum class ErrorOrigin : std::uint8_t {
    task,        ///< A spawned task that nobody joined.
    callback,    ///< A function given to `call_soon`, `call_later`, `post`, `add_reader`...
    sibling,     ///< A later error in a group, `gather` or `race`, after the first that was thrown.
    cleanup,     ///< The clean-up of `try_finally`, after the body's own error.
    connection,  ///< The handler of one connection of a server.
    future,      ///< A promise was given an error, and nobody looked at its future.
    deadlock,    ///< A circle of tasks that wait for each other: DeadlockError. See `RunOptions::on_deadlock`.
    leak,        ///< Something was left at the end of a run: LeakError. See `RunOptions::on_leak`.
};

/// An error that nobody received, and what is known about it.
struct ErrorContext {
    std::exception_ptr error;
    ErrorOrigin origin = ErrorOrigin::task;
    std::string source;  ///< The name or place of the task, the peer of the connection...

    /// "task 'watch' (main.cpp:20): connection refused"
    [[nodiscard]] auto text() const -> std::string;
};

/// A function that a loop was asked to call. Dropping the handle cancels nothing. Source: asyncio.Handle.
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(internal::CallbackPointer callback) noexcept : callback_(std::move(callback)) {}

    /// The function will not be called, and what it holds is dropped at once. No effect once it runs or has run.
    /// @throws LoopError while its loop runs on another thread.
    void cancel();
    [[nodiscard]] auto cancelled() const noexcept -> bool { return callback_ && callback_->cancelled; }

protected:
    internal::CallbackPointer callback_;
};

/// A function that a loop was asked to call at a point in time. Source: asyncio.TimerHandle.
class TimerHandle : public Handle {
public:
    using Handle::Handle;
    /// The deadline.
    [[nodiscard]] auto when() const noexcept -> Time { return callback_ ? callback_->when : Time::max(); }
};

/// A loop: runs the tasks, timers, callbacks and I/O of one thread.
///
/// Everything that is ready waits in one queue, first in, first out; timers fire in the order of their deadlines.
/// Thread: the one that runs it, except `post`; between two runs any, but one at a time. What changes a loop, its tasks, groups
/// and scopes throws LoopError while it runs on another thread. Source: asyncio's event loop.
class EventLoop {
public:
    /// @throws std::invalid_argument for an unknown backend, std::system_error if it cannot be had.
    explicit EventLoop(RunOptions options = {});
    /// A loop on a backend of the caller's: a simulated one, for instance.
    explicit EventLoop(std::unique_ptr<backend::Backend> backend, RunOptions options = {});
    EventLoop(const EventLoop&) = delete;
    auto operator=(const EventLoop&) -> EventLoop& = delete;
    /// As `close`.
    ~EventLoop();

    /// Runs some work as a task until it has ended. @return its value. @throws its error; CancelledError if it was
    /// cancelled; LoopError if a loop runs on this thread already or this one is closed; DeadlockError in simulated
    /// time, when nothing can wake anything.
    template<Work W>
    auto run_until_complete(W&& work, std::source_location where = std::source_location::current())
        -> internal::WorkResult<W> {
        return run_to_outcome(std::forward<W>(work), where).value();
    }

    /// As `run_until_complete`, with the outcome as data.
    template<Work W>
    auto run_to_outcome(W&& work, std::source_location where = std::source_location::current())
        -> Outcome<internal::WorkResult<W>>;

    /// Runs until `stop`. @throws LoopError as `run_until_complete`.
    void run_forever();
    /// Ends `run_forever` after the present turn. Thread: the loop's; from others use `post`.
    void stop();

    /// One turn: runs what is ready; if nothing is, waits for at most `timeout` until something is, and runs that.
    /// For a program whose own loop is in charge. @return whether more is ready to run at once.
    /// @throws LoopError as `run_until_complete`.
    auto run_once(AnyDuration timeout = Duration::max()) -> bool;
    /// `run_once` without waiting.
    auto poll() -> bool { return run_once(Duration::zero()); }
    /// A descriptor that is readable as soon as `poll` has something to do: I/O, a timer, a post, a `call_soon`. It stays
    /// the loop's. @throws LoopError if there is none: in simulated time, or once closed; std::system_error if the kernel
    /// has no timer left.
    [[nodiscard]] auto pollable_descriptor() -> int;

    /// Cancels every task that is left and runs until they have ended, drops what was to be called, and lets go of the
    /// backend. Idempotent. In a forked child it only forgets the parent's loop: no task ends, no destructor runs.
    /// @throws LoopError if a loop runs on this thread.
    void close();
    [[nodiscard]] auto is_closed() const noexcept -> bool { return closed_; }
    [[nodiscard]] auto is_running() const noexcept -> bool { return running_.load(std::memory_order_relaxed); }

    /// The time of the loop's clock, read now.
    [[nodiscard]] auto now() const noexcept -> Time;

    /// Calls `function` after what is ready now. @throws LoopError if the loop is closed.
    template<std::invocable F>
    auto call_soon(F&& function) -> Handle {
        return Handle(enqueue(internal::make_callback(std::forward<F>(function))));
    }
    /// Calls `function` when `delay` has passed. @throws LoopError if the loop is closed.
    template<std::invocable F>
    auto call_later(AnyDuration delay, F&& function, std::source_location where = std::source_location::current())
        -> TimerHandle {
        return call_at(now() + delay, std::forward<F>(function), where);
    }
    /// Calls `function` when the clock has reached `deadline`. @throws LoopError if the loop is closed.
    template<std::invocable F>
    auto call_at(Time deadline, F&& function, std::source_location where = std::source_location::current())
        -> TimerHandle {
        auto callback = internal::make_callback(std::forward<F>(function));
        callback->where = where;
        return TimerHandle(schedule(deadline, std::move(callback)));
    }
    /// Calls `function` on the loop's thread, waking it if it sleeps. @throws LoopError if the loop is closed.
    /// Thread: any. Source: asyncio's call_soon_threadsafe.
    template<std::invocable F>
    void post(F&& function) {
        post_callback(internal::make_callback(std::forward<F>(function)));
    }

    /// Calls `function` each time that `descriptor` is readable, until `remove_reader`, which the function may call itself.
    /// Another one replaces it. The descriptor stays the caller's, who removes it before closing it.
    /// @throws IoError if the descriptor cannot be watched: none is open under that number (EBADF), or it is a regular file, a
    ///         directory or a disk, which are always ready (EPERM).
    void add_reader(int descriptor, std::function<void()> function);
    void add_writer(int descriptor, std::function<void()> function);
    /// @return whether there was one.
    auto remove_reader(int descriptor) -> bool;
    auto remove_writer(int descriptor) -> bool;

    /// Who is told of errors that nobody received. Without one they are kept for `unreceived_errors`, and `gyre::run`
    /// throws the first of a task, a callback, a future or a deadlock if the main task itself succeeded.
    void set_exception_handler(std::function<void(const ErrorContext&)> handler);
    /// The first such errors while there is no handler, at most 64.
    [[nodiscard]] auto unreceived_errors() const noexcept -> std::span<const ErrorContext> { return unreceived_; }
    /// How many there were in all.
    [[nodiscard]] auto unreceived_error_count() const noexcept -> std::size_t { return unreceived_count_; }
    /// Passes on an error that nobody else can receive.
    void handle_error(ErrorContext context) noexcept;

    /// Which loop of its run it is; the first, 0, runs the main task.
    [[nodiscard]] auto index() const noexcept -> std::size_t { return index_; }

    /// How exactly it measures from now on. Tasks that were spawned before `Timing::exact` was switched on have no figures of
    /// their own, nor those that live when it is switched off. @throws LoopError if it runs on another thread.
    void set_timing(Timing timing);
    [[nodiscard]] auto timing() const noexcept -> Timing;

    /// Switches the histograms of `obs::snapshot` on or off; off, what they had is gone. They are on unless `Timing::off`:
    /// one turn in 16, its first slice, how long one of those that were woken waited for it, and each wait for I/O are
    /// measured, with `Timing::exact` all slices and delays.
    void measure(bool on);

    /// "mixed", "epoll", "io_uring" or "sim".
    [[nodiscard]] auto backend_name() const noexcept -> std::string_view;
    /// How many spawned tasks have not ended, the main one and those of groups not counted.
    [[nodiscard]] auto background_task_count() const noexcept -> std::size_t {
        return background_.task_count - (main_ != nullptr && !main_->done() ? 1 : 0);
    }

    // For the rest of the library.
    [[nodiscard]] auto scheduler() noexcept -> internal::Scheduler& { return scheduler_; }
    [[nodiscard]] auto backend() noexcept -> backend::Backend& { return *backend_; }
    [[nodiscard]] auto background() noexcept -> internal::TaskOwner& { return background_; }
    /// The tasks that other threads asked for; only those that derive from `internal::RemoteTaskBase`.
    [[nodiscard]] auto guests() noexcept -> internal::TaskOwner& { return guests_; }
    /// The loops that run together with this one, itself among them.
    [[nodiscard]] auto siblings() const noexcept -> std::span<EventLoop* const> { return siblings_; }
    void join_run(std::span<EventLoop* const> siblings, std::size_t index) noexcept {
        siblings_ = siblings;
        index_ = index;
    }
    /// @throws LoopError if this process was forked from the loop's.
    void check_process() const {
        if (is_of_parent()) throw_forked();
    }
    [[nodiscard]] auto is_of_parent() const noexcept -> bool { return scheduler_.process.is_of_parent(); }
    /// Whether it runs on another thread now, so that nobody here may touch it.
    [[nodiscard]] auto runs_elsewhere() const noexcept -> bool;
    /// @param operation for the text, as `object`: what of this loop was touched; empty: the loop itself.
    /// @throws LoopError if `runs_elsewhere`.
    void check_thread(std::string_view operation, std::string_view object = {}) const {
        if (runs_elsewhere()) [[unlikely]]
            throw_elsewhere(operation, object);
    }
    /// Cancels every task, and runs until no loop that takes part has any. @param counted see `WindDown::update`.
    void wind_down(internal::WindDown& together, bool& counted);
    /// Null if none runs.
    [[nodiscard]] auto main_task() const noexcept -> const internal::TaskNode* { return main_; }
    /// Cancels the main task, if there is one.
    void cancel_main(const internal::CausePointer& why) noexcept;
    /// Closes a loop whose backend has failed. Its tasks never end, and their frames stay in memory: the buffers in them may be
    /// the kernel's still, which nobody is left to ask, and clean-up that awaits could never go on. Whoever waits for them
    /// from outside is told.
    void abandon() noexcept;
    /// `check` is asked when the loop winds down, and when its tasks have ended; null: nobody. It lives as long as the loop.
    void check_leaks(internal::LeakCheck* check) noexcept { leaks_ = check; }
    [[nodiscard]] auto leak_check() const noexcept -> internal::LeakCheck* { return leaks_; }
    [[nodiscard]] auto has_exception_handler() const noexcept -> bool { return handler_ != nullptr; }
    /// How many threads outside have said that they will post.
    [[nodiscard]] auto expected_posts() const noexcept -> std::size_t { return expected_posts_; }
    [[nodiscard]] auto read_clock() const noexcept -> Time { return now(); }
    [[nodiscard]] auto mailbox() const noexcept -> const std::shared_ptr<internal::Mailbox>& { return mailbox_; }
    void run_callback(internal::Callback& callback) noexcept;
    /// Grows with every turn; odd while the loop does something, even while it waits for events or does not run.
    /// Thread: any.
    [[nodiscard]] auto beat() const noexcept -> std::uint64_t { return beat_.load(std::memory_order_acquire); }
    /// Somebody outside will ask for `turn_began`: a simulated loop then times its turns by the machine's clock. Thread: any.
    void be_watched() noexcept;
    /// When the turn began that an odd `beat`, read before, stands for; or a later one. Thread: any.
    [[nodiscard]] auto turn_began() const noexcept -> Time { return turn_began_.load(std::memory_order_relaxed); }
    /// `alarm` is set when the next turn after a sleep has begun: its `beat` is odd by then. Once for each call, and maybe not for a
    /// turn that begins at the same moment. Always the same alarm. Thread: any, but always the same.
    void announce_turn_to(const std::shared_ptr<backend::ThreadAlarm>& alarm) noexcept;
    /// The thread that runs it, or ran it last. Thread: any, as long as `beat` is odd.
    [[nodiscard]] auto thread() const noexcept -> const backend::ThreadName& { return thread_; }
    /// Whose recorder it is, and how others read that. Thread: any.
    [[nodiscard]] auto tape_slot() const noexcept -> internal::TapeSlot& { return *tape_slot_; }
    /// From now on `tape` is told of everything, instead of the one before.
    void put_tape_on(std::shared_ptr<internal::Tape> tape) noexcept;
    /// Unless it is another one by now.
    void take_tape_off(const internal::Tape& tape) noexcept;
    /// Something outside (a thread) will post: a simulated loop that has nothing else to do waits for it.
    void expect_post() noexcept { ++expected_posts_; }
    void post_arrived() noexcept { --expected_posts_; }
    /// The one `T` of this loop, made as `T(loop)` when first asked for. It goes when the loop closes, after the last task
    /// and before the backend. @throws LoopError if the loop is closed.
    template<class T>
    [[nodiscard]] auto local() -> T& {
        for (auto& [type, object] : locals_) {
            if (type == typeid(T)) return *static_cast<T*>(object.get());
        }
        check_open("local");
        locals_.emplace_back(typeid(T), std::make_shared<T>(*this));
        return *static_cast<T*>(locals_.back().second.get());
    }

    /// The same if it was asked for before, else null.
    template<class T>
    [[nodiscard]] auto find_local() noexcept -> T* {
        for (auto& [type, object] : locals_) {
            if (type == typeid(T)) return static_cast<T*>(object.get());
        }
        return nullptr;
    }

private:
    class Running;
    struct Background final : internal::TaskOwner {
        void task_ended(internal::TaskNode&) noexcept override {}
    };
    struct Guests final : internal::TaskOwner {
        void task_ended(internal::TaskNode& task) noexcept override;
    };

    void set_beat(bool busy) noexcept {
        const std::uint64_t now = beat_.load(std::memory_order_relaxed);
        beat_.store(((now | 1) + 1) | (busy ? 1U : 0U), std::memory_order_release);
    }
    void begin_turn(Time now) noexcept;
    void announce() noexcept;
    void drive(internal::TaskNode& main);
    void turn();
    void sample_turn();
    [[nodiscard]] auto run_first() noexcept -> bool;
    [[nodiscard]] auto slices_to_sample(int slices) noexcept -> int;
    void run_ready() noexcept;
    void take_posts();
    void wait_for_events(Time limit = Time::max());
    auto prepare_for_host() -> bool;
    void wake_host() noexcept;
    void leave_to_parent() noexcept;
    [[noreturn]] static void throw_forked();
    [[noreturn]] static void throw_elsewhere(std::string_view operation, std::string_view object);
    void fire_timers() noexcept;
    void find_deadlock();
    void look_for_left_tasks() noexcept;
    [[nodiscard]] auto cancel_tasks(const internal::CausePointer& why, bool together) noexcept -> bool;
    void run_told();
    void cancel_everything();
    void drop_callbacks() noexcept;
    void check_usable() const;
    /// @throws LoopError for a loop that is closed, of the parent process, or runs elsewhere.
    void check_open(std::string_view operation) const;
    auto enqueue(internal::CallbackPointer callback) -> internal::CallbackPointer;
    auto schedule(Time deadline, internal::CallbackPointer callback) -> internal::CallbackPointer;
    void post_callback(internal::CallbackPointer callback);

    std::unique_ptr<backend::Backend> backend_;
    internal::Scheduler scheduler_;
    std::shared_ptr<internal::Mailbox> mailbox_;
    Background background_;
    Guests guests_;
    EventLoop* self_ = this;
    std::span<EventLoop* const> siblings_{&self_, 1};
    std::size_t index_ = 0;
    std::unique_ptr<internal::DescriptorWatches> watches_;
    std::shared_ptr<internal::TapeSlot> tape_slot_;
    std::shared_ptr<internal::Tape> tape_;
    std::vector<std::pair<std::type_index, std::shared_ptr<void>>> locals_;  ///< Later ones may use earlier ones.
    std::function<void(const ErrorContext&)> handler_;
    std::vector<ErrorContext> unreceived_;
    std::size_t unreceived_count_ = 0;
    std::size_t expected_posts_ = 0;
    internal::TaskNode* main_ = nullptr;
    internal::LeakCheck* leaks_ = nullptr;
    bool looked_for_left_tasks_ = false;
    std::string deadlock_;
    int resumes_per_check_ = 1;         ///< Of the clock; adapts to the length of the slices.
    std::atomic<bool> running_{false};  ///< Written by the thread that runs the loop; read by others to name a mistake.
    std::uint32_t turns_to_sample_ = 1;
    std::size_t woken_from_ = 0;  ///< In the ready queue: what has become ready since the last turn ended.
    struct {
        bool waits = false;
        std::size_t position = 0;  ///< In the ready queue.
        Time since{};              ///< When it was woken.
    } sample_;                     ///< One whose delay is measured.
    std::atomic<std::uint64_t> beat_{0};
    std::atomic<Time> turn_began_{Time{}};
    /// Of a simulated loop: see `be_watched`, which sets it, on any thread. The loop reads it.
    std::atomic<bool> is_timed_by_machine_{false};
    std::atomic<bool> announces_{false};              ///< Its next turn, to
    std::shared_ptr<backend::ThreadAlarm> listener_;  ///< this; written before the first announcement is asked for.
    backend::ThreadName thread_;
    bool stopping_ = false;
    bool closed_ = false;
    bool embedded_ = false;  ///< A host watches the pollable descriptor.
    Time alarm_ = Time::max();
};

/// The loop that runs on this thread. @throws LoopError if there is none.
[[nodiscard]] auto this_loop() -> EventLoop&;

/// A view of loops, for `for (auto& loop : loops())`.
class LoopRange {
public:
    class Iterator {
    public:
        using value_type = EventLoop;
        using difference_type = std::ptrdiff_t;

        Iterator() noexcept = default;
        explicit Iterator(EventLoop* const* at) noexcept : at_(at) {}
        auto operator*() const noexcept -> EventLoop& { return **at_; }
        auto operator->() const noexcept -> EventLoop* { return *at_; }
        auto operator++() noexcept -> Iterator& {
            ++at_;
            return *this;
        }
        auto operator++(int) noexcept -> Iterator { return Iterator(at_++); }
        auto operator==(const Iterator&) const noexcept -> bool = default;

    private:
        EventLoop* const* at_ = nullptr;
    };

    explicit LoopRange(std::span<EventLoop* const> loops) noexcept : loops_(loops) {}

    [[nodiscard]] auto begin() const noexcept -> Iterator { return Iterator(loops_.data()); }
    [[nodiscard]] auto end() const noexcept -> Iterator { return Iterator(loops_.data() + loops_.size()); }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return loops_.size(); }
    [[nodiscard]] auto operator[](std::size_t index) const noexcept -> EventLoop& { return *loops_[index]; }

private:
    std::span<EventLoop* const> loops_;
};

/// The loops of this run, in order; just this one if it was not started by `run` or a `Runner`.
/// They live until the run ends. @throws LoopError if no loop runs on this thread.
[[nodiscard]] auto loops() -> LoopRange;

namespace internal {
/// As `this_loop`, or null.
[[nodiscard]] auto current_loop() noexcept -> EventLoop*;
}  // namespace internal

template<Work W>
auto EventLoop::run_to_outcome(W&& work, std::source_location where) -> Outcome<internal::WorkResult<W>> {
    using T = internal::WorkResult<W>;
    check_usable();
    internal::NewTask<T> made = internal::make_task(scheduler_, std::forward<W>(work), where);
    scheduler_.stamp = now();
    made.node->start(*made.root, background_, nullptr, {.name = "main"});
    drive(*made.node);
    made.node->received = true;
    if (!deadlock_.empty()) {
        return Outcome<T>::from_error(std::make_exception_ptr(DeadlockError(std::exchange(deadlock_, {}))));
    }
    return made.node->outcome();
}

}  // namespace gyre
