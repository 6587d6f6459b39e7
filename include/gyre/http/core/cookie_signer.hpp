#pragma once

#include <gyre/http/core/cookie.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// Cookies that a client can read and return, but not change, move to another name or use longer than allowed.
///
/// The value carries its own expiry and an HMAC-SHA256 over name, value and expiry; it is signed, not encrypted. Keys are
/// rotated by putting a new one in front: the first signs, all are tried when reading.
/// Thread: const calls from any; keys are wiped when it goes. Source: RFC 2104, RFC 6265bis 8; itsdangerous.
class CookieSigner {
public:
    /// Shortest key, in bytes. Make keys with a random generator, such as `openssl rand -hex 32`.
    static constexpr std::size_t min_key_bytes = 32;

    /// @param keys the newest first. @throws std::invalid_argument if there is none, or one is too short.
    explicit CookieSigner(std::vector<std::string> keys);
    CookieSigner(CookieSigner&&) noexcept;
    auto operator=(CookieSigner&&) noexcept -> CookieSigner&;
    ~CookieSigner();

    /// A signed cookie, HttpOnly, that lasts until `expires`. `value` may be any bytes; it grows by a third and 60 bytes.
    /// @throws std::invalid_argument as `Cookie` does; std::out_of_range for an expiry before 1970 or after the year 9999.
    [[nodiscard]] auto sign(std::string name, std::string_view value, std::chrono::sys_seconds expires) const -> Cookie;

    /// The value that was signed; empty if `text` was not made by `sign` for this name with one of the keys, or its time is
    /// over (at `expires` it is). The signature is compared in constant time.
    [[nodiscard]] auto verify(std::string_view name, std::string_view text, std::chrono::sys_seconds now) const
        -> std::optional<std::string>;

private:
    void wipe() noexcept;

    std::vector<std::string> keys_;
};

}  // namespace gyre::http
