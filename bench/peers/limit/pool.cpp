// The limit: a ring of jobs that lie in it and own nothing, one thread that submits, two that spin a little before they sleep.
// usage: pool WORK COUNT SECONDS
#include "jobs.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>

namespace {

using Word = std::atomic<std::uint32_t>;

void sleep_while(Word& word, std::uint32_t value) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake(Word& word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

/// One job at a time. `state` is even while the cell is empty and odd while it is full, and one more at each change.
struct alignas(64) Cell {
    Word state{0};
    void (*call)(void*) = nullptr;
    alignas(16) std::byte job[32];
};

/// Who sleeps makes that visible with `membarrier`, so that those who look for sleepers after each job need no fence.
class Pool {
public:
    Pool() {
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
        for (int i = 0; i < rounds::workers; ++i) std::thread([this] { work(); }).detach();
    }

    /// From one thread alone.
    template<class Job>
    void post(Job job) {
        static_assert(sizeof(Job) <= sizeof(Cell::job) && std::is_trivially_copyable_v<Job>);
        Cell& cell = cells_[tail_ % size];
        const std::uint32_t empty = empty_state(tail_);
        if (cell.state.load(std::memory_order_acquire) != empty) wait_for_room();
        while (cell.state.load(std::memory_order_acquire) != empty) __builtin_ia32_pause();
        new (cell.job) Job(job);
        cell.call = [](void* own) { (*static_cast<Job*>(own))(); };
        cell.state.store(empty + 1, std::memory_order_release);
        ++tail_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        wake_one();
    }

private:
    static constexpr std::uint64_t size = 4096;
    static constexpr std::uint64_t nowhere = ~std::uint64_t{0};
    static constexpr int spins = 300;
    static constexpr std::uint32_t searcher = 1;
    static constexpr std::uint32_t sleeper = 1 << 16;

    static std::uint32_t empty_state(std::uint64_t position) { return static_cast<std::uint32_t>(position / size * 2); }
    static void make_visible() { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }

    bool is_full(std::uint64_t position) const {
        return cells_[position % size].state.load(std::memory_order_acquire) == empty_state(position) + 1;
    }

    /// Until half of a full ring is done: one long sleep and not many short ones.
    void wait_for_room() {
        const std::uint64_t half = tail_ - size / 2;
        room_.store(0, std::memory_order_relaxed);
        awaited_.store(half, std::memory_order_relaxed);
        make_visible();
        if (is_full(half)) {
            while (room_.load(std::memory_order_acquire) == 0) sleep_while(room_, 0);
        }
        awaited_.store(nowhere, std::memory_order_relaxed);
    }

    /// Only when nobody is looking for jobs already.
    void wake_one() {
        std::uint32_t seen = idle_.load(std::memory_order_relaxed);
        while (seen >= sleeper && seen % sleeper == 0) {
            if (!idle_.compare_exchange_weak(seen, seen - sleeper + searcher)) continue;
            tokens_.fetch_add(1, std::memory_order_release);
            return wake(tokens_);
        }
    }

    bool try_one() {
        std::uint64_t position = head_.load(std::memory_order_relaxed);
        for (;;) {
            Cell& cell = cells_[position % size];
            const std::uint32_t full = empty_state(position) + 1;
            const auto difference = static_cast<std::int32_t>(cell.state.load(std::memory_order_acquire) - full);
            if (difference < 0) return false;
            if (difference > 0) {
                position = head_.load(std::memory_order_relaxed);
            } else if (head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
                take(cell, full, position);
                return true;
            }
        }
    }

    void take(Cell& cell, std::uint32_t full, std::uint64_t position) {
        alignas(16) std::byte job[sizeof(Cell::job)];
        std::memcpy(job, cell.job, sizeof job);
        const auto call = cell.call;
        cell.state.store(full + 1, std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (awaited_.load(std::memory_order_relaxed) == position) {
            room_.store(1, std::memory_order_release);
            wake(room_);
        }
        if (searching_) {
            searching_ = false;
            idle_.fetch_sub(searcher);
            if (is_full(position + 1)) wake_one();  // there is more than one of us can do
        }
        call(job);
    }

    [[noreturn]] void work() {
        for (;;) {
            while (try_one()) {}
            if (!searching_) {
                searching_ = true;
                idle_.fetch_add(searcher);
            }
            bool found = false;
            for (int i = 0; i < spins && !found; ++i) {
                __builtin_ia32_pause();
                found = try_one();
            }
            if (!found) sleep();
        }
    }

    /// Ends as one who looks for jobs.
    void sleep() {
        idle_.fetch_add(sleeper - searcher);
        make_visible();
        const std::uint64_t position = head_.load(std::memory_order_acquire);
        if (is_full(position)) wake_one();
        for (std::uint32_t seen = tokens_.load(std::memory_order_acquire);;) {
            if (seen == 0) {
                sleep_while(tokens_, 0);
                seen = tokens_.load(std::memory_order_acquire);
            } else if (tokens_.compare_exchange_weak(seen, seen - 1)) {
                return;
            }
        }
    }

    inline static thread_local bool searching_ = false;
    const std::unique_ptr<Cell[]> cells_ = std::make_unique<Cell[]>(size);
    alignas(64) std::uint64_t tail_ = 0;
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint32_t> idle_{0};  // how many sleep, and how many look for jobs
    std::atomic<std::uint64_t> awaited_{nowhere};
    alignas(64) Word tokens_{0};
    Word room_{0};
};

double jobs(int count, bool empty) {
    static auto& pool = *new Pool;  // its threads never end
    return rounds::timed_jobs(count, empty, [](auto job) { pool.post(job); });
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}
