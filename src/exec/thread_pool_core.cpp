#include "exec/thread_pool_core.hpp"

#include <gyre/backend/signals.hpp>
#include <gyre/core/errors.hpp>

#include <pthread.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace gyre::internal {

namespace {

constexpr std::size_t batch_limit = 32;  // jobs that a worker takes from outside at once
constexpr unsigned fair_ticks = 61;      // every so often jobs from outside join those of the worker
constexpr int looks_before_sleep = 200;  // some microseconds: shorter than putting a thread to sleep and waking it
constexpr int pauses_between_looks = 20;
constexpr int helping_limit = 64;  // jobs inside of jobs on one stack

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

// Never inlined: the address of a thread-local must not be kept across a suspension (llvm.org/PR47179).
[[gnu::noinline]] auto ThreadPoolCore::this_worker() noexcept -> Worker*& {
    static thread_local Worker* worker = nullptr;
    return worker;
}

ThreadPoolCore::ThreadPoolCore(
    std::size_t threads, ThreadPoolOptions options, std::function<void()> initializer, std::function<void()> finalizer)
    : JobQueue(options.name),
      queue_limit_(std::max<std::size_t>(1, options.queue_limit)),
      name_(options.name),
      initializer_(std::move(initializer)),
      finalizer_(std::move(finalizer)),
      workers_(threads) {
    threads_.reserve(threads);
    sleepers_.reserve(threads);
    cause_ = make_cause(CancelKind::shutdown, "the pool was shut down before the job began");
}

// --- adding -----------------------------------------------------------------------------------------------------------

void ThreadPoolCore::refuse() const {
    const std::lock_guard lock(mutex_);
    if (broken_ != nullptr) std::rethrow_exception(broken_);
    throw InvalidStateError("submit: the pool '" + name_ + "' was shut down");
}

void ThreadPoolCore::require_own_process(const char* operation) const {
    if (!process.is_of_parent()) return;
    throw InvalidStateError(std::string(operation) + ": the pool '" + name_ +
                            "' belongs to the process that this one was forked from: make a pool of your own, or exec");
}

void ThreadPoolCore::count_in() {
    // Counted first and then looked: a worker that goes because the pool closes looks at the count afterwards.
    queued_.fetch_add(1, std::memory_order_seq_cst);
    if (closing_.load(std::memory_order_seq_cst)) {
        queued_.fetch_sub(1, std::memory_order_relaxed);
        refuse();
    }
    // Without a single thread nobody would ever come to it.
    if (started_.load(std::memory_order_acquire) == 0 && !start_thread()) {
        queued_.fetch_sub(1, std::memory_order_relaxed);
        if (closing_.load(std::memory_order_seq_cst)) refuse();
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
            "submit: the pool '" + name_ + "' cannot start a thread");
    }
}

void ThreadPoolCore::push(Job& job) noexcept {
    injected_.push(job);
    add_worker_if_needed();
}

auto ThreadPoolCore::try_add(Job& job) -> bool {
    require_own_process("submit");
    if (Worker* worker = this_worker(); worker != nullptr && worker->pool == this) {
        add(job);
        return true;
    }
    if (queued_.load(std::memory_order_relaxed) >= queue_limit_ && !closing_.load(std::memory_order_relaxed))
        return false;
    count_in();
    push(job);
    return true;
}

void ThreadPoolCore::add(Job& job) {
    require_own_process("submit");
    Worker* worker = this_worker();
    if (worker != nullptr && worker->pool == this && !closing_.load(std::memory_order_acquire) &&
        worker->ring.push(job)) {
        add_worker_if_needed();
        return;
    }
    count_in();
    push(job);
}

void ThreadPoolCore::wait_and_add(Job& job) {
    while (!try_add(job)) {
        std::unique_lock lock(mutex_);
        room_waiters_.fetch_add(1, std::memory_order_seq_cst);
        room_.wait(lock, [this] {
            return queued_.load(std::memory_order_seq_cst) < queue_limit_ || closing_.load(std::memory_order_relaxed);
        });
        room_waiters_.fetch_sub(1, std::memory_order_relaxed);
    }
}

void ThreadPoolCore::make_room(std::size_t taken) noexcept {
    const auto before = queued_.fetch_sub(taken, std::memory_order_seq_cst);
    if (room_waiters_.load(std::memory_order_seq_cst) == 0) return;
    // Not for each single place: those who wait get a quarter of the queue at once.
    if (before - taken > queue_limit_ - std::max<std::size_t>(1, queue_limit_ / 4)) return;
    { const std::lock_guard lock(mutex_); }  // who waits has looked, or looks after this
    room_.notify_all();
}

void ThreadPoolCore::add_worker_if_needed() noexcept {
    if (searching_.load(std::memory_order_seq_cst) != 0) return;
    if (sleeping_.load(std::memory_order_seq_cst) != 0) return wake_one();
    if (started_.load(std::memory_order_relaxed) == workers_.size()) return;
    // A thread that starts will search in a while, and comes to one job that waits; for more of them more are started.
    const std::size_t starting = starting_.load(std::memory_order_seq_cst);
    if (starting == 0 || queued_.load(std::memory_order_seq_cst) > starting) static_cast<void>(start_thread());
}

void ThreadPoolCore::wake_one() noexcept {
    Worker* sleeper = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (sleepers_.empty() || searching_.load(std::memory_order_relaxed) != 0) return;
        sleeper = sleepers_.back();  // the one that slept last has the warmest cache
        sleepers_.pop_back();
        sleeper->woken = true;
        sleeping_.fetch_sub(1, std::memory_order_relaxed);
        searching_.fetch_add(1, std::memory_order_seq_cst);  // on its behalf: no second one is woken meanwhile
    }
    sleeper->wake.notify_one();
}

auto ThreadPoolCore::start_thread() noexcept -> bool {
    const std::lock_guard lock(mutex_);
    const std::size_t index = started_.load(std::memory_order_relaxed);
    if (index == workers_.size() || closing_.load(std::memory_order_relaxed)) return index > 0;
    starting_.fetch_add(1, std::memory_order_seq_cst);
    try {
        const backend::SignalsBlocked blocked;  // they are for the program's own threads
        workers_[index] = std::make_unique<Worker>();
        workers_[index]->pool = this;
        threads_.emplace_back(
            [self = std::static_pointer_cast<ThreadPoolCore>(shared_from_this()), index] { self->work(index); });
    } catch (...) {
        // Those that are there will come to it.
        starting_.fetch_sub(1, std::memory_order_relaxed);
        return index > 0;
    }
    ++live_;
    started_.store(index + 1, std::memory_order_release);
    return true;
}

// --- working ----------------------------------------------------------------------------------------------------------

void ThreadPoolCore::work(std::size_t index) noexcept {
    Worker* me = nullptr;
    {
        const std::lock_guard lock(mutex_);  // who started this thread is still writing
        me = workers_[index].get();
    }
    this_worker() = me;
    const std::string title = name_.substr(0, 11) + "/" + std::to_string(index);
    pthread_setname_np(pthread_self(), title.substr(0, 15).c_str());
    me->victim = static_cast<unsigned>(index);
    if (initialize()) {
        // An initializer may take long, and nobody waits for it; from here on this thread finds what was added before.
        searching_.fetch_add(1, std::memory_order_seq_cst);
        starting_.fetch_sub(1, std::memory_order_seq_cst);
        Job* job = search(*me, true);
        while (job != nullptr) {
            run(*job);
            if (process.is_of_parent()) return;  // the job has forked: of the pool only this thread is in the child
            job = next(*me);
            if (job == nullptr) job = search(*me, false);
        }
    } else {
        starting_.fetch_sub(1, std::memory_order_relaxed);
    }
    this_worker() = nullptr;
    if (finalizer_) finalizer_();
    thread_ended();
}

auto ThreadPoolCore::initialize() noexcept -> bool {
    try {
        if (initializer_) initializer_();
        return true;
    } catch (...) {
        const auto text = "the pool '" + name_ +
                          "' is broken: its initializer failed: " + describe(std::current_exception());
        const std::lock_guard lock(mutex_);
        if (broken_ == nullptr) broken_ = std::make_exception_ptr(BrokenPoolError(text));
    }
    close(true);
    // Who was counted in before that may still be about to add a job, and no other thread may be there to find it.
    while (queued_.load(std::memory_order_seq_cst) != 0) {
        std::this_thread::yield();
        discard_everything();
    }
    return false;
}

void ThreadPoolCore::run(Job& job) noexcept {
    if (discarding_.load(std::memory_order_acquire)) return job.discard(why_broken(), cause_);
    job.run(*this);
}

void ThreadPoolCore::lose(std::exception_ptr error) noexcept {
    if (process.is_of_parent()) return;
    const std::lock_guard lock(mutex_);
    if (lost_error_ == nullptr) lost_error_ = std::move(error);
}

auto ThreadPoolCore::why_broken() const noexcept -> std::exception_ptr {
    const std::lock_guard lock(mutex_);
    return broken_;
}

auto ThreadPoolCore::next(Worker& me) noexcept -> Job* {
    // Every so often what is outside gets behind the worker's own jobs, which therefore cannot keep it away for ever.
    if (++me.tick % fair_ticks == 0) take_injected(me);
    if (Job* job = me.ring.pop()) return job;
    take_injected(me);
    if (Job* job = me.ring.pop()) return job;
    return steal(me);
}

void ThreadPoolCore::take_injected(Worker& me) noexcept {
    const std::size_t queued = queued_.load(std::memory_order_relaxed);
    if (queued == 0) return;
    const std::unique_lock lock(popping_, std::try_to_lock);
    if (!lock.owns_lock()) return;
    // A fair share, so that few jobs are spread over the threads and many cost one visit.
    const std::size_t threads = started_.load(std::memory_order_relaxed);
    const std::size_t share = std::min(
        std::clamp<std::size_t>(queued / (2 * threads), 1, batch_limit), StealRing::capacity - me.ring.size());
    std::size_t taken = 0;
    while (taken < share) {
        Job* job = injected_.pop();
        if (job == nullptr) break;
        static_cast<void>(me.ring.push(*job));
        ++taken;
    }
    if (taken != 0) make_room(taken);
}

auto ThreadPoolCore::steal(Worker& me) noexcept -> Job* {
    const std::size_t count = started_.load(std::memory_order_acquire);
    std::array<Job*, batch_limit> loot;
    for (std::size_t i = 0; i < count; ++i) {
        Worker& victim = *workers_[++me.victim % count];
        if (&victim == &me) continue;
        // This worker's own ring is empty, or nearly: there is room.
        const std::size_t stolen = victim.ring.steal(loot);
        if (stolen == 0) continue;
        for (std::size_t j = 1; j < stolen; ++j) static_cast<void>(me.ring.push(*loot[j]));
        return loot[0];
    }
    return nullptr;
}

auto ThreadPoolCore::has_work() const noexcept -> bool {
    if (queued_.load(std::memory_order_seq_cst) != 0) return true;
    const std::size_t count = started_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) {
        if (!workers_[i]->ring.empty()) return true;
    }
    return false;
}

auto ThreadPoolCore::search(Worker& me, bool searching) noexcept -> Job* {
    for (;;) {
        // One that searches is enough for a few threads; the others sleep at once.
        if (!searching && searching_.load(std::memory_order_relaxed) <= started_.load(std::memory_order_relaxed) / 4) {
            searching_.fetch_add(1, std::memory_order_seq_cst);
            searching = true;
        }
        for (int look = 0; searching && look < looks_before_sleep; ++look) {
            if (Job* job = next(me)) {
                const bool last = searching_.fetch_sub(1, std::memory_order_seq_cst) == 1;
                if (last && has_work()) add_worker_if_needed();
                return job;
            }
            for (int i = 0; i < pauses_between_looks; ++i) pause();
        }
        if (!sleep(me, searching)) return nullptr;
        searching = me.woken;
        me.woken = false;
    }
}

auto ThreadPoolCore::sleep(Worker& me, bool searching) noexcept -> bool {
    std::unique_lock lock(mutex_);
    sleepers_.push_back(&me);
    sleeping_.fetch_add(1, std::memory_order_seq_cst);
    if (searching) searching_.fetch_sub(1, std::memory_order_seq_cst);
    // It has said that it sleeps; what was added before that is seen here, and who adds later wakes it.
    const bool work_left = has_work();
    const bool closing = closing_.load(std::memory_order_seq_cst);
    if (!work_left && !closing) me.wake.wait(lock, [&me] { return me.woken; });
    if (!me.woken) {
        std::erase(sleepers_, &me);
        sleeping_.fetch_sub(1, std::memory_order_relaxed);
    }
    return work_left || me.woken || !closing;
}

auto ThreadPoolCore::help() noexcept -> bool {
    Worker* me = this_worker();
    if (me == nullptr || me->pool->process.is_of_parent()) return false;
    // A job that is only discarded needs no stack.
    if (me->helping >= helping_limit && !me->pool->discarding_.load(std::memory_order_acquire)) return false;
    Job* job = me->pool->next(*me);
    if (job == nullptr) return false;
    ++me->helping;
    me->pool->run(*job);
    --me->helping;
    return true;
}

auto ThreadPoolCore::is_worker_of(const JobQueue* queue) noexcept -> bool {
    const Worker* me = this_worker();
    return me != nullptr && me->pool == queue && !queue->process.is_of_parent();
}

// --- ending -----------------------------------------------------------------------------------------------------------

void ThreadPoolCore::close(bool cancel) noexcept {
    {
        const std::lock_guard lock(mutex_);
        closing_.store(true, std::memory_order_seq_cst);
        if (cancel) discarding_.store(true, std::memory_order_release);
        for (Worker* sleeper : sleepers_) {
            sleeper->woken = true;
            sleeping_.fetch_sub(1, std::memory_order_relaxed);
            searching_.fetch_add(1, std::memory_order_seq_cst);
            sleeper->wake.notify_one();
        }
        sleepers_.clear();
    }
    room_.notify_all();
    if (cancel) discard_everything();
}

void ThreadPoolCore::discard_everything() noexcept {
    // Those who wait for these jobs hear of it now, and not when a long job has ended.
    const auto error = why_broken();
    const std::size_t count = started_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) {
        while (Job* job = workers_[i]->ring.pop()) job->discard(error, cause_);
    }
    for (;;) {
        Job* job = nullptr;
        {
            const std::lock_guard lock(popping_);
            job = injected_.pop();
        }
        if (job == nullptr) return;
        make_room(1);
        job->discard(error, cause_);
    }
}

void ThreadPoolCore::thread_ended() noexcept {
    const std::lock_guard lock(mutex_);
    if (--live_ != 0 || !closing_.load(std::memory_order_relaxed)) return;
    for (ShutdownWait* wait : std::exchange(waiters_, {})) wait->ended();
}

auto ThreadPoolCore::add_waiter(ShutdownWait& wait) -> bool {
    const std::lock_guard lock(mutex_);
    if (live_ == 0) return false;
    waiters_.push_back(&wait);
    return true;
}

auto ThreadPoolCore::remove_waiter(ShutdownWait& wait) noexcept -> bool {
    const std::lock_guard lock(mutex_);
    return std::erase(waiters_, &wait) != 0;
}

auto ThreadPoolCore::take_lost_error() noexcept -> std::exception_ptr {
    const std::lock_guard lock(mutex_);
    return std::exchange(lost_error_, nullptr);
}

void ThreadPoolCore::join() noexcept {
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        threads.swap(threads_);
    }
    for (std::thread& thread : threads) {
        if (thread.get_id() == std::this_thread::get_id()) {
            thread.detach();  // it cannot wait for itself
        } else {
            thread.join();
        }
    }
}

}  // namespace gyre::internal
