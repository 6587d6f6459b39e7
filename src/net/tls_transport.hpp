#pragma once

#include "net/tls_buffers.hpp"
#include "net/tls_engine.hpp"

#include <gyre/core/task.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/sync/event.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// TLS over another transport. One task may read while another writes.
///
/// Bytes go down only from `write_all`, `shutdown_write`, `close` and the handshake. What a read makes the protocol want to
/// say (new keys) goes out before the next write, so that a reader never waits for room, and a cancelled read costs nothing.
/// A write may need input (a message of the protocol that came half); then it receives, or waits for the task that does.
class TlsTransport final : public Transport {
public:
    /// How long a goodbye or a last alert may take.
    static constexpr Duration goodbye_limit = std::chrono::seconds(2);

    /// @param peer as errors name it. @param host what the peer's certificate must be for; empty on the server's side.
    TlsTransport(std::unique_ptr<Transport> below, SslPointer ssl, std::string host, std::string peer);

    /// Before anything else. @throws TlsError, IoError. On cancel: of no use any more.
    [[nodiscard]] auto handshake() -> Task<void>;
    /// Is the key of the peer one of `pins`, or are there none? After the handshake. @throws TlsError if not.
    void check_pins(const std::vector<std::string>& pins) const;

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override;
    [[nodiscard]] auto wait_for_input() -> Task<void> override;
    [[nodiscard]] auto write_all(std::span<const std::byte> data) -> Task<void> override;
    [[nodiscard]] auto arrived() const noexcept -> std::optional<std::uint64_t> override { return below_->arrived(); }
    [[nodiscard]] auto is_underway() const noexcept -> bool override { return below_->is_underway(); }
    [[nodiscard]] auto shutdown_write() -> Task<void> override;
    [[nodiscard]] auto close() -> Task<void> override;
    void abort() noexcept override;
    [[nodiscard]] auto local_address() const -> Address override { return below_->local_address(); }
    [[nodiscard]] auto peer_address() const -> Address override { return below_->peer_address(); }
    [[nodiscard]] auto has_input() const noexcept -> bool override {
        return ended_ || engine_.has_input() || below_->has_input();
    }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return closed_; }

    /// Takes in what has come, without waiting for more. @return whether those were messages of TLS itself, and nothing for a read.
    /// @throws IoError. On cancel: nothing is lost.
    [[nodiscard]] auto take_messages() -> Task<bool>;

    [[nodiscard]] auto engine() noexcept -> TlsEngine& { return engine_; }
    [[nodiscard]] auto below() noexcept -> Transport& { return *below_; }

private:
    class Receiving;
    class Sending;

    auto receive(std::span<std::byte> room) -> Task<void>;
    auto flush() -> Task<void>;
    auto send_alert() -> Task<void>;
    auto say_goodbye() -> Task<TlsStep>;
    auto part() -> Task<void>;
    void check_writable(std::string_view operation) const;
    void check_open(std::string_view operation) const;
    [[nodiscard]] auto error(std::string_view text) const -> TlsError;

    std::unique_ptr<Transport> below_;
    TlsEngine engine_;
    TlsBuffers buffers_{engine_};
    std::string peer_;
    Event received_{"tls input"};  ///< Set while nobody receives.
    bool receiving_ = false;       ///< A task waits for bytes from below.
    bool sending_ = false;         ///< A task writes below; it goes on until there is no output.
    bool reading_ = false;         ///< `read_some` is pending.
    bool writing_ = false;         ///< `write_all` or `shutdown_write` is pending.
    bool torn_ = false;            ///< A write below did not end: the peer cannot make sense of more.
    bool ended_ = false;           ///< The layer below has ended.
    bool closed_ = false;
};

}  // namespace gyre::net
