#include "net/socket_transport.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstddef>

namespace gyre::net {

auto SocketTransport::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    const internal::Busy reading = begin_read();
    const auto result = co_await receive(buffer);
    co_return check_read(result);
}

auto SocketTransport::wait_for_input() -> Task<void> {
    const internal::Busy reading = begin_read();
    const auto ready = co_await readable();
    static_cast<void>(check_read(ready));
}

namespace {

constexpr const char* two_writers = "write: another task is writing to this connection";

/// What the kernel tells of a TCP connection, if it knows all that is asked of it here.
auto info_of(const internal::Socket& socket) noexcept -> std::optional<tcp_info> {
    tcp_info info{};
    socklen_t size = sizeof info;
    constexpr auto needed = offsetof(tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes;
    if (socket.get_option(IPPROTO_TCP, TCP_INFO, &info, size) != 0 || size < needed) return std::nullopt;
    return info;
}

}  // namespace

auto SocketTransport::write_now(std::span<const std::byte> data) -> std::size_t {
    const internal::Busy busy(is_writing_, two_writers);
    return socket_.send_now(data);
}

auto SocketTransport::arrived() const noexcept -> std::optional<std::uint64_t> {
    const auto known = info_of(socket_);
    return known ? std::optional<std::uint64_t>(known->tcpi_bytes_acked) : std::nullopt;
}

auto SocketTransport::is_underway() const noexcept -> bool {
    const auto known = info_of(socket_);
    return known && (known->tcpi_unacked > 0 || known->tcpi_notsent_bytes > 0);
}

auto SocketTransport::write_all(std::span<const std::byte> data) -> Task<void> {
    const internal::Busy busy(is_writing_, two_writers);
    while (!data.empty()) {
        const auto result = co_await socket_.send(data);
        data = data.subspan(socket_.check(result, "write"));
    }
}

auto SocketTransport::send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t> {
    const internal::Busy busy(is_writing_, two_writers);
    for (;;) {
        const auto result = socket_.send_file_now(file, offset, size);
        if (result == -EOPNOTSUPP) co_return 0;
        if (result != -EAGAIN) co_return socket_.check(result, "write");
        const auto ready = co_await socket_.writable();
        socket_.check(ready, "write");
    }
}

auto SocketTransport::shutdown_write() -> Task<void> {
    if (is_writing_) throw InvalidStateError("shutdown_write: another task is writing to this connection");
    socket_.shutdown_write();
    co_return;
}

auto SocketTransport::close() -> Task<void> {
    socket_.close();
    co_return;
}

}  // namespace gyre::net
