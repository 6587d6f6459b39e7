#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gyre::cli {

/// An open descriptor of a process.
struct OpenDescriptor {
    OpenDescriptor() = default;

    int number = -1;
    std::string kind;  ///< "tcp", "udp", "unix", "pipe", "file", "epoll", "io_uring", "eventfd", "timerfd", "signalfd", "other"
    std::string text;  ///< "127.0.0.1:8080 listens", "10.0.0.1:80 -> 10.0.0.2:5123 established", "/var/log/x"
};

/// Those of a process, by number. Source: fd and net/tcp, tcp6, udp, udp6, unix of proc(5).
/// @throws InspectError if they may not be read.
[[nodiscard]] auto open_descriptors(int process) -> std::vector<OpenDescriptor>;

/// How many a process may have, by its soft limit; 0: it may have any number, or that cannot be read. Source: limits of proc(5).
[[nodiscard]] auto descriptor_limit(int process) -> std::size_t;
/// Whether it can open no more: each number below the limit is taken. False if that cannot be read.
[[nodiscard]] auto descriptors_are_out(int process) -> bool;

}  // namespace gyre::cli
