#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/backend/threads.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::backend {

/// What a thread was doing when it was interrupted.
struct ThreadSample {
    std::array<void*, 48> stack{};
    /// Of `stack`; 0 if the thread was throwing an exception, whose stack is no place to be in, or stacks are not safe to take.
    std::size_t depth = 0;
};

/// Looks at threads of this process by interrupting them for some microseconds with SIGURG. Its handler is this one's while one of
/// these lives; a signal that nobody here has sent goes on to the handler that was there before. (A call that the thread blocks in may end with EINTR, as with every profiler.) Thread: any.
class ThreadProbe {
public:
    /// @throws std::system_error if the kernel refuses the handler.
    ThreadProbe();
    ThreadProbe(const ThreadProbe&) = delete;
    auto operator=(const ThreadProbe&) -> ThreadProbe& = delete;
    ~ThreadProbe();

    /// Notes the stack of `thread`, which must live, and calls `look(argument)` on it, inside of the signal handler.
    /// @return false if it did not answer within `limit`, for instance because it has blocked SIGURG; then `look` was not called and will not be.
    [[nodiscard]] auto sample(const ThreadName& thread, Duration limit, ThreadSample& sample,
        void (*look)(void*) noexcept, void* argument) -> bool;
};

/// Lets probes interrupt the calling thread, which has inherited that all signals are blocked.
void allow_probes() noexcept;

/// What an address of code is called: "serve(app::Request&)+0x12 in /usr/bin/app"; where no name is exported, the offset in the
/// file, which addr2line understands.
[[nodiscard]] auto code_text(void* address) -> std::string;

/// What the kernel knows of a thread. Source: proc(5).
struct ThreadActivity {
    char state = '?';                ///< 'R' runs or could run; 'S' and 'D' are asleep in a system call.
    int system_call = -1;            ///< Its number, if it is inside of one and that may be known.
    bool is_in_no_call = false;      ///< The kernel says so of one that is asleep: its memory has to be got first.
    std::string waits_in;            ///< The function of the kernel; empty if it is not known.
    Duration ran{};                  ///< On a core, since it began.
    Duration waited_for_core{};      ///< Ready, but others ran.
    std::uint64_t major_faults = 0;  ///< Pages that had to be read from a disk.
};
[[nodiscard]] auto thread_activity(int number) -> ThreadActivity;

/// "nanosleep", or "number 77".
[[nodiscard]] auto system_call_text(int number) -> std::string;

/// Whether a signal handler may take the native stack: with glibc from 2.35 on.
[[nodiscard]] auto native_stacks_are_safe() noexcept -> bool;

/// Writes a text to standard error. A pipe or terminal that is full is waited for, until it has taken nothing for a second or
/// `gives_up` is set; then the rest is dropped.
void write_to_standard_error(std::string_view text, const std::atomic<bool>* gives_up = nullptr) noexcept;

/// The time of the kernel backends' clock, for threads that belong to no loop.
[[nodiscard]] auto monotonic_time() noexcept -> Time;

/// What one thread waits for and another sets.
class ThreadAlarm {
public:
    /// @throws std::system_error if there is no descriptor left.
    ThreadAlarm();
    ThreadAlarm(const ThreadAlarm&) = delete;
    auto operator=(const ThreadAlarm&) -> ThreadAlarm& = delete;
    ~ThreadAlarm();

    void set() noexcept;
    /// Waits until it is set, `other` is readable or `limit` has passed. @param other a descriptor, or -1. Resets it.
    void wait(int other, Duration limit) noexcept;

private:
    int descriptor_;
};

}  // namespace gyre::backend
