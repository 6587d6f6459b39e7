#include "kernel_backend.hpp"

#include "file_now.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

namespace gyre::backend {

namespace {

auto or_error(int result) noexcept -> int { return result < 0 ? -errno : result; }

auto open_wake_descriptor() -> int {
    const int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), "eventfd, for wake-ups of a loop"};
    return descriptor;
}

auto as_socket_address(const sockaddr_storage& address) noexcept -> const sockaddr* {
    return reinterpret_cast<const sockaddr*>(&address);
}

auto as_socket_address(sockaddr_storage* address) noexcept -> sockaddr* { return reinterpret_cast<sockaddr*>(address); }

auto accept_one(Operation& operation) noexcept -> std::int64_t {
    operation.address_length = sizeof(sockaddr_storage);
    return ::accept4(operation.descriptor, as_socket_address(operation.address),
        operation.address == nullptr ? nullptr : &operation.address_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// MSG_DONTWAIT: a socket that came from elsewhere may be a blocking one.
auto call(Operation& operation) noexcept -> std::int64_t {
    const int flags = operation.flags | MSG_DONTWAIT;
    switch (operation.kind) {
    case OperationKind::accept:
        return accept_one(operation);
    case OperationKind::connect:
        return ::connect(operation.descriptor, as_socket_address(*operation.address), operation.address_length);
    case OperationKind::receive:
        return ::recv(operation.descriptor, operation.buffer, operation.size, flags);
    case OperationKind::send:
        return ::send(operation.descriptor, operation.buffer, operation.size, flags | MSG_NOSIGNAL);
    case OperationKind::receive_message:
        return ::recvmsg(operation.descriptor, operation.message, flags);
    case OperationKind::send_message:
        return ::sendmsg(operation.descriptor, operation.message, flags | MSG_NOSIGNAL);
    case OperationKind::poll:
    case OperationKind::file:
        break;
    }
    errno = EINVAL;
    return -1;
}

}  // namespace

OwnedDescriptor::~OwnedDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

KernelBackend::KernelBackend() : wake_{open_wake_descriptor()} {}

auto KernelBackend::now() const noexcept -> Time {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return Time{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

auto KernelBackend::until(Time deadline) const noexcept -> timespec {
    const Time start = now();
    if (deadline <= start) return {};
    const Duration left = deadline - start;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timespec time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(seconds.count());
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>((left - seconds).count());
    return time;
}

void KernelBackend::fill_random(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
        if (count >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            throw std::system_error{errno, std::generic_category(), "getrandom"};
        }
    }
}

void KernelBackend::wake() noexcept {
    // Nobody ever reads this counter: its watchers are edge-triggered. 2^64 wake-ups take centuries.
    const std::uint64_t one = 1;
    const int saved = errno;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    errno = saved;  // a signal handler must not change it
}

auto KernelBackend::set_alarm(Time deadline) noexcept -> int {
    if (!alarm_) {
        const int descriptor = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (descriptor < 0) return -errno;
        alarm_.emplace(descriptor);
        if (const int error = watch_alarm(descriptor); error < 0) {
            alarm_.reset();
            return error;
        }
    }
    itimerspec setting{};  // all zero: no alarm
    if (deadline != Time::max()) {
        const Duration since = std::max(deadline.time_since_epoch(), Duration{1});
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        setting.it_value.tv_sec = static_cast<decltype(setting.it_value.tv_sec)>(seconds.count());
        setting.it_value.tv_nsec = static_cast<decltype(setting.it_value.tv_nsec)>((since - seconds).count());
    }
    return or_error(::timerfd_settime(alarm_->get(), TFD_TIMER_ABSTIME, &setting, nullptr));
}

auto KernelBackend::give_out(int descriptor) noexcept -> int {
    if (forget(descriptor)) --open_descriptors_;  // its number was ours before, and closed behind our back
    if (!note_given_out(descriptor)) {
        ::close(descriptor);
        return -ENOMEM;
    }
    ++open_descriptors_;
    return descriptor;
}

auto KernelBackend::open_socket(int domain, int type, int protocol) noexcept -> int {
    const int descriptor = ::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    return descriptor < 0 ? -errno : give_out(descriptor);
}

auto KernelBackend::bind(int descriptor, const sockaddr_storage& address, socklen_t length) noexcept -> int {
    return or_error(::bind(descriptor, as_socket_address(address), length));
}

auto KernelBackend::listen(int descriptor, int backlog) noexcept -> int {
    return or_error(::listen(descriptor, backlog));
}

auto KernelBackend::local_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept -> int {
    length = sizeof address;
    return or_error(::getsockname(descriptor, as_socket_address(&address), &length));
}

auto KernelBackend::peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept -> int {
    length = sizeof address;
    return or_error(::getpeername(descriptor, as_socket_address(&address), &length));
}

auto KernelBackend::set_option(int descriptor, int level, int name, const void* value, socklen_t size) noexcept -> int {
    return or_error(::setsockopt(descriptor, level, name, value, size));
}

auto KernelBackend::get_option(int descriptor, int level, int name, void* value, socklen_t& size) noexcept -> int {
    return or_error(::getsockopt(descriptor, level, name, value, &size));
}

auto KernelBackend::shutdown(int descriptor, int how) noexcept -> int { return or_error(::shutdown(descriptor, how)); }

auto KernelBackend::send_now(int descriptor, std::span<const std::byte> bytes) noexcept -> std::int64_t {
    ssize_t count = 0;
    do {
        count = ::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

auto KernelBackend::send_file_now(int descriptor, int file, std::uint64_t offset, std::size_t size) noexcept
    -> std::int64_t {
    return backend::send_file_now(descriptor, file, offset, size);
}

auto KernelBackend::ready_events(int descriptor, short events) noexcept -> int {
    pollfd request{.fd = descriptor, .events = events, .revents = 0};
    int count = 0;
    do {
        count = ::poll(&request, 1, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    return (request.revents & POLLNVAL) != 0 ? -EBADF : request.revents;
}

auto KernelBackend::check_watchable(int descriptor) noexcept -> int {
    struct stat status{};
    if (::fstat(descriptor, &status) < 0) return -errno;
    return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode) ? -EPERM : 0;
}

void KernelBackend::close(int descriptor) noexcept {
    if (descriptor < 0) return;
    if (forget(descriptor)) --open_descriptors_;
    ::close(descriptor);  // never retried: after EINTR the number is free already, and may be somebody else's
}

auto KernelBackend::attempt(Operation& operation) noexcept -> std::int64_t {
    for (;;) {
        const std::int64_t result = call(operation);
        if (result >= 0) return operation.kind == OperationKind::accept ? give_out(static_cast<int>(result)) : result;
        const bool is_accept = operation.kind == OperationKind::accept;
        const bool try_again = (errno == EINTR && operation.kind != OperationKind::connect) ||
                               (errno == ECONNABORTED &&
                                   is_accept);  // that peer left before its turn; the next may be there
        if (!try_again) return -errno;
    }
}

}  // namespace gyre::backend
