#pragma once

#include "io_uring_files.hpp"
#include "io_uring_ring.hpp"
#include "kernel_backend.hpp"

#include <gyre/backend/files.hpp>

#include <cstddef>
#include <cstdint>

namespace gyre::backend {

/// A ring for operations on files, beside a backend that waits for something else.
///
/// Thread: any, one at a time: a loop may be run by one and closed by another.
/// Source: io_uring_setup(2), io_uring_register_eventfd(3).
class FileRing {
public:
    /// @throws std::system_error if the kernel allows no ring.
    FileRing();
    FileRing(const FileRing&) = delete;
    auto operator=(const FileRing&) -> FileRing& = delete;
    ~FileRing() = default;

    /// An eventfd that becomes readable with each completion. Nobody needs to read it where edges are watched.
    [[nodiscard]] auto descriptor() const noexcept -> int { return news_.get(); }

    /// Whether something is queued that the kernel has not got yet, or keeps back.
    [[nodiscard]] auto has_work() const noexcept -> bool { return ring_.has_work(); }

    /// Queues an operation for the kernel. @return false: it cannot be done by a ring.
    [[nodiscard]] auto start(FileOperation& operation) noexcept -> bool;
    /// Asks the kernel to stop it; its own completion answers.
    void cancel(FileOperation& operation) noexcept;

    /// Tells the kernel what has been queued, and calls `ended(operation, result)` for each that is done.
    /// @throws std::system_error if the kernel refuses.
    template<class Function>
    void turn(Function ended) {
        if (ring_.has_work()) ring_.enter();
        collect(ended);
    }

    /// Cancels everything and waits until the kernel has let go; calls `ended(operation, result)` for each.
    template<class Function>
    void close(Function ended) noexcept {
        is_closing_ = true;
        while (with_kernel_ > 0) {
            ring_.cancel_all();
            if (!ring_.collect()) return;  // no way to enter the kernel any more: closing the ring is all that is left
            collect(ended);
        }
    }

private:
    [[nodiscard]] auto submit(FileOperation& operation) noexcept -> bool;

    template<class Function>
    void collect(Function ended) noexcept {
        ring_.for_each_completion([&](const io_uring_cqe& entry) {
            if (entry.user_data == Ring::cancel_tag) return;
            --with_kernel_;
            auto& operation = *reinterpret_cast<FileOperation*>(static_cast<std::uintptr_t>(entry.user_data));
            // The kernel stops by itself what a thread began that has ended since.
            const bool is_stopped = entry.res == -EINTR || entry.res == -ECANCELED;
            const bool again = is_stopped && RingFiles::may_repeat(operation.request, entry.res) &&
                               !operation.cancelling && !is_closing_;
            if (again && submit(operation)) return;
            ended(operation, RingFiles::outcome(operation, entry.res, is_closing_));
        });
    }

    Ring ring_{RingUse::any_thread};
    RingFiles files_{ring_.raw()};
    OwnedDescriptor news_;
    std::size_t with_kernel_ = 0;  ///< Operations whose memory is the kernel's.
    bool is_closing_ = false;
};

}  // namespace gyre::backend
