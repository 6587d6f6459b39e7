#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/backend/forks.hpp>
#include <gyre/core/context.hpp>
#include <gyre/core/histogram.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/io_kind.hpp>
#include <gyre/core/ready_queue.hpp>
#include <gyre/core/scope_state.hpp>
#include <gyre/core/timer_heap.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
class EventLoop;
enum class Timing : std::uint8_t;

/// What happens when tasks wait for each other in a circle; see `RunOptions::on_deadlock`.
enum class OnDeadlock : std::uint8_t {
    report,  ///< The loop's exception handler is told, and the tasks wait on; without one `run` throws it at its end.
    raise,   ///< The task that would close the circle gets a DeadlockError instead of waiting. The default.
};
}  // namespace gyre

namespace gyre::internal {

class DroppedWork;
class Tape;
class TaskOwner;

/// The seam of order: which of the ready things runs next. Without one, the queue is first in, first out.
class Order {
public:
    virtual ~Order() = default;
    /// @return an index below `count` (which is at least 1); 0 is the oldest.
    [[nodiscard]] virtual auto choose(std::size_t count) noexcept -> std::size_t = 0;
};

/// The slice of a task that took longest.
struct LongestSlice {
    Duration length{};
    std::string task;            ///< Its title.
    std::uintptr_t task_id = 0;  ///< Its address, which another task may have by now.
    std::source_location after;  ///< The `co_await` that the slice began with.
};

/// A Task that was made and dropped without being awaited or spawned.
struct DroppedTask {
    std::source_location where;  ///< Its function.
    std::string by;              ///< The title of the task that dropped it; empty: none.
};

/// What a loop measures of itself.
struct LoopHistograms {
    Histogram turn;                           ///< From the end of one wait for events to the begin of the next.
    Histogram slice;                          ///< From the resume of a task to its next wait.
    Histogram delay;                          ///< From the wake-up of a task to its resume.
    std::array<Histogram, io_kind_count> io;  ///< See `IoMark`.
};

/// The heart of a loop: resumes, unwinds and interrupts frames. Thread: the loop's own.
class Scheduler {
public:
    explicit Scheduler(EventLoop& owner) noexcept : loop(owner) {}
    Scheduler(const Scheduler&) = delete;
    auto operator=(const Scheduler&) -> Scheduler& = delete;
    ~Scheduler() = default;

    /// The wait of `frame` has completed: it gets its turn in the order of these calls.
    void wake(Frame& frame) noexcept { enqueue(frame); }

    /// The wait of `frame` confirms that it did not happen: its strand is unwound when its turn comes.
    void stop(Frame& frame) noexcept {
        frame.turn = Frame::Turn::stop;
        enqueue(frame);
    }

    /// Puts a strand whose root has not started yet into the ready queue.
    void start_queued(Frame& root) noexcept {
        root.turn = Frame::Turn::start;
        enqueue(root);
    }

    /// Starts `frame` on the native stack, or through the loop if that is deep already.
    /// @return true if it has ended.
    auto start_inline(Frame& frame) noexcept -> bool {
        if (depth_ >= inline_depth_limit) {
            resume_next(frame);
            return false;
        }
        frame.starting = true;
        frame.state = Frame::State::running;
        ++depth_;
        frame.handle().resume();
        --depth_;
        frame.starting = false;
        return frame.done();
    }

    /// `frame` goes on as soon as the native stack is back in the loop.
    void resume_next(Frame& frame) noexcept;

    /// Called at the final suspension point of a frame whose starter has left the native stack.
    void frame_ended(Frame& frame) noexcept;

    /// Makes room in the ready queue for more strands or callbacks, so that waking them cannot fail.
    void admit(std::size_t count = 1) {
        ready.reserve(admitted_ + count);
        admitted_ += count;
    }
    /// `admit` of one where it needs no memory. @return whether that was so.
    [[nodiscard]] auto try_admit() noexcept -> bool {
        if (admitted_ >= ready.capacity()) return false;
        ++admitted_;
        return true;
    }
    void leave() noexcept { --admitted_; }

    /// A scope was cancelled: interrupts its strands, and the scopes inside, without recursion.
    void interrupt(InnerScope& scope) noexcept;
    /// A task was cancelled: as above. A wait whose `cancel` cancels more than one task has them in an `InnerScope`: that
    /// keeps this flat.
    void interrupt_task(Strand& task) noexcept;

    /// Asks the wait at the end of a strand to stop. No effect on a strand that runs or has its wake-up already.
    static void interrupt(Strand& outermost) noexcept;

    /// What a strand said that is to be done, where that is not done at once.
    void go_on(const Next& next) noexcept {
        if (next.frame == nullptr) return;
        if (next.stop) {
            stop(*next.frame);
        } else {
            wake(*next.frame);
        }
    }
    /// `start_inline` of the root of a strand, which may have a scope of its own.
    auto start_root(Frame& root) noexcept -> bool {
        Frame* outer = std::exchange(current, &root);
        const bool done = start_inline(root);
        current = outer;
        check_suspended(root);
        return done;
    }
    /// The scope in which code runs now or is unwound, or of the group whose task ends; null outside of all.
    [[nodiscard]] auto here() const noexcept -> Scope*;

    /// Starts a task in the middle of another's slice, until its first wait; or queues it, if it is cancelled already or the
    /// native stack is deep.
    void start_eagerly(Frame& root) noexcept;

    /// From now on every resume has a fresh stamp, or no longer. What was spawned before has no figures.
    void measure_exactly(bool on) noexcept {
        if (on && !exact) ++exact_since;
        exact = on;
        choose_paths();
    }
    /// From now on it is told of everything; null: nobody is.
    void use_tape(Tape* recorder) noexcept {
        tape = recorder;
        choose_paths();
    }
    /// From now on tasks may have other priorities than the normal one. @throws std::bad_alloc.
    void use_priorities() {
        ready.use_priorities(admitted_ + 1);
        choose_paths();
    }
    /// From now on `order` says what comes next; null: first in, first out.
    void use_order(Order* order) noexcept {
        order_ = order;
        choose_paths();
    }
    /// From now on tasks and callbacks carry task-local values.
    void use_contexts() noexcept {
        carries_contexts_ = true;
        choose_paths();
    }
    [[nodiscard]] auto carries_contexts() const noexcept -> bool { return carries_contexts_; }
    /// The task whose frame runs or is unwound now; null in callbacks.
    [[nodiscard]] auto current_task() const noexcept -> TaskNode*;
    /// The task-local values of what runs now, for who shall inherit them.
    [[nodiscard]] auto inherited_context() const noexcept -> ContextPointer;

    /// Runs up to `count` entries of the ready queue. @return false if it ran out of them.
    auto run(int count) noexcept -> bool;

    ReadyQueue ready;
    TimerHeap timers;
    EventLoop& loop;
    backend::ProcessMark process;   ///< Whose these tasks are: a forked child runs none of them.
    Time stamp{};                   ///< The last reading of the clock.
    bool stale = false;             ///< The backend has waited since `stamp` was taken.
    bool exact = false;             ///< A fresh stamp for each resume; see `measure_exactly`.
    bool notes_tasks = false;       ///< The begin and end of a task take more than they need.
    std::uint32_t exact_since = 0;  ///< Which time it is that `exact` is on.
    Tape* tape = nullptr;           ///< Who is told of everything; mostly nobody.
    ContextPointer context;         ///< The task-local values outside of tasks.
    IntrusiveList<TaskOwner> owners;
    IntrusiveList<DroppedWork> dropped;  ///< What still cleans up, and whose scope waits for that.
    Scope* unwinding = nullptr;          ///< The scope of the frame that is being unwound.
    TaskOwner* ending = nullptr;         ///< The owner of the task whose result is being taken.
    Frame* current = nullptr;            ///< The frame that the loop resumed or unwound last, while it runs.
    struct {
        CausePointer cause;
        const TaskNode* task = nullptr;  ///< Who asked.
    } last_request;                      ///< Of a cancellation; see `cancel_request`.
    CancelCounts cancelled{};            ///< What was cancelled and has ended.
    OnDeadlock on_deadlock{};
    std::unique_ptr<LoopHistograms> histograms;  ///< Null: nothing is measured.
    std::uint64_t turns = 0;                     ///< Of the loop, since it was made.
    std::uint64_t entries_run = 0;  ///< Of the ready queue, in whole turns: slices of tasks, and callbacks.
    /// Where one who reads the tasks in several steps goes on; a task that ends takes it to the next. See `next_task`.
    TaskNode* cursor = nullptr;

    LongestSlice longest_slice;              ///< Of those over a millisecond; with `Timing::exact` only.
    std::vector<DroppedTask> never_started;  ///< The first few.
    std::uint64_t never_started_count = 0;

    /// A Task that never started is dropped; not while something is unwound, where that is nobody's mistake.
    void note_never_started(const Frame& root) noexcept;
    /// Something that was cancelled has ended. @return how long it took.
    auto cancellation_ended(const CancelCause& cause) noexcept -> Duration;

private:
    void enqueue(Frame& frame) noexcept {
        frame.queued = true;
        if (special_) [[unlikely]]
            return enqueue_specially(frame);
        ready.push(frame);
    }
    void enqueue_specially(Frame& frame) noexcept;
    void run_carefully() noexcept;
    /// In debug builds: a frame that was just left must have ended, be ready, or have said what it waits for.
    void check_suspended([[maybe_unused]] const Frame& frame) const noexcept {
#ifndef NDEBUG
        refuse_lost_wait(frame);
#endif
    }
    void refuse_lost_wait(const Frame& frame) const noexcept;
    void begin_eager(TaskNode* spawner, TaskNode& task) noexcept;
    void pause_eager(TaskNode& task, const Frame& root) noexcept;
    void end_eager(TaskNode* spawner) noexcept;
    void run_watched(Frame& frame) noexcept;
    void run_callback_watched(Callback& callback) noexcept;
    void run_frame(Frame& frame) noexcept;
    auto prepare(Frame& frame) noexcept -> bool;
    void run_on(Next next) noexcept;
    auto unwind(Frame& leaf) noexcept -> Next;
    auto take_next() noexcept -> Next;
    void interrupt_listed() noexcept;
    void choose_paths() noexcept {
        special_ = exact || tape != nullptr || ready.has_priorities();
        careful_ = special_ || order_ != nullptr;
        notes_tasks = exact || tape != nullptr || carries_contexts_;
    }

    std::uintptr_t next_ = 0;  ///< Frame* to be resumed next, or the ended root of a strand | 1.
    InnerScope* interrupted_ = nullptr;
    std::size_t admitted_ = 0;
    int depth_ = 0;
    Strand* interrupted_task_ = nullptr;  ///< What the wait that is asked to stop has cancelled itself.
    bool takes_task_ = false;             ///< `interrupted_task_` is free, and looked at when that wait has been asked.
    bool interrupting_ = false;
    Order* order_ = nullptr;
    bool special_ = false;  ///< Entering the ready queue takes more than a push.
    bool careful_ = false;  ///< Leaving it takes more than a pop.
    bool carries_contexts_ = false;
};

inline auto Wait::scheduler() const noexcept -> Scheduler& { return *frame_->scope->scheduler; }
inline auto Wait::interrupted() const noexcept -> bool { return frame_->scope->cancelled; }
inline auto Wait::begin() noexcept -> bool {
    frame_->wait_on(*this);
    if (!frame_->scope->cancelled) return true;
    scheduler().stop(*frame_);
    return false;
}

/// Starts the child of `link` under `parent`. True if it has ended, so that the parent need not suspend.
inline auto start_child(Frame& parent, ChildLink& link) noexcept -> bool {
    Frame& child = *link.child;
    child.continue_with(parent);
    child.scope = parent.scope;
    parent.wait_on(link);
    if (!parent.scope->scheduler->start_inline(child)) return false;
    parent.wait_on_nothing();
    return true;
}

}  // namespace gyre::internal
