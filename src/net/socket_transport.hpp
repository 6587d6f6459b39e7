#pragma once

#include "net/address_parts.hpp"
#include "net/busy.hpp"
#include "net/socket.hpp"

#include <gyre/net/transport.hpp>

namespace gyre::net {

/// A TCP or Unix connection as a transport.
class SocketTransport final : public Transport {
public:
    explicit SocketTransport(internal::Socket socket) noexcept : socket_(std::move(socket)) {}

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override;
    [[nodiscard]] auto wait_for_input() -> Task<void> override;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void> override;
    [[nodiscard]] auto write_now(std::span<const std::byte> data) -> std::size_t override;
    [[nodiscard]] auto arrived() const noexcept -> std::optional<std::uint64_t> override;
    [[nodiscard]] auto is_underway() const noexcept -> bool override;
    [[nodiscard]] auto send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t> override;
    [[nodiscard]] auto shutdown_write() -> Task<void> override;
    [[nodiscard]] auto close() -> Task<void> override;
    void abort() noexcept override { socket_.close(); }
    [[nodiscard]] auto local_address() const -> Address override {
        return gyre::internal::unmapped(socket_.local_address());
    }
    [[nodiscard]] auto peer_address() const -> Address override { return socket_.peer(); }
    [[nodiscard]] auto has_input() const noexcept -> bool override { return socket_.has_input(); }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return socket_.is_closed(); }

    /// @return 0 or a negative errno. Source: getsockopt(2).
    [[nodiscard]] auto get_option(int level, int option, void* value, socklen_t& size) const noexcept -> int {
        return socket_.get_option(level, option, value, size);
    }

    /// As `set_reset_on_close` of net, for this one.
    void set_reset_on_close(bool is_reset) const noexcept {
        if (is_closed()) return;
        const linger how{is_reset ? 1 : 0, 0};
        socket_.set_option(SOL_SOCKET, SO_LINGER, &how, sizeof how);
    }

    /// What `read_some` is made of, for a stream, which awaits the wait itself.
    [[nodiscard]] auto begin_read() -> internal::Busy {
        return internal::Busy(is_reading_, "read: another task is reading this connection");
    }
    [[nodiscard]] auto receive(std::span<std::byte> buffer) const noexcept -> internal::SocketWait {
        return socket_.receive(buffer);
    }
    [[nodiscard]] auto readable() const noexcept -> internal::SocketWait { return socket_.readable(); }
    [[nodiscard]] auto check_read(std::int64_t result) const -> std::size_t { return socket_.check(result, "read"); }

private:
    internal::Socket socket_;
    bool is_reading_ = false;
    bool is_writing_ = false;
};

}  // namespace gyre::net
