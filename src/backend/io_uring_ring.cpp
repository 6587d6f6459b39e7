#include "io_uring_ring.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

namespace gyre::backend {

namespace {

constexpr unsigned entry_count = 256;

auto disabled_by_sysctl() -> int {
    std::ifstream file{"/proc/sys/kernel/io_uring_disabled"};
    int value = 0;
    return file >> value ? value : 0;
}

/// Who refused, and what to do about it.
auto explain(int error) -> std::string {
    const std::string advice = "; or use GYRE_BACKEND=epoll";
    switch (error) {
    case EPERM:
    case EACCES:
        if (const int value = disabled_by_sysctl(); value != 0) {
            return "io_uring is switched off on this host: sysctl kernel.io_uring_disabled is " +
                   std::to_string(value) + ", set it to 0" + advice;
        }
        return "io_uring is refused by a security policy, most likely the seccomp profile of a container: allow "
               "io_uring_setup, io_uring_enter and io_uring_register there" +
               advice;
    case ENOSYS:
        return "io_uring is not known here: the kernel was built without it, is older than 6.1, or a seccomp profile "
               "hides it" +
               advice;
    case EINVAL:
        return "io_uring lacks what gyre needs: the kernel is older than 6.1" + advice;
    case ENOMEM:
        return "io_uring cannot lock the memory of its queues: raise RLIMIT_MEMLOCK (ulimit -l)" + advice;
    case EMFILE:
    case ENFILE:
        return "io_uring has no descriptor left: raise RLIMIT_NOFILE (ulimit -n)";
    default:
        return "io_uring cannot be set up" + advice;
    }
}

auto refusal(int error) -> std::system_error {
    return std::system_error{error, std::generic_category(), explain(error)};
}

/// Failures that more room, or another turn, will cure.
auto is_passing(int error) noexcept -> bool {
    return error == EINTR || error == ETIME || error == EAGAIN || error == EBUSY;
}

// The memory of a ring that has ended may be that of the next one, on another thread. The kernel orders the two; this says
// so to the thread sanitizer, which does not see how liburing maps and unmaps.
constinit std::atomic<std::size_t> rings_ended{0};

}  // namespace

Ring::Ring(RingUse use) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE;
    if (use == RingUse::one_thread) parameters.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    parameters.cq_entries = 4 * entry_count;
    const int result = io_uring_queue_init_params(entry_count, &ring_, &parameters);
    if (result < 0) throw refusal(-result);
    static_cast<void>(rings_ended.load(std::memory_order_acquire));
    // Saves a lookup per call; where it is refused, everything works without. It is one thread's.
    if (use == RingUse::one_thread) static_cast<void>(io_uring_register_ring_fd(&ring_));
}

Ring::~Ring() {
    rings_ended.fetch_add(1, std::memory_order_release);
    io_uring_queue_exit(&ring_);
}

void Ring::check_usable() {
    const int submitted = io_uring_submit_and_get_events(&ring_);
    if (submitted < 0) throw refusal(-submitted);
    io_uring_sync_cancel_reg request{};
    request.addr = cancel_tag;  // nothing has it: "not found" is the answer of a kernel that can
    request.timeout = {.tv_sec = -1, .tv_nsec = -1};
    const int result = io_uring_register_sync_cancel(&ring_, &request);
    if (result < 0 && result != -ENOENT) throw refusal(-result);
}

auto Ring::next_entry() noexcept -> io_uring_sqe* {
    if (io_uring_sqe* const entry = io_uring_get_sqe(&ring_); entry != nullptr) return entry;
    io_uring_submit(&ring_);
    if (io_uring_sqe* const entry = io_uring_get_sqe(&ring_); entry != nullptr) return entry;
    io_uring_submit_and_get_events(&ring_);  // a kernel that keeps completions back takes nothing new before
    return io_uring_get_sqe(&ring_);
}

void Ring::cancel(std::uint64_t tag) noexcept {
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) return cancel_synchronously(tag, 0);
    io_uring_prep_cancel64(entry, tag, 0);
    io_uring_sqe_set_flags(entry, IOSQE_CQE_SKIP_SUCCESS);  // the operation's own completion says it all
    io_uring_sqe_set_data64(entry, cancel_tag);
}

void Ring::cancel_now(std::uint64_t tag) noexcept {
    cancel(tag);
    // Submitting marks the entry; only collecting ends it, and lets go of its file.
    collect();
}

void Ring::cancel_all() noexcept { cancel_synchronously(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL); }

void Ring::cancel_synchronously(std::uint64_t tag, unsigned flags) noexcept {
    if (io_uring_sq_ready(&ring_) > 0) io_uring_submit(&ring_);  // the kernel cannot find what it has not got yet
    io_uring_sync_cancel_reg request{};
    request.addr = tag;
    request.flags = flags;
    request.timeout = {.tv_sec = -1, .tv_nsec = -1};
    int result = 0;
    do {
        result = io_uring_register_sync_cancel(&ring_, &request);
    } while (result == -EINTR);
}

void Ring::fail(int error) const {
    const bool is_strange = std::this_thread::get_id() != thread_;
    throw std::system_error{error, std::generic_category(),
        is_strange ? "io_uring_enter: the loop was made by another thread, which alone may run and close it; with "
                     "GYRE_BACKEND=mixed or epoll any thread may"
                   : "io_uring_enter"};
}

void Ring::enter() {
    const int result = io_uring_submit_and_get_events(&ring_);
    if (result < 0 && !is_passing(-result)) fail(-result);
}

auto Ring::collect() noexcept -> bool {
    const int result = io_uring_submit_and_get_events(&ring_);
    return result >= 0 || is_passing(-result);
}

void Ring::wait(const timespec* timeout) {
    io_uring_cqe* entry = nullptr;
    __kernel_timespec limit{};
    if (timeout != nullptr) limit = {.tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_nsec};
    const int result = io_uring_submit_and_wait_timeout(
        &ring_, &entry, 1, timeout == nullptr ? nullptr : &limit, nullptr);
    if (result < 0 && !is_passing(-result)) fail(-result);
}

}  // namespace gyre::backend
