#pragma once

#include <gyre/backend/clock.hpp>

#include <cstdint>
#include <string_view>

namespace gyre {

namespace internal {
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
    /// The task that holds the object, where exactly one does and it is known; else null.
    const internal::TaskNode* owner = nullptr;
};

}  // namespace gyre
