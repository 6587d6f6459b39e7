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

enum class Waited : std::uint8_t { ready, ended, timed_out };

/// Waits until the channel is ready, or the process at the other end has ended.
auto wait_for(const ChannelEnd& end, short events, const ChannelDeadline& deadline) noexcept -> Waited {
    for (;;) {
        std::array<pollfd, 2> requests{
            pollfd{.fd = end.descriptor, .events = events, .revents = 0},
            pollfd{.fd = end.process, .events = POLLIN, .revents = 0},  // poll(2) passes over -1
        };
        const int ready = ::poll(requests.data(), requests.size(), deadline.milliseconds());
        if (ready == 0) return Waited::timed_out;
        if (ready < 0 && errno == EINTR) continue;
        // The channel first: what a process has sent counts though it has ended since. If poll fails, the call itself tells.
        return ready > 0 && requests[0].revents == 0 ? Waited::ended : Waited::ready;
    }
}

/// Calls `move`, which moves some bytes without waiting, until all are moved.
template<class Bytes, class Move>
auto move_all(const ChannelEnd& end, Bytes bytes, short events, const ChannelDeadline& deadline, Move move) noexcept
    -> Moved {
    bool has_ended = false;
    while (!bytes.empty()) {
        const ssize_t moved = move(bytes);
        if (moved > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(moved));
        } else if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (has_ended) return Moved::closed;
            const Waited waited = wait_for(end, events, deadline);
            if (waited == Waited::timed_out) return Moved::timed_out;
            has_ended = waited == Waited::ended;  // what it had sent before is looked for once more
        } else if (moved == 0 || errno != EINTR) {
            return Moved::closed;
        }
    }
    return Moved::all;
}

}  // namespace

ChannelDeadline::ChannelDeadline(Duration limit) noexcept : limited_(limit < std::chrono::hours(24 * 365)) {
    if (limited_) at_ = std::chrono::steady_clock::now() + limit;
}

auto ChannelDeadline::milliseconds() const noexcept -> int {
    if (!limited_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

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

auto send_all(const ChannelEnd& end, std::span<const std::byte> bytes, const ChannelDeadline& deadline) noexcept
    -> Moved {
    return move_all(end, bytes, POLLOUT, deadline, [&end](std::span<const std::byte> left) noexcept {
        return ::send(end.descriptor, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    });
}

auto receive_all(const ChannelEnd& end, std::span<std::byte> bytes, const ChannelDeadline& deadline) noexcept -> Moved {
    return move_all(end, bytes, POLLIN, deadline, [&end](std::span<std::byte> left) noexcept {
        return ::recv(end.descriptor, left.data(), left.size(), MSG_DONTWAIT);
    });
}

auto is_quiet(const ChannelEnd& end) noexcept -> bool {
    std::array<pollfd, 2> requests{
        pollfd{.fd = end.descriptor, .events = POLLIN, .revents = 0},
        pollfd{.fd = end.process, .events = POLLIN, .revents = 0},
    };
    return ::poll(requests.data(), requests.size(), 0) == 0;
}

void close_channel(int descriptor) noexcept { ::close(descriptor); }

auto parent_number() noexcept -> int { return ::getppid(); }

}  // namespace gyre::backend
