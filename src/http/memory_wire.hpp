#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/sync/event.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace gyre::http::internal {

/// One direction of a connection within the process: a bounded queue of bytes.
class MemoryLane {
public:
    MemoryLane() = default;
    MemoryLane(const MemoryLane&) = delete;
    auto operator=(const MemoryLane&) -> MemoryLane& = delete;

    [[nodiscard]] auto read(std::span<std::byte> buffer) -> Task<std::size_t>;
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;
    /// Nothing more is written: the reader gets what is there, and then the end.
    void end() noexcept;
    /// Nothing more is read: writes fail.
    void refuse() noexcept;
    [[nodiscard]] auto has_input() const noexcept -> bool { return !bytes_.empty() || is_ended_; }

private:
    static constexpr std::size_t capacity = 64 * 1024;

    std::string bytes_;
    gyre::Event readable_{"a connection in memory"};
    gyre::Event writable_{"a connection in memory"};
    bool is_ended_ = false;
    bool is_refused_ = false;
};

/// One end of a connection within the process.
class MemoryEnd final : public net::Transport {
public:
    MemoryEnd(std::shared_ptr<MemoryLane> in, std::shared_ptr<MemoryLane> out, net::Address local, net::Address peer)
        : in_(std::move(in)), out_(std::move(out)), local_(local), peer_(peer) {}
    ~MemoryEnd() override { abort(); }

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void> override;
    [[nodiscard]] auto shutdown_write() -> Task<void> override;
    [[nodiscard]] auto close() -> Task<void> override;
    void abort() noexcept override;
    [[nodiscard]] auto local_address() const -> net::Address override { return local_; }
    [[nodiscard]] auto peer_address() const -> net::Address override { return peer_; }
    [[nodiscard]] auto has_input() const noexcept -> bool override { return in_->has_input(); }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return is_closed_; }

private:
    std::shared_ptr<MemoryLane> in_;
    std::shared_ptr<MemoryLane> out_;
    net::Address local_;
    net::Address peer_;
    bool is_closed_ = false;
};

/// The two ends of a connection: of who opened it, and of who accepted it.
[[nodiscard]] auto memory_wire(const net::Address& client, const net::Address& server)
    -> std::pair<net::Stream, net::Stream>;

}  // namespace gyre::http::internal
