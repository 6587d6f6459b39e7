#pragma once

// A connection whose kernel takes much ahead of its peer.

#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/sync/event.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace gyre::testing {

/// As a kernel with megabytes to send to a peer that takes so many bytes a second: it takes as much as there is room for, and
/// then nothing before a third of that has gone.
class DeepTransport final : public net::Transport {
public:
    DeepTransport(std::size_t room, std::uint64_t bytes_per_second, bool tells)
        : room_(room), rate_(bytes_per_second), tells_(tells), began_(this_loop().now()) {}

    auto read_some(std::span<std::byte>) -> Task<std::size_t> override {
        co_await silence_.wait();
        co_return 0;
    }
    auto write_all(std::span<const std::byte> data) -> Task<void> override {
        auto left = data.size();
        while (left > 0) {
            left -= take(left);
            if (left > 0) co_await wait_for_room();
        }
    }
    auto send_file(int, std::uint64_t, std::size_t size) -> Task<std::size_t> override {
        auto taken = take(size);
        if (taken == 0) {
            co_await wait_for_room();
            taken = take(size);
        }
        co_return taken;
    }
    [[nodiscard]] auto arrived() const noexcept -> std::optional<std::uint64_t> override {
        if (!tells_) return std::nullopt;
        return arrived_bytes();
    }
    [[nodiscard]] auto is_underway() const noexcept -> bool override { return tells_ && written_ > arrived_bytes(); }
    auto shutdown_write() -> Task<void> override { co_return; }
    auto close() -> Task<void> override { co_return; }
    void abort() noexcept override {}
    [[nodiscard]] auto local_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto peer_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return false; }

private:
    [[nodiscard]] auto arrived_bytes() const noexcept -> std::uint64_t {
        const auto seconds = std::chrono::duration_cast<std::chrono::milliseconds>(this_loop().now() - began_);
        return std::min(written_, rate_ * static_cast<std::uint64_t>(seconds.count()) / 1000);
    }

    auto take(std::size_t most) -> std::size_t {
        const auto taken = std::min<std::uint64_t>(most, room_ - (written_ - arrived_bytes()));
        written_ += taken;
        return static_cast<std::size_t>(taken);
    }
    auto wait_for_room() -> Task<void> {
        while (written_ - arrived_bytes() > room_ - room_ / 3) co_await sleep(std::chrono::milliseconds(100));
    }

    std::size_t room_;
    std::uint64_t rate_;
    bool tells_;
    Time began_;
    std::uint64_t written_ = 0;
    Event silence_{"a peer that says nothing"};
};

constexpr std::size_t megabytes = 3'000'000;

inline auto deep_stream(std::uint64_t bytes_per_second, bool tells = true) -> net::Stream {
    return net::Stream(std::make_unique<DeepTransport>(megabytes, bytes_per_second, tells));
}

}  // namespace gyre::testing
