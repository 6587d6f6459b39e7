#pragma once

#include "core/held.hpp"
#include "os/owned_descriptor.hpp"
#include "os/readiness_wait.hpp"

#include <gyre/net/transport.hpp>

#include <cstdint>
#include <string>

namespace gyre::internal {

/// One end of a pipe, or a terminal, which is both.
class PipeTransport final : public net::Transport {
public:
    enum class Use : std::uint8_t { read, write, both };

    PipeTransport(OwnedDescriptor end, Use use, std::string name);
    ~PipeTransport() override { close_now(); }

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void> override;
    [[nodiscard]] auto shutdown_write() -> Task<void> override;
    [[nodiscard]] auto close() -> Task<void> override;
    void abort() noexcept override { close_now(); }
    [[nodiscard]] auto local_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto peer_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto has_input() const noexcept -> bool override;
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return end_.get() < 0; }

private:
    void close_now() noexcept;
    [[nodiscard]] auto check(std::int64_t answer, std::string_view operation) const -> std::size_t;

    OwnedDescriptor end_;
    ReadinessSource source_;
    HeldMark mark_;
    Use use_;
    bool is_reading_ = false;
    bool is_writing_ = false;
};

}  // namespace gyre::internal
