#pragma once

#include <gyre/net/stream.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/sync/event.hpp>
#include <gyre/testing/seeded_order.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::testing {

/// What one direction of a connection in memory is like, and what goes wrong on it.
struct MemoryOptions {
    static constexpr std::size_t never = static_cast<std::size_t>(-1);

    std::size_t capacity = 16'384;     ///< Bytes that are held before a write waits.
    std::size_t longest_transfer = 0;  ///< 0: whole; else each read gives 1..n bytes, chosen by `seed`.
    std::uint64_t seed = 1;
    std::size_t end_after = never;     ///< The reader gets so many bytes, and then the end of the stream.
    std::size_t fail_after = never;    ///< The reader gets so many bytes, and then the error.
    std::size_t refuse_after = never;  ///< The writer gets rid of so many bytes, and then gets the error.
    std::errc error = std::errc::connection_reset;
};

/// One direction of a connection in memory, for tests that look at the bytes or meddle with them.
/// Thread: its loop's. Source: trio.testing.memory_stream_pair.
class MemoryPipe {
public:
    explicit MemoryPipe(const MemoryOptions& options) noexcept : options_(options), chance_(options.seed) {}

    /// Nothing more will be written.
    void end() noexcept;
    /// Nothing will be read any more: writes fail.
    void refuse() noexcept;
    /// Puts bytes in, whatever the capacity is.
    void put(std::string_view bytes);
    /// Takes all that is there.
    auto take() -> std::string;
    /// What is there, to be changed at will.
    [[nodiscard]] auto bytes() noexcept -> std::string& { return bytes_; }

    /// As net::Transport::read_some and write_all.
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t>;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void>;

private:
    /// @throws IoError if nothing will be read any more.
    void check_readable() const;
    /// How many bytes may pass before `limit` is reached; throws `options_.error` if none may.
    [[nodiscard]] auto room_before(std::size_t limit, std::size_t passed, const char* operation) const -> std::size_t;

    MemoryOptions options_;
    SeededOrder chance_;
    std::string bytes_;
    Event changed_{"memory pipe"};
    std::size_t read_ = 0;
    std::size_t written_ = 0;
    bool ended_ = false;
    bool refused_ = false;
};

/// One end of a connection in memory.
class MemoryTransport final : public net::Transport {
public:
    MemoryTransport(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out) noexcept
        : in_(std::move(in)), out_(std::move(out)) {}
    ~MemoryTransport() override { abort(); }

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void> override;
    [[nodiscard]] auto shutdown_write() -> Task<void> override;
    [[nodiscard]] auto close() -> Task<void> override;
    void abort() noexcept override;
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
    explicit MemoryConnection(MemoryOptions both = {}) : MemoryConnection(both, both) {}
    MemoryConnection(MemoryOptions client_to_server, MemoryOptions server_to_client);

    std::shared_ptr<MemoryPipe> to_server;
    std::shared_ptr<MemoryPipe> to_client;
    std::unique_ptr<MemoryTransport> client;
    std::unique_ptr<MemoryTransport> server;
};

/// The two ends of a connection in memory, as streams. What one writes, the other reads.
/// @param left_to_right, right_to_left what the directions are like.
[[nodiscard]] auto memory_streams(MemoryOptions left_to_right = {}, MemoryOptions right_to_left = {})
    -> std::pair<net::Stream, net::Stream>;

}  // namespace gyre::testing
