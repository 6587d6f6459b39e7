#pragma once

#include <gyre/core/post_queue.hpp>

#include <mutex>

namespace gyre::backend {
class Backend;
}  // namespace gyre::backend

namespace gyre::internal {

/// Where other threads leave what a loop shall call; it may outlive the loop, and then refuses.
class Mailbox {
public:
    explicit Mailbox(backend::Backend& backend) noexcept : backend_(&backend) {}

    /// Hands `callback` to the loop and wakes it if it sleeps. @return false if the loop is closed: it is dropped.
    /// Thread: any.
    auto post(CallbackPointer callback) noexcept -> bool;

    /// Ends the loop's present sleep, or the next. Thread: any.
    void wake() noexcept;

    /// The loop is gone. Thread: the loop's.
    void close() noexcept;

    PostQueue queue;

private:
    std::mutex mutex_;           ///< Held while the backend is woken, and while it is taken away.
    backend::Backend* backend_;  ///< Null once the loop is closed.
};

}  // namespace gyre::internal
