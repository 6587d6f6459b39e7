#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gyre::backend {

/// The two ends of a pipe: non-blocking and close-on-exec.
struct PipeEnds {
    int read = -1;
    int write = -1;
};

/// Opens a pipe. Source: pipe2(2). @return 0 or a negative errno.
[[nodiscard]] auto open_pipe(PipeEnds& ends) noexcept -> int;

/// Makes the calls of this process on a descriptor from elsewhere non-blocking. Source: fcntl(2).
/// @return O_RDONLY, O_WRONLY or O_RDWR, as it was opened; -EISDIR or -EINVAL for what has no readiness (directories, regular files, block devices); a negative errno.
[[nodiscard]] auto adopt_pipe(int descriptor) noexcept -> int;

/// Lets the calls on one end block, as the program that inherits it expects. @return 0 or a negative errno.
auto make_blocking(int descriptor) noexcept -> int;

/// One read(2) that does not wait: the count, 0 at the end, or a negative errno; -EAGAIN if nothing is there.
/// The end of a terminal whose other side is gone (EIO) counts as the end.
[[nodiscard]] auto read_pipe(int descriptor, std::span<std::byte> buffer) noexcept -> std::int64_t;

/// One write(2) that does not wait: the count or a negative errno; -EAGAIN if it is full, -EPIPE without SIGPIPE.
[[nodiscard]] auto write_pipe(int descriptor, std::span<const std::byte> data) noexcept -> std::int64_t;

/// How many bytes or ends of stream are there: whether a read would not wait.
[[nodiscard]] auto has_pipe_input(int descriptor) noexcept -> bool;

void close_pipe(int descriptor) noexcept;

}  // namespace gyre::backend
