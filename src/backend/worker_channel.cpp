#include <gyre/backend/worker_channel.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>

namespace gyre::backend {

namespace {

using Clock = std::chrono::steady_clock;

/// A limit that counts from its making.
class Limit {
public:
    explicit Limit(Duration limit) noexcept : limited_(limit < std::chrono::hours(24 * 365)) {
        if (limited_) deadline_ = Clock::now() + limit;
    }
    /// What poll(2) takes; rounded up, so that it does not spin.
    [[nodiscard]] auto milliseconds() const noexcept -> int {
        if (!limited_) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
    }

private:
    bool limited_;
    Clock::time_point deadline_{};
};

/// Waits until the descriptor is ready. @return false if the limit has passed.
auto wait_for(int descriptor, short events, const Limit& limit) noexcept -> bool {
    for (;;) {
        pollfd request{.fd = descriptor, .events = events, .revents = 0};
        const int ready = ::poll(&request, 1, limit.milliseconds());
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) return true;  // the call itself will tell
    }
}

}  // namespace

auto open_channel(int& here, int& there) noexcept -> int {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) return -errno;
    here = ends[0];
    there = ends[1];
    return 0;
}

auto adopt_channel(int descriptor) noexcept -> bool {
    int type = 0;
    socklen_t size = sizeof(type);
    if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM) return false;
    return ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

auto send_all(int descriptor, std::span<const std::byte> bytes, Duration limit) noexcept -> Moved {
    const Limit until(limit);
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(descriptor, POLLOUT, until)) return Moved::timed_out;
        } else if (sent < 0 && errno != EINTR) {
            return Moved::closed;
        }
    }
    return Moved::all;
}

auto receive_all(int descriptor, std::span<std::byte> bytes, Duration limit) noexcept -> Moved {
    const Limit until(limit);
    while (!bytes.empty()) {
        const ssize_t received = ::recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (received > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(received));
        } else if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(descriptor, POLLIN, until)) return Moved::timed_out;
        } else if (received == 0 || errno != EINTR) {
            return Moved::closed;
        }
    }
    return Moved::all;
}

auto is_quiet(int descriptor) noexcept -> bool {
    pollfd request{.fd = descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&request, 1, 0) == 0;
}

void close_channel(int descriptor) noexcept { ::close(descriptor); }

auto parent_number() noexcept -> int { return ::getppid(); }

}  // namespace gyre::backend
