#pragma once

#include <gyre/backend/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gyre {

namespace internal {
class RemoteCall;
class TaskNode;
}  // namespace internal

/// What kind of thing a task is suspended on.
enum class WaitKind : std::uint8_t {
    sleep,
    yield,
    event,
    future,
    join,
    scope,
    group,
    gather,
    race,
    cleanup,
    socket,
    blocking_call,
    resolve,
    lock,
    condition,
    semaphore,
    limiter,
    barrier,
    queue_get,
    queue_put,
    queue_join,
    send,
    receive,
    watch,
    generator,
    started,
    wait,
    file,
    pipe,
    process,
    signal,
    executor,
    loop,
    other,
};

/// The name of a kind, as dumps print it.
[[nodiscard]] auto to_string(WaitKind kind) noexcept -> std::string_view;

/// What a suspended task waits for: every wait can say it at any time.
struct WaitRecord {
    WaitKind kind = WaitKind::other;
    const void* object = nullptr;  ///< The event, socket, task... waited on, or null.
    std::string_view name = {};    ///< Of the object; valid as long as the wait lasts.
    Time deadline = Time::max();   ///< Of the wait itself; `Time::max()` if it has none.
    /// The one task that can end this wait, where it is known: it holds the lock, or is joined; else null.
    const internal::TaskNode* owner = nullptr;
    std::size_t waiting = 0;       ///< How many wait for the object, this one among them; 0 if that is not known.
    std::size_t used = 0;          ///< Of `bound`: items in a queue, permits that are taken, parties that have come.
    std::size_t bound = 0;         ///< How much it holds at most; 0 if it has no bound, or none that is known.
    int descriptor = -1;           ///< Of a socket, pipe or the like.
    std::string_view action = {};  ///< What is done with the object, where there are several things: "receive".
    int process = 0;               ///< The number of a child process; else 0.
    const internal::RemoteCall* remote = nullptr;  ///< The work that another loop does for this wait, or null.
};

}  // namespace gyre
