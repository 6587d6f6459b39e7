#include "descriptor_table.hpp"
#include "file_now.hpp"
#include "io_uring_files.hpp"
#include "io_uring_ring.hpp"
#include "kernel_backend.hpp"
#include "operation_list.hpp"

#include <gyre/backend/backend.hpp>

#include <liburing.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace gyre::backend {

namespace {

/// One way of a descriptor. Only the first in the list is with the kernel: two receives of one stream in the ring at the
/// same time may be served in any order, and two sends may interleave their bytes.
struct Direction {
    OperationList waiting;
    bool is_promising = false;  ///< The last receive filled its buffer, so that a direct try is worth a system call.
};

struct Slot {
    Direction in;
    Direction out;
    bool is_given_out = false;
};

auto tag_of(const Operation& operation) noexcept -> std::uint64_t {
    return reinterpret_cast<std::uintptr_t>(&operation);
}

auto operation_of(std::uint64_t tag) noexcept -> Operation& {
    return *reinterpret_cast<Operation*>(static_cast<std::uintptr_t>(tag));
}

auto request_of(const Operation& operation) noexcept -> const FileRequest& {
    return static_cast<const FileOperation&>(operation).request;
}

/// What the kernel is to do for an operation. MSG_DONTWAIT would make it answer EAGAIN instead of waiting.
void describe(io_uring_sqe& entry, Operation& operation) noexcept {
    const int flags = operation.flags & ~MSG_DONTWAIT;
    switch (operation.kind) {
    case OperationKind::accept:
        operation.address_length = sizeof(sockaddr_storage);
        io_uring_prep_accept(&entry, operation.descriptor, reinterpret_cast<sockaddr*>(operation.address),
            operation.address == nullptr ? nullptr : &operation.address_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        break;
    case OperationKind::connect:
        io_uring_prep_connect(
            &entry, operation.descriptor, reinterpret_cast<sockaddr*>(operation.address), operation.address_length);
        break;
    case OperationKind::receive:
        io_uring_prep_recv(&entry, operation.descriptor, operation.buffer, operation.size, flags);
        break;
    case OperationKind::send:
        io_uring_prep_send(&entry, operation.descriptor, operation.buffer, operation.size, flags | MSG_NOSIGNAL);
        break;
    case OperationKind::receive_message:
        io_uring_prep_recvmsg(&entry, operation.descriptor, operation.message, static_cast<unsigned>(flags));
        break;
    case OperationKind::send_message:
        io_uring_prep_sendmsg(
            &entry, operation.descriptor, operation.message, static_cast<unsigned>(flags | MSG_NOSIGNAL));
        break;
    case OperationKind::poll:
        io_uring_prep_poll_add(&entry, operation.descriptor, static_cast<unsigned short>(operation.events));
        break;
    case OperationKind::file:
        RingFiles::describe(entry, request_of(operation));
        break;
    }
    io_uring_sqe_set_data64(&entry, tag_of(operation));
}

/// Whether more is there to receive, as far as the kernel or a full buffer can tell.
auto leaves_more(const Operation& operation, const io_uring_cqe& entry) noexcept -> bool {
    if (entry.res <= 0) return false;
    if ((entry.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0) return true;
    return operation.kind == OperationKind::receive && static_cast<std::size_t>(entry.res) >= operation.size;
}

/// What a host watches: an epoll set, readable at news of the ring, at wake-ups and at the alarm. The ring's own descriptor
/// does not tell an epoll set of work that the kernel keeps back until it is entered.
class HostSet {
public:
    HostSet() noexcept : set_{::epoll_create1(EPOLL_CLOEXEC)}, news_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

    [[nodiscard]] auto is_open() const noexcept -> bool { return set_.get() >= 0 && news_.get() >= 0; }
    [[nodiscard]] auto descriptor() const noexcept -> int { return set_.get(); }
    /// The eventfd that the ring writes.
    [[nodiscard]] auto news() const noexcept -> int { return news_.get(); }
    /// Edge-triggered, so that nothing needs to be read.
    [[nodiscard]] auto add(int descriptor) noexcept -> bool {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        return ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
    }
    /// What it told of so far is being looked at.
    void clear() noexcept {
        std::array<epoll_event, 4> events{};
        static_cast<void>(::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0));
    }

private:
    OwnedDescriptor set_;
    OwnedDescriptor news_;
};

class IoUringBackend final : public KernelBackend {
public:
    IoUringBackend();
    ~IoUringBackend() override;

    [[nodiscard]] auto name() const noexcept -> std::string_view override { return "io_uring"; }
    [[nodiscard]] auto start(Operation& operation) noexcept -> bool override;
    [[nodiscard]] auto start_file(FileOperation& operation) noexcept -> FileStart override;
    void cancel(Operation& operation) noexcept override;
    void wait(Time deadline) override;
    [[nodiscard]] auto pollable_descriptor() noexcept -> int override;

private:
    [[nodiscard]] auto note_given_out(int descriptor) noexcept -> bool override;
    [[nodiscard]] auto forget(int descriptor) noexcept -> bool override;
    [[nodiscard]] auto watch_alarm(int descriptor) noexcept -> int override;

    [[nodiscard]] auto direction_of(const Operation& operation) noexcept -> Direction&;
    [[nodiscard]] auto submit(Operation& operation) noexcept -> bool;
    void submit_first(Direction& direction) noexcept;
    void arm_wake() noexcept;
    void enter(Time deadline);
    void reap() noexcept;
    void handle(const io_uring_cqe& entry) noexcept;
    [[nodiscard]] auto should_retry(Operation& operation, std::int64_t result) noexcept -> bool;
    [[nodiscard]] auto received(Operation& operation, const io_uring_cqe& entry) noexcept -> std::int64_t;
    void withdraw_everything() noexcept;

    Ring ring_{RingUse::one_thread};
    std::optional<HostSet> host_set_;
    RingFiles files_{ring_.raw()};
    DescriptorTable<Slot> slots_;
    std::size_t with_kernel_ = 0;  ///< Operations whose completion entry has not been seen: their memory is the kernel's.
    bool is_wake_armed_ = false;
    bool is_closing_ = false;
};

IoUringBackend::IoUringBackend() {
    arm_wake();
    ring_.check_usable();
}

IoUringBackend::~IoUringBackend() {
    // In a forked child the queues are the parent's, who still uses them.
    if (!is_of_parent()) withdraw_everything();
    slots_.for_each([](Slot& slot) {
        for (OperationList* list : {&slot.in.waiting, &slot.out.waiting}) {
            while (Operation* operation = list->pop_front()) EndedOperations::release(*operation);
        }
    });
    abandon_ended();
}

/// The kernel may write into a buffer until its completion entry has been seen: nothing is unmapped before the last one.
void IoUringBackend::withdraw_everything() noexcept {
    slots_.for_each([](Slot& slot) {
        // What was never submitted must not be started by the end of the one before it.
        for (Direction* direction : {&slot.in, &slot.out}) {
            Operation* const with_kernel = direction->waiting.pop_front();
            while (Operation* operation = direction->waiting.pop_front()) EndedOperations::release(*operation);
            if (with_kernel != nullptr) {
                with_kernel->cancelling = true;  // so that it is not tried again
                direction->waiting.push_back(*with_kernel);
            }
        }
    });
    is_closing_ = true;
    while (with_kernel_ > 0) {
        ring_.cancel_all();
        if (!ring_.collect()) break;  // no way to enter the kernel any more: closing the ring is all that is left
        reap();
    }
}

auto IoUringBackend::pollable_descriptor() noexcept -> int {
    if (!host_set_) {
        HostSet made;
        if (!made.is_open() || ring_.notify(made.news()) < 0 || !made.add(made.news()) || !made.add(wake_descriptor())) {
            return -1;
        }
        host_set_.emplace(std::move(made));
        note_embedded();
        wake();  // for what has ended already
    }
    return host_set_->descriptor();
}

auto IoUringBackend::watch_alarm(int descriptor) noexcept -> int {
    if (!host_set_) return -ENOTSUP;
    return host_set_->add(descriptor) ? 0 : -errno;
}

auto IoUringBackend::direction_of(const Operation& operation) noexcept -> Direction& {
    Slot& slot = *slots_.find(operation.descriptor);
    return is_outward(operation) ? slot.out : slot.in;
}

auto IoUringBackend::start(Operation& operation) noexcept -> bool {
    if (operation.descriptor < 0) return end_at_once(operation, -EBADF);
    if (operation.kind == OperationKind::poll) {
        return submit(operation) ? begin(operation) : end_at_once(operation, -ENOBUFS);
    }
    Slot* const slot = slots_.find_or_make(operation.descriptor);
    if (slot == nullptr) return end_at_once(operation, -ENOMEM);

    Direction& direction = is_outward(operation) ? slot->out : slot->in;
    if (!direction.waiting.is_empty()) {  // with the kernel when its turn comes
        direction.waiting.push_back(operation);
        return begin(operation);
    }
    const bool is_send = operation.kind == OperationKind::send || operation.kind == OperationKind::send_message;
    // A listener from elsewhere may be a blocking one: the ring never blocks on it, a direct try would.
    const bool can_block = operation.kind == OperationKind::accept && !slot->is_given_out;
    if (is_send || (direction.is_promising && !is_outward(operation) && !can_block)) {
        const std::int64_t result = attempt(operation);
        direction.is_promising = result > 0 && static_cast<std::size_t>(result) >= operation.size;
        if (!is_blocked(operation, result)) return end_at_once(operation, result);
    }
    if (!submit(operation)) return end_at_once(operation, -ENOBUFS);
    direction.waiting.push_back(operation);
    return begin(operation);
}

auto IoUringBackend::start_file(FileOperation& operation) noexcept -> FileStart {
    if (operation.request.call == FileCall::open_beneath) {  // no entry of a ring says "beneath" and "told in status"
        operation.result = perform_now(operation.request);
        return operation.result == -EAGAIN ? FileStart::elsewhere : FileStart::ended;
    }
    if (!files_.can(operation.request) || !submit(operation)) return FileStart::elsewhere;
    static_cast<void>(begin(operation));
    return FileStart::in_flight;
}

auto IoUringBackend::submit(Operation& operation) noexcept -> bool {
    if (is_of_parent()) return false;  // a forked child shares the queues with its parent, who goes on with them
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) return false;
    describe(*entry, operation);
    // Nothing was there a moment ago: spares the kernel a try in vain. What is from elsewhere may be no socket, and must say so.
    if (operation.kind == OperationKind::receive && slots_.find(operation.descriptor)->is_given_out) {
        entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
    ++with_kernel_;
    return true;
}

/// Hands the next of a direction to the kernel, after the one before it has ended.
void IoUringBackend::submit_first(Direction& direction) noexcept {
    while (Operation* operation = direction.waiting.front()) {
        if (submit(*operation)) return;
        direction.waiting.remove(*operation);
        end(*operation, -ENOBUFS);
    }
}

void IoUringBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight || operation.cancelling || EndedOperations::contains(operation)) return;
    operation.cancelling = true;
    if (is_of_parent()) return;
    // Its owner may close the descriptor next: the kernel must have let go when this returns.
    if (operation.kind == OperationKind::poll) return ring_.cancel_now(tag_of(operation));
    if (operation.kind == OperationKind::file) return ring_.cancel(tag_of(operation));
    Direction& direction = direction_of(operation);
    if (direction.waiting.front() == &operation) return ring_.cancel(tag_of(operation));
    direction.waiting.remove(operation);  // never submitted
    end(operation, -ECANCELED);
}

void IoUringBackend::arm_wake() noexcept {
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) return;  // the next wait tries again
    io_uring_prep_poll_multishot(entry, wake_descriptor(), POLLIN);
    io_uring_sqe_set_data64(entry, Ring::wake_tag);
    is_wake_armed_ = true;
}

void IoUringBackend::wait(Time deadline) {
    if (host_set_) host_set_->clear();  // first, so that what comes meanwhile is news again
    if (!is_wake_armed_) arm_wake();
    if (has_ended() || ring_.has_completions()) deadline = Time::min();
    if (deadline == Time::min()) {
        if (ring_.has_work()) ring_.enter();
    } else {
        enter(deadline);
    }
    reap();
    tell_ended();
}

void IoUringBackend::enter(Time deadline) {
    while (!ring_.has_completions()) {
        if (deadline == Time::max()) {
            ring_.wait(nullptr);
            continue;
        }
        const timespec left = until(deadline);
        ring_.wait(&left);
        if (deadline <= now()) return;
    }
}

void IoUringBackend::reap() noexcept {
    // What ends meanwhile is left for the next wait, so that a storm of completions cannot hold the loop here.
    for (int rounds = 0; rounds < 64; ++rounds) {
        ring_.for_each_completion([this](const io_uring_cqe& entry) { handle(entry); });
        if (!ring_.has_overflow() || !ring_.collect()) return;
    }
}

void IoUringBackend::handle(const io_uring_cqe& entry) noexcept {
    if (entry.user_data == Ring::cancel_tag) return;
    if (entry.user_data == Ring::wake_tag) {
        if ((entry.flags & IORING_CQE_F_MORE) == 0) is_wake_armed_ = false;
        return;
    }
    --with_kernel_;
    Operation& operation = operation_of(entry.user_data);
    if (should_retry(operation, entry.res) && submit(operation)) return;
    if (operation.kind == OperationKind::poll) return end(operation, entry.res);
    if (operation.kind == OperationKind::file) {
        return end(operation, RingFiles::outcome(static_cast<FileOperation&>(operation), entry.res, is_closing_));
    }

    Direction& direction = direction_of(operation);
    const std::int64_t result = received(operation, entry);
    direction.waiting.remove(operation);
    end(operation, result);
    submit_first(direction);
}

/// Whether the kernel's answer was no answer: a signal, or a peer that left before its accept.
auto IoUringBackend::should_retry(Operation& operation, std::int64_t result) noexcept -> bool {
    if (operation.cancelling) return false;
    if (operation.kind == OperationKind::file &&
        !RingFiles::may_repeat(static_cast<FileOperation&>(operation).request, result)) {
        return false;
    }
    if (result == -EINTR) return operation.kind != OperationKind::connect;
    return result == -ECONNABORTED && operation.kind == OperationKind::accept;
}

auto IoUringBackend::received(Operation& operation, const io_uring_cqe& entry) noexcept -> std::int64_t {
    if (operation.kind == OperationKind::accept && entry.res >= 0) {
        if (!is_closing_) return give_out(entry.res);
        ::close(entry.res);  // nobody will ever hear of it
        return -ECANCELED;
    }
    if (!is_outward(operation)) direction_of(operation).is_promising = leaves_more(operation, entry);
    // Only a cancellation of our own is "it did not happen".
    if ((entry.res == -EINTR || entry.res == -ECONNABORTED) && operation.cancelling) return -ECANCELED;
    return entry.res;
}

auto IoUringBackend::note_given_out(int descriptor) noexcept -> bool {
    Slot* const slot = slots_.find_or_make(descriptor);
    if (slot == nullptr) return false;
    slot->is_given_out = true;
    return true;
}

auto IoUringBackend::forget(int descriptor) noexcept -> bool {
    Slot* const slot = slots_.find(descriptor);
    if (slot == nullptr) return false;
    slot->in.is_promising = false;
    return std::exchange(slot->is_given_out, false);
}

}  // namespace

auto make_io_uring_backend() -> std::unique_ptr<Backend> { return std::make_unique<IoUringBackend>(); }

}  // namespace gyre::backend
