#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace gyre::backend {

/// How the C library and the kernel call a thread.
struct ThreadName {
    pthread_t handle{};
    int number = 0;
};

/// The calling thread. Source: gettid(2), asked once for each thread.
[[nodiscard]] auto this_thread() noexcept -> ThreadName;

/// Gives the calling thread a name for `top`, `gdb` and the like; the kernel keeps its first 15 bytes.
/// Source: pthread_setname_np(3).
void name_thread(const std::string& name) noexcept;

/// The cores that this process may use, by number, ascending. Source: sched_getaffinity(2).
[[nodiscard]] auto usable_cores() -> std::vector<int>;

/// Holds the calling thread on one core while it lives, and then lets it go where it could before.
class ThreadPin {
public:
    /// @throws std::system_error if the kernel refuses.
    explicit ThreadPin(int core);
    ThreadPin(const ThreadPin&) = delete;
    auto operator=(const ThreadPin&) -> ThreadPin& = delete;
    /// Thread: the same.
    ~ThreadPin();

private:
    cpu_set_t before_{};
};

}  // namespace gyre::backend
