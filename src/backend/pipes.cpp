#include <gyre/backend/pipes.hpp>

#include "broken_pipe_signal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace gyre::backend {

auto open_pipe(PipeEnds& ends) noexcept -> int {
    std::array<int, 2> descriptors{-1, -1};
    if (::pipe2(descriptors.data(), O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    ends = {descriptors[0], descriptors[1]};
    return 0;
}

auto adopt_pipe(int descriptor) noexcept -> int {
    struct stat status{};
    if (::fstat(descriptor, &status) < 0) return -errno;
    if (S_ISDIR(status.st_mode)) return -EISDIR;
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return -EINVAL;
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return flags & O_ACCMODE;
}

auto make_blocking(int descriptor) noexcept -> int {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) < 0) return -errno;
    return 0;
}

auto read_pipe(int descriptor, std::span<std::byte> buffer) noexcept -> std::int64_t {
    for (;;) {
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count >= 0) return count;
        if (errno == EIO && ::isatty(descriptor) != 0) return 0;
        if (errno != EINTR) return -errno;
    }
}

auto write_pipe(int descriptor, std::span<const std::byte> data) noexcept -> std::int64_t {
    WithoutBrokenPipeSignal quiet;
    for (;;) {
        const ssize_t count = ::write(descriptor, data.data(), data.size());
        if (count >= 0) return count;
        const int error = errno;
        if (error == EPIPE) quiet.take_back();
        if (error != EINTR) return -error;
    }
}

auto has_pipe_input(int descriptor) noexcept -> bool {
    pollfd request{.fd = descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&request, 1, 0) != 0;
}

void close_pipe(int descriptor) noexcept { ::close(descriptor); }

}  // namespace gyre::backend
