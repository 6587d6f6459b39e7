#pragma once

#include <gyre/http/core/challenge.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// What a Digest challenge asks for, of a kind that can be answered.
struct DigestChallenge {
    DigestChallenge() = default;

    /// Empty if it is no Digest challenge, or one with an algorithm or a quality of protection that is not known.
    [[nodiscard]] static auto from(const AuthChallenge& challenge) -> std::optional<DigestChallenge>;

    std::string realm;
    std::string nonce;
    std::optional<std::string> opaque;
    std::optional<std::string> algorithm;  ///< As the server wrote it. Empty: MD5.
    const char* hash = nullptr;            ///< OpenSSL's name.
    int strength = 0;                      ///< The more, the better.
    bool is_session = false;
    bool has_qop = false;
    bool is_stale = false;
    bool hashes_user = false;
};

/// Who answers, and to what.
struct DigestRequest {
    std::string_view user;
    std::string_view password;
    std::string_view method;
    std::string_view uri;
    std::string_view cnonce;
    std::uint32_t count = 1;
};

/// The value of the Authorization field. Source: RFC 7616 3.4.
[[nodiscard]] auto digest_credentials(const DigestChallenge& challenge, const DigestRequest& request) -> std::string;

}  // namespace gyre::http::internal
