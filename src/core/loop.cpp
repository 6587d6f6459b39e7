#include <gyre/core/loop.hpp>

#include "core/loop_turns.hpp"
#include "core/tape.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/cancel_request.hpp>
#include <gyre/core/debug_layout.hpp>
#include <gyre/core/descriptor_watch.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/remote_call.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/core/wait_report.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace gyre {

namespace {

constexpr int most_resumes_per_check = 64;
constexpr Duration longest_turn = std::chrono::microseconds(500);
constexpr std::uint32_t turns_per_sample = 16;
#ifdef GYRE_NO_MARKS
constexpr bool measures = false;
#else
constexpr bool measures = true;
#endif

constinit thread_local EventLoop* loop_here = nullptr;

// Never inlined, as all that reads it: the address of a thread-local must not be kept across a suspension
// (llvm.org/PR47179).
/// @return the one before.
[[gnu::noinline]] auto set_loop_here(EventLoop* loop) noexcept -> EventLoop* { return std::exchange(loop_here, loop); }

}  // namespace

namespace internal {

[[gnu::noinline]] auto current_loop() noexcept -> EventLoop* {
    EventLoop* loop = loop_here;
    return loop == nullptr || loop->is_of_parent() ? nullptr : loop;
}

void Callback::fire() noexcept { scheduler->ready.push(*this); }

}  // namespace internal

[[gnu::noinline]] auto EventLoop::runs_elsewhere() const noexcept -> bool {
    return loop_here != this && is_running() && !is_of_parent();
}

[[gnu::noinline]] auto this_loop() -> EventLoop& {
    EventLoop* loop = loop_here;
    if (loop == nullptr) throw LoopError("no gyre loop runs on this thread: call this from inside gyre::run");
    loop->check_process();
    return *loop;
}

auto loops() -> LoopRange { return LoopRange(this_loop().siblings()); }

void EventLoop::Guests::task_ended(internal::TaskNode& task) noexcept {
    static_cast<internal::RemoteTaskBase&>(task).settle();
}

inline void EventLoop::begin_turn(Time now) noexcept {
    if (is_timed_by_machine_.load(std::memory_order_relaxed)) [[unlikely]]
        now = backend::monotonic_time();
    turn_began_.store(now, std::memory_order_relaxed);
    set_beat(true);
    if (announces_.load(std::memory_order_relaxed)) [[unlikely]]
        announce();
}

EventLoop::Running::Running(EventLoop& loop) : loop_(loop) {
    if (internal::current_loop() != nullptr) throw LoopError("a gyre loop runs on this thread already");
    before_ = set_loop_here(&loop);
    loop_.running_ = true;
    // Written once for each thread: others read it, as `beat` lets them.
    if (const auto here = backend::this_thread(); loop_.thread_.number != here.number) loop_.thread_ = here;
    loop_.begin_turn(loop_.now());
}

EventLoop::Running::~Running() {
    loop_.set_beat(false);
    loop_.running_ = false;
    set_loop_here(before_);
}

namespace {

constexpr std::size_t most_locals = 32;  // of one loop, before their list moves; the library has a dozen

}  // namespace

EventLoop::EventLoop(RunOptions options) : EventLoop(backend::make_backend(options.backend), options) {}

EventLoop::EventLoop(std::unique_ptr<backend::Backend> backend, RunOptions options)
    : backend_(std::move(backend)),
      scheduler_(*this),
      mailbox_(std::make_shared<internal::Mailbox>(*backend_)),
      watches_(std::make_unique<internal::DescriptorWatches>(*this)),
      tape_slot_(std::make_shared<internal::TapeSlot>(backend_->name())) {
    locals_.reserve(most_locals);  // a signal handler may look for one
    set_timing(options.timing);
    scheduler_.on_deadlock = options.on_deadlock;
    scheduler_.owners.push_back(background_);
    scheduler_.owners.push_back(guests_);
    scheduler_.stamp = backend_->now();
    if (options.recorder.on) internal::start_recorder(*this, options.recorder);
    internal::show_to_debuggers(scheduler_);
}

EventLoop::~EventLoop() {
    internal::hide_from_debuggers(scheduler_);
    if (running_ && !is_of_parent()) return;  // destroyed from inside itself: nothing sane is left to do
    try {
        close();
    } catch (...) {  // the backend failed: what could be ended has been
    }
}

auto EventLoop::now() const noexcept -> Time { return backend_ ? backend_->now() : scheduler_.stamp; }

auto EventLoop::backend_name() const noexcept -> std::string_view { return backend_ ? backend_->name() : "closed"; }

void EventLoop::check_usable() const {
    check_open("run");
    if (internal::current_loop() != nullptr) {
        throw LoopError("a gyre loop runs on this thread already: co_await the work instead of running it");
    }
}

void EventLoop::throw_forked() {
    throw LoopError("this loop belongs to the process that this one was forked from: make a loop of your own, or exec");
}

void EventLoop::throw_elsewhere(std::string_view operation, std::string_view object) {
    const std::string whose = object.empty() ? "this loop" : "the loop of " + std::string(object);
    throw LoopError(std::string(operation) + ": " + whose + " runs on another thread: use its post, or on");
}

void EventLoop::check_open(std::string_view operation) const {
    check_process();
    check_thread(operation);
    if (closed_) throw LoopError(std::string(operation) + ": this loop is closed");
}

void EventLoop::drive(internal::TaskNode& main) {
    const Running running(*this);
    struct Current {
        internal::TaskNode*& slot;
        ~Current() { slot = nullptr; }
    } const current{main_ = &main};
    while (!main.done()) turn();
    if (scheduler_.carries_contexts()) scheduler_.context = main.context();  // the next run goes on with it
    if (embedded_) static_cast<void>(prepare_for_host());
}

void EventLoop::run_forever() {
    check_usable();
    const Running running(*this);
    stopping_ = false;
    while (!stopping_) turn();
    if (embedded_) static_cast<void>(prepare_for_host());
}

auto EventLoop::run_once(AnyDuration timeout) -> bool {
    check_usable();
    const Running running(*this);
    stopping_ = false;
    take_posts();
    run_ready();
    if (timeout <= Duration::zero()) {
        wait_for_events(Time::min());
    } else {
        wait_for_events(now() + timeout);
    }
    fire_timers();
    take_posts();
    run_ready();
    if (embedded_) return prepare_for_host();
    return !scheduler_.ready.empty() || !mailbox_->queue.empty();
}

auto EventLoop::pollable_descriptor() -> int {
    check_open("pollable_descriptor");
    const int descriptor = backend_->pollable_descriptor();
    if (descriptor < 0) throw LoopError("pollable_descriptor: a simulated loop has none");
    if (!embedded_) {
        if (const int error = backend_->set_alarm(Time::max()); error < 0) {
            throw std::system_error(-error, std::generic_category(), "pollable_descriptor: timer");
        }
        embedded_ = true;
        wake_host();
    }
    return descriptor;
}

/// Leaves the loop such that its descriptor tells the host when there is something to do. @return whether there is already.
auto EventLoop::prepare_for_host() -> bool {
    backend_->wait(Time::min());  // what was started goes to the kernel
    const Time next = scheduler_.timers.next();
    if (next != alarm_) {
        alarm_ = next;
        // It worked before; if it ever does not, the host is woken at once and not too late.
        if (backend_->set_alarm(next) < 0) backend_->wake();
    }
    if (scheduler_.ready.empty() && mailbox_->queue.sleep()) return false;
    backend_->wake();
    return true;
}

void EventLoop::wake_host() noexcept {
    if (embedded_ && !running_) backend_->wake();
}

void EventLoop::turn() {
    ++scheduler_.turns;
    take_posts();
    if (scheduler_.tape != nullptr) [[unlikely]]
        scheduler_.tape->turn(scheduler_.ready.size());
    if (measures && --turns_to_sample_ == 0 && scheduler_.histograms != nullptr) [[unlikely]] {
        sample_turn();
    } else {
        run_ready();
    }
    wait_for_events();
    fire_timers();
}

/// A turn that is measured, and its first slice.
void EventLoop::sample_turn() {
    turns_to_sample_ = turns_per_sample;
    // A slice may switch the histograms off, so they are looked for again after each.
    const auto& histograms = scheduler_.histograms;
    const Time began = scheduler_.stamp;
    bool has_more = true;
    if (!scheduler_.exact && !scheduler_.ready.empty()) {
        has_more = run_first();  // false also in a child that was forked in that slice, which runs nothing more
    }
    if (has_more) run_ready();
    if (histograms == nullptr) return;
    histograms->turn.record(now() - began);
    const auto tape = tape_;  // what it tells may put another in its place
    if (tape != nullptr) tape->measured(*histograms);
}

/// The first slice of a turn that is measured. One of those that were woken before it, or else by it, is followed until its turn.
auto EventLoop::run_first() noexcept -> bool {
    const auto& ring = scheduler_.ready.normal();
    const std::size_t woken = ring.pushed() - woken_from_;
    if (!sample_.waits && woken > 0) {
        sample_ = {true, woken_from_ + scheduler_.turns / turns_per_sample % woken, scheduler_.stamp};
    }
    const std::size_t end = ring.pushed();
    const Time before = now();
    const bool has_more = scheduler_.run(sample_.waits ? slices_to_sample(1) : 1);
    if (scheduler_.histograms != nullptr) scheduler_.histograms->slice.record(now() - before);
    if (!sample_.waits && woken == 0 && ring.pushed() > end) sample_ = {true, end, before};
    return has_more;
}

/// How many of the next `slices` there are before the one whose delay is measured; if that is the next, its time has come.
auto EventLoop::slices_to_sample(int slices) noexcept -> int {
    const auto& ring = scheduler_.ready.normal();
    const std::size_t ahead = sample_.position - ring.popped();
    if (ahead > 0 && ahead < ring.size())
        return static_cast<int>(std::min<std::size_t>(ahead, static_cast<std::size_t>(slices)));
    sample_.waits = false;
    if (ahead == 0 && !scheduler_.exact && scheduler_.histograms != nullptr) {
        scheduler_.histograms->delay.record(now() - sample_.since);
    }
    return slices;
}

void EventLoop::set_timing(Timing timing) {
    check_thread("EventLoop::set_timing");
    scheduler_.measure_exactly(timing == Timing::exact);
    measure(timing != Timing::off);
}

auto EventLoop::timing() const noexcept -> Timing {
    if (scheduler_.exact) return Timing::exact;
    return scheduler_.histograms != nullptr ? Timing::sampled : Timing::off;
}

void EventLoop::put_tape_on(std::shared_ptr<internal::Tape> tape) noexcept {
    scheduler_.use_tape(tape.get());
    tape_ = std::move(tape);
    tape_->attached();
}

void EventLoop::take_tape_off(const internal::Tape& tape) noexcept {
    if (tape_.get() != &tape) return;
    scheduler_.use_tape(nullptr);
    tape_.reset();
}

void EventLoop::measure(bool on) {
    check_thread("EventLoop::measure");
    turns_to_sample_ = 1;
    if (!on) return scheduler_.histograms.reset();
    if (scheduler_.histograms == nullptr) scheduler_.histograms = std::make_unique<internal::LoopHistograms>();
}

void EventLoop::take_posts() {
    internal::Callback* callback = mailbox_->queue.take();
    while (callback != nullptr) {
        internal::Callback* next = std::exchange(callback->next, nullptr);
        scheduler_.admit();
        callback->scheduler = &scheduler_;
        scheduler_.ready.push(*callback);
        callback = next;
    }
}

void EventLoop::run_ready() noexcept {
    // The clock is read the more often the longer the slices are: I/O waits half a millisecond, not 64 slices.
    const Time began = scheduler_.stamp;
    int until_check = resumes_per_check_;
    for (int left = internal::resumes_per_turn; left > 0;) {
        int slices = std::min(left, until_check);
        if (sample_.waits) [[unlikely]]
            slices = slices_to_sample(slices);
        left -= slices;
        if (!scheduler_.run(slices)) return;
        if (now() - began > longest_turn) {
            resumes_per_check_ = std::max(1, resumes_per_check_ / 4);
            return;
        }
        if (!mailbox_->queue.empty()) return;
        resumes_per_check_ = std::min(most_resumes_per_check, resumes_per_check_ * 2);
        until_check = resumes_per_check_;
    }
}

void EventLoop::wait_for_events(Time limit) {
    check_process();
    woken_from_ = scheduler_.ready.normal().pushed();
    scheduler_.stale = true;
    const bool busy = !scheduler_.ready.empty() || (main_ == nullptr ? stopping_ : main_->done());
    if (busy) {
        if (backend_->in_flight() > 0) backend_->wait(Time::min());
        return;
    }
    // Asleep first, and only then into the kernel: a post in between finds the sentinel and wakes the backend.
    if (!mailbox_->queue.sleep()) return backend_->wait(Time::min());
    const Time deadline = std::min(scheduler_.timers.next(), limit);
    if (deadline == Time::max() && expected_posts_ == 0 && !backend_->can_be_woken()) return find_deadlock();
    set_beat(false);
    backend_->wait(deadline);
}

void EventLoop::be_watched() noexcept {
    if (backend_name() == "sim")
        is_timed_by_machine_.store(true, std::memory_order_relaxed);  // seam: others have no such clock
}

void EventLoop::announce_turn_to(const std::shared_ptr<backend::ThreadAlarm>& alarm) noexcept {
    if (listener_ == nullptr) listener_ = alarm;
    announces_.store(true, std::memory_order_release);
}

void EventLoop::announce() noexcept {
    if (announces_.exchange(false, std::memory_order_acquire)) listener_->set();
}

void EventLoop::fire_timers() noexcept {
    scheduler_.stamp = backend_->now();
    begin_turn(scheduler_.stamp);
    scheduler_.stale = false;
    if (scheduler_.tape != nullptr) [[unlikely]]
        scheduler_.tape->source = internal::Tape::By::timer;
    while (internal::Timer* timer = scheduler_.timers.pop(scheduler_.stamp)) timer->fire();
    if (scheduler_.tape != nullptr) [[unlikely]]
        scheduler_.tape->source = internal::Tape::By::io;
}

void EventLoop::find_deadlock() {
    if (main_ == nullptr || !deadlock_.empty()) {
        throw DeadlockError("deadlock: tasks are left that nothing can ever wake, and that do not end when cancelled");
    }
    deadlock_ = "deadlock: everything waits and nothing can ever wake it\n" + internal::wait_report(scheduler_);
    if (scheduler_.tape != nullptr) scheduler_.tape->deadlock_found(deadlock_);
    main_->cancel(internal::make_cause(CancelKind::deadlock, "deadlock", {}, scheduler_.stamp));
}

void EventLoop::run_callback(internal::Callback& callback) noexcept {
    scheduler_.leave();
    if (!callback.cancelled) {
        callback.finished = true;
        // In the context of who asked for it; what it sets is dropped with it.
        const bool swaps = scheduler_.carries_contexts() || callback.context;
        auto outer = swaps ? std::exchange(scheduler_.context, callback.context) : internal::ContextPointer();
        try {
            callback.call();
        } catch (...) {
            handle_error({std::current_exception(), ErrorOrigin::callback, "of the loop"});
        }
        if (swaps) scheduler_.context = std::move(outer);
    }
    callback.release();
    if (scheduler_.exact) scheduler_.stamp = now();  // its time is not the next task's
}

}  // namespace gyre
