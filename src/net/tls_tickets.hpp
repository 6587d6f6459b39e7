#pragma once

#include "net/tls_handles.hpp"

#include <gyre/core/cancel_cause.hpp>

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>

namespace gyre::net {

/// The keys of the session tickets of a server, for all its loops: who has them can read what was said under the tickets of
/// TLS 1.2, so each is used for half a day, and known for another half. Thread: any. Source: RFC 5077 4, RFC 8446 4.6.1.
class TlsTicketKeys {
public:
    static constexpr Duration use_time = std::chrono::hours(12);
    static constexpr std::size_t name_size = 16;

    struct Key {
        std::array<unsigned char, name_size> name{};
        std::array<unsigned char, 32> cipher{};
        std::array<unsigned char, 32> mac{};
    };

    TlsTicketKeys() = default;
    TlsTicketKeys(const TlsTicketKeys&) = delete;
    auto operator=(const TlsTicketKeys&) -> TlsTicketKeys& = delete;
    ~TlsTicketKeys();

    /// What a new ticket is made with; empty if there is no randomness.
    [[nodiscard]] auto newest(Time now) -> std::optional<Key>;
    /// The key with that name, if it is known still.
    [[nodiscard]] auto find(std::span<const unsigned char, name_size> name, Time now) -> std::optional<Key>;

    /// Makes the tickets of `context` with these keys, which must outlive its handshakes.
    void use_for(SSL_CTX& context);

private:
    static auto protect(
        SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) -> int;
    void renew(Time now);

    std::mutex mutex_;
    std::optional<Key> current_;
    std::optional<Key> previous_;
    Time made_{};
};

}  // namespace gyre::net
