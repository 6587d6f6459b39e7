#include "file_now.hpp"

#include "broken_pipe_signal.hpp"
#include "local_files.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gyre::backend {

namespace {

constexpr std::size_t longest_read = std::size_t{128} << 10;  // more holds up the loop
constexpr std::size_t longest_send = std::size_t{256} << 10;
constexpr std::size_t shorter_send = std::size_t{64} << 10;

/// Linux 5.9 and 5.10 say that a file is over where they would have to wait for the disk.
auto is_over(int file, std::int64_t offset) noexcept -> bool {
    if (offset < 0) offset = ::lseek(file, 0, SEEK_CUR);
    struct statx found{};
    const int result = ::statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_SIZE, &found);
    return result == 0 && found.stx_size <= static_cast<std::uint64_t>(offset);
}

auto read_now(const FileRequest& request) noexcept -> std::int64_t {
    if (request.size > longest_read) return -EAGAIN;
    const iovec buffer{.iov_base = request.buffer, .iov_len = request.size};
    const ssize_t result = ::preadv2(request.descriptor, &buffer, 1, request.offset, RWF_NOWAIT);
    if (result == 0 && request.size > 0 && !is_over(request.descriptor, request.offset)) return -EAGAIN;
    return result < 0 ? -EAGAIN : result;  // not there, or an error, which the thread will find too
}

auto open_beneath_now(const FileRequest& request) noexcept -> std::int64_t {
    const auto result = open_beneath(request, true);
    // What else goes wrong may be for want of a kernel that can look at what it knows only.
    const bool is_answer = result >= 0 || result == -ENOENT || result == -ELOOP;
    return is_answer ? result : -EAGAIN;
}

/// What was only read has nothing to be written back; a file system of elsewhere is told of each close all the same.
auto close_now(const FileRequest& request) noexcept -> std::int64_t {
    const int flags = ::fcntl(request.descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || !is_local(request.descriptor)) return -EAGAIN;
    return kernel_files().close(request.descriptor);
}

/// Whether a byte is in the page cache, or beyond the end.
auto is_in_memory(int file, std::uint64_t offset) noexcept -> bool {
    char byte = 0;
    const iovec buffer{.iov_base = &byte, .iov_len = 1};
    const ssize_t result = ::preadv2(file, &buffer, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    return result > 0 || (result == 0 && is_over(file, static_cast<std::int64_t>(offset)));
}

/// What the socket has to say, and not the file, whose errors a read will tell.
auto is_of_socket(int error) noexcept -> bool {
    return error == EAGAIN || error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == ENOTCONN ||
           error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN || error == ECONNABORTED;
}

}  // namespace

auto perform_now(const FileRequest& request) noexcept -> std::int64_t {
    if (request.call == FileCall::read) return read_now(request);
    if (request.call == FileCall::open_beneath) return open_beneath_now(request);
    if (request.call == FileCall::close) return close_now(request);
    return -EAGAIN;
}

auto send_file_now(int socket, int file, std::uint64_t offset, std::size_t size) noexcept -> std::int64_t {
    const int flags = ::fcntl(socket, F_GETFL);
    if (flags < 0) return -errno;
    if ((flags & O_NONBLOCK) == 0 || size == 0) return -EOPNOTSUPP;  // from elsewhere: it would block the loop
    // The ends are looked at, and not each page between: reading ahead and throwing away both go by long stretches.
    size = std::min(size, longest_send);
    if (!is_in_memory(file, offset)) return -EOPNOTSUPP;
    if (!is_in_memory(file, offset + size - 1)) {
        size = std::min(size, shorter_send);
        if (!is_in_memory(file, offset + size - 1)) return -EOPNOTSUPP;
    }
    WithoutBrokenPipeSignal quiet;  // sendfile(2) knows no MSG_NOSIGNAL
    for (;;) {
        auto from = static_cast<off_t>(offset);
        const ssize_t count = ::sendfile(socket, file, &from, size);
        if (count >= 0) {
            // The kernel sends in several steps: a later one may have met a peer that has gone.
            if (static_cast<std::size_t>(count) < size) quiet.take_back();
            return count;
        }
        const int error = errno;
        if (error == EINTR) continue;
        if (error == EPIPE) quiet.take_back();
        return is_of_socket(error) ? -error : -EOPNOTSUPP;
    }
}

}  // namespace gyre::backend
