#pragma once

#include <gyre/net/address.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>

namespace gyre::http::internal {

/// What begins a connection is no PROXY header.
class ProxyHeaderError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a proxy says of the connection that it passes on.
struct ProxyHeader {
    std::size_t size;                    ///< Of the header, in bytes.
    std::optional<net::Address> source;  ///< Whose it is; empty: the proxy's own, or of a kind that is not told.
    std::optional<bool> is_secure = std::nullopt;  ///< It came to the proxy over TLS; empty: that is not told.
};

/// A longer one is refused.
inline constexpr std::size_t max_proxy_header = 4096;

/// Reads the header at the front of `bytes`; empty if it is not all there. Versions 1 and 2; what version 2 adds (TLVs) is
/// skipped, but for what it says of TLS and for a checksum, which must be right. @throws ProxyHeaderError. Source: haproxy's proxy-protocol.txt.
[[nodiscard]] auto parse_proxy_header(std::span<const char> bytes) -> std::optional<ProxyHeader>;

/// How many bytes may be read behind `bytes`, which are no whole header yet, without reading past its end.
[[nodiscard]] auto proxy_bytes_to_read(std::span<const char> bytes) noexcept -> std::size_t;

}  // namespace gyre::http::internal
