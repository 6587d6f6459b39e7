#pragma once

#include <gyre/exec/job.hpp>

#include <atomic>

namespace gyre::internal {

/// The jobs that came from outside, first in, first out. Any thread pushes without a lock; those who pop hold one.
/// Source: D. Vyukov's intrusive queue for many producers and one consumer.
class InjectionQueue {
public:
    InjectionQueue() noexcept : newest_(&stub_), oldest_(&stub_) {}
    InjectionQueue(const InjectionQueue&) = delete;
    auto operator=(const InjectionQueue&) -> InjectionQueue& = delete;
    ~InjectionQueue() = default;

    void push(JobLink& link) noexcept {
        link.next.store(nullptr, std::memory_order_relaxed);
        JobLink* before = newest_.exchange(&link, std::memory_order_seq_cst);
        before->next.store(&link, std::memory_order_release);
    }

    /// The oldest; null if there is none, or if the one that pushes it is not done yet. One thread at a time.
    [[nodiscard]] auto pop() noexcept -> Job* {
        JobLink* oldest = oldest_;
        JobLink* next = oldest->next.load(std::memory_order_acquire);
        if (oldest == &stub_) {
            if (next == nullptr) return nullptr;
            oldest_ = oldest = next;
            next = oldest->next.load(std::memory_order_acquire);
        }
        if (next == nullptr) {
            if (oldest != newest_.load(std::memory_order_acquire)) return nullptr;
            push(stub_);
            next = oldest->next.load(std::memory_order_acquire);
            if (next == nullptr) return nullptr;
        }
        oldest_ = next;
        return static_cast<Job*>(oldest);
    }

private:
    alignas(64) std::atomic<JobLink*> newest_;
    alignas(64) JobLink* oldest_;
    JobLink stub_;
};

}  // namespace gyre::internal
