#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/sync/event.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::testing {

/// What a connection in memory is like.
struct MemoryOptions {
    std::size_t capacity = 16'384;     ///< Bytes that one direction holds before a write waits.
    std::size_t longest_transfer = 0;  ///< 0: whole; else each read gives a seeded 1..n bytes.
    std::uint32_t seed = 1;
};

/// One direction of a connection in memory.
class MemoryPipe {
public:
    explicit MemoryPipe(const MemoryOptions& options) : options_(options), random_(options.seed) {}

    /// Nothing more will be written.
    void end() {
        ended_ = true;
        changed_.set();
    }
    /// Nothing will be read any more.
    void refuse() {
        refused_ = true;
        bytes_.clear();
        changed_.set();
    }
    /// Puts bytes in whatever the capacity is.
    void put(std::string_view bytes) {
        bytes_ += bytes;
        changed_.set();
    }
    /// Takes what is there.
    auto take() -> std::string {
        changed_.set();
        return std::exchange(bytes_, {});
    }
    [[nodiscard]] auto bytes() noexcept -> std::string& { return bytes_; }

    auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
        while (bytes_.empty()) {
            if (ended_) co_return 0;
            changed_.clear();
            co_await changed_.wait();
        }
        auto count = std::min(buffer.size(), bytes_.size());
        if (options_.longest_transfer > 0) {
            count = std::min<std::size_t>(count, 1 + random_() % options_.longest_transfer);
        }
        std::memcpy(buffer.data(), bytes_.data(), count);
        bytes_.erase(0, count);
        changed_.set();
        co_return count;
    }

    auto write_all(std::span<const std::byte> data) -> Task<void> {
        while (!data.empty()) {
            if (refused_ || ended_) {
                throw IoError(std::make_error_code(std::errc::broken_pipe), "write", "memory");
            }
            const auto room = options_.capacity - std::min(options_.capacity, bytes_.size());
            const auto count = std::min(room, data.size());
            if (count == 0) {
                changed_.clear();
                co_await changed_.wait();
                continue;
            }
            put({reinterpret_cast<const char*>(data.data()), count});
            data = data.subspan(count);
        }
    }

private:
    MemoryOptions options_;
    std::minstd_rand random_;
    std::string bytes_;
    Event changed_{"memory pipe"};
    bool ended_ = false;
    bool refused_ = false;
};

/// One end of a connection in memory.
class MemoryTransport final : public net::Transport {
public:
    MemoryTransport(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out)
        : in_(std::move(in)), out_(std::move(out)) {}
    ~MemoryTransport() override { abort(); }

    auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override { return in_->read_some(buffer); }
    auto write_all(std::span<const std::byte> data) -> Task<void> override { return out_->write_all(data); }
    auto shutdown_write() -> Task<void> override {
        out_->end();
        co_return;
    }
    auto close() -> Task<void> override {
        abort();
        co_return;
    }
    void abort() noexcept override {
        if (std::exchange(closed_, true)) return;
        in_->refuse();
        out_->end();
    }
    [[nodiscard]] auto local_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto peer_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return closed_; }

private:
    std::shared_ptr<MemoryPipe> in_;
    std::shared_ptr<MemoryPipe> out_;
    bool closed_ = false;
};

/// A connection in memory: both ends, and both directions for whoever wants to meddle with them.
struct MemoryConnection {
    explicit MemoryConnection(MemoryOptions options = {})
        : to_server(std::make_shared<MemoryPipe>(options)),
          to_client(std::make_shared<MemoryPipe>(options)),
          client(std::make_unique<MemoryTransport>(to_client, to_server)),
          server(std::make_unique<MemoryTransport>(to_server, to_client)) {}

    std::shared_ptr<MemoryPipe> to_server;
    std::shared_ptr<MemoryPipe> to_client;
    std::unique_ptr<MemoryTransport> client;
    std::unique_ptr<MemoryTransport> server;
};

}  // namespace gyre::testing
