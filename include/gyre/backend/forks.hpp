#pragma once

#include <atomic>
#include <cstdint>

namespace gyre::backend {

/// How many forks lie between the first process that watched them and this one: who made something in another generation
/// was another process. Written in a child before `fork` returns there; read by all threads.
inline std::atomic<std::uint32_t> fork_generation{0};

/// Counts forks from now on. Idempotent. Source: pthread_atfork(3).
void watch_forks() noexcept;

/// While it lives, children that are forked close a descriptor, whose owner does not exist in them. At most 64 at the same time, the
/// others stay open. Thread: any.
class ClosedInChild {
public:
    explicit ClosedInChild(int descriptor) noexcept;
    ClosedInChild(const ClosedInChild&) = delete;
    auto operator=(const ClosedInChild&) -> ClosedInChild& = delete;
    ~ClosedInChild();

private:
    int place_ = -1;
};

/// Notes the process that made an object, and tells a copy of it in a forked child from the original.
class ProcessMark {
public:
    ProcessMark() noexcept {
        watch_forks();
        generation_ = fork_generation.load(std::memory_order_relaxed);
    }
    /// Whether this process is a child of the one that made it, so that the original lives on elsewhere.
    [[nodiscard]] auto is_of_parent() const noexcept -> bool {
        return generation_ != fork_generation.load(std::memory_order_relaxed);
    }

private:
    std::uint32_t generation_ = 0;
};

}  // namespace gyre::backend
