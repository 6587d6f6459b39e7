#pragma once

#include <liburing.h>

#include <cstdint>
#include <ctime>
#include <thread>

namespace gyre::backend {

/// Who enters a ring.
enum class RingUse : bool {
    one_thread,  ///< The one that made it; completions only when it asks.
    any_thread,  ///< One at a time.
};

/// The pair of queues shared with the kernel, set up as the loop needs it.
///
/// Thread: see `RingUse`. Source: io_uring_setup(2), io_uring_enter(2), io_uring_register(2).
class Ring {
public:
    /// Tags of entries that belong to no operation; no address is this small.
    static constexpr std::uint64_t wake_tag = 1;
    static constexpr std::uint64_t cancel_tag = 2;

    /// @throws std::system_error with a text that says who refused and what to do.
    explicit Ring(RingUse use);
    ~Ring();
    Ring(const Ring&) = delete;
    auto operator=(const Ring&) -> Ring& = delete;

    /// Tries what some containers allow less than the setup itself. @throws std::system_error as the constructor does.
    void check_usable();

    /// For questions to the kernel about the ring itself.
    [[nodiscard]] auto raw() noexcept -> io_uring& { return ring_; }

    /// Has `eventfd` written whenever there is something to collect. The ring's own descriptor does not tell an epoll set of
    /// work that the kernel keeps back until it is entered. @return 0, or a negative errno.
    [[nodiscard]] auto notify(int eventfd) noexcept -> int { return io_uring_register_eventfd(&ring_, eventfd); }

    /// A free submission entry; submits what is queued if there is none. Null if the kernel takes nothing either.
    [[nodiscard]] auto next_entry() noexcept -> io_uring_sqe*;

    /// Asks for the cancellation of the entry with this tag; its own completion answers.
    void cancel(std::uint64_t tag) noexcept;

    /// The same, done when this returns: the entry has ended, and its completion can be collected.
    void cancel_now(std::uint64_t tag) noexcept;

    /// Cancels everything that is with the kernel.
    void cancel_all() noexcept;

    [[nodiscard]] auto has_completions() const noexcept -> bool { return io_uring_cq_ready(&ring_) > 0; }
    [[nodiscard]] auto has_overflow() const noexcept -> bool { return io_uring_cq_has_overflow(&ring_); }

    /// Whether entering the kernel would move anything: submissions queued here, or completions kept back there.
    [[nodiscard]] auto has_work() const noexcept -> bool {
        return io_uring_sq_ready(&ring_) > 0 ||
               (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    }

    /// Submits and collects without waiting. @throws std::system_error if the kernel refuses.
    void enter();

    /// The same for places that cannot throw. @return whether it could.
    auto collect() noexcept -> bool;

    /// Submits, and waits for a completion. It can return early. @param timeout null: none.
    /// @throws std::system_error if the kernel refuses.
    void wait(const timespec* timeout);

    template<class Function>
    void for_each_completion(Function function) noexcept {
        // The end is fixed before: entries that come meanwhile belong to the next round.
        unsigned ready = io_uring_cq_ready(&ring_);
        while (ready-- > 0) {
            io_uring_cqe* entry = nullptr;
            if (io_uring_peek_cqe(&ring_, &entry) != 0) return;
            const io_uring_cqe copy{.user_data = entry->user_data, .res = entry->res, .flags = entry->flags};
            io_uring_cqe_seen(&ring_, entry);
            function(copy);
        }
    }

private:
    void cancel_synchronously(std::uint64_t tag, unsigned flags) noexcept;
    [[noreturn]] void fail(int error) const;

    io_uring ring_{};
    std::thread::id thread_ = std::this_thread::get_id();
};

}  // namespace gyre::backend
