#pragma once

#include <gyre/net/stream.hpp>

#include <string>

namespace gyre {

/// The two ends of a pipe between tasks, threads or programs.
struct Pipe {
    Pipe(net::Stream from, net::Stream to) : reader(std::move(from)), writer(std::move(to)) {}

    net::Stream reader;
    net::Stream writer;
};

/// Opens a pipe on the loop that runs here. @throws IoError. Source: pipe(2).
[[nodiscard]] auto open_pipe() -> Pipe;

/// A stream over a pipe, FIFO, terminal or pseudo-terminal that was opened elsewhere, which it takes over and makes
/// non-blocking, for everybody who has it open. The end of a pseudo-terminal (EIO) is an end of stream.
/// A writer whose reader has gone gets IoError with EPIPE, never SIGPIPE. Nothing of it may be pending on another stream.
/// @param name shown in errors and dumps. @throws IoError; std::invalid_argument for a regular file or a directory, which
/// has no readiness to wait for: use `fs`. The descriptor stays the caller's then. Source: asyncio's connect_read_pipe.
[[nodiscard]] auto adopt_pipe(int descriptor, std::string name) -> net::Stream;

}  // namespace gyre
