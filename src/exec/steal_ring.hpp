#pragma once

#include <gyre/exec/job.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gyre::internal {

/// The jobs of one worker, first in, first out. The worker adds; it and others take.
class StealRing {
public:
    static constexpr std::size_t capacity = 256;

    /// @return false if it is full. Thread: the worker's.
    [[nodiscard]] auto push(Job& job) noexcept -> bool {
        const auto tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) >= capacity) return false;
        slots_[tail % capacity].store(&job, std::memory_order_relaxed);
        // Sequentially consistent: the worker then asks whether anybody sleeps, who asks whether anything is here.
        tail_.store(tail + 1, std::memory_order_seq_cst);
        return true;
    }

    /// The oldest, or null. Thread: any.
    [[nodiscard]] auto pop() noexcept -> Job* {
        Job* job = nullptr;
        return take({&job, 1}) == 1 ? job : nullptr;
    }

    /// The oldest half, at most as many as there is room for. @return how many. Thread: any.
    [[nodiscard]] auto steal(std::span<Job*> into) noexcept -> std::size_t {
        return take(into.first(std::min(into.size(), (size() + 1) / 2)));
    }

    [[nodiscard]] auto empty() const noexcept -> bool {
        return head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_seq_cst);
    }
    [[nodiscard]] auto size() const noexcept -> std::size_t {
        const auto head = head_.load(std::memory_order_acquire);
        const auto tail = tail_.load(std::memory_order_acquire);
        return static_cast<std::size_t>(tail - head);  // head is read first, and never overtakes
    }

private:
    auto take(std::span<Job*> into) noexcept -> std::size_t {
        auto head = head_.load(std::memory_order_acquire);
        for (;;) {
            const auto tail = tail_.load(std::memory_order_acquire);
            const auto count = std::min<std::uint64_t>(into.size(), tail - head);
            if (count == 0) return 0;
            // A slot is written again only when head has passed it, and then the exchange fails.
            for (std::uint64_t i = 0; i < count; ++i) {
                into[i] = slots_[(head + i) % capacity].load(std::memory_order_relaxed);
            }
            if (head_.compare_exchange_weak(head, head + count, std::memory_order_acq_rel, std::memory_order_acquire)) {
                return static_cast<std::size_t>(count);
            }
        }
    }

    alignas(64) std::atomic<std::uint64_t> head_{0};  ///< Moved by whoever takes.
    alignas(64) std::atomic<std::uint64_t> tail_{0};  ///< Moved by the worker.
    std::array<std::atomic<Job*>, capacity> slots_{};
};

}  // namespace gyre::internal
