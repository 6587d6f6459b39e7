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
    bool covers_body = false;  ///< The quality of protection is auth-int: the proof is one of the body too.
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
    std::string_view body = {};  ///< For a challenge that covers it.
    /// "nonce:cnonce" of the first answer to the challenge, which the key of a "-sess" algorithm is made of; empty: this is it.
    std::string_view session = {};
};

/// What the server wants to be the nonce of the next request, if it says so in the field Authentication-Info. RFC 7616 3.5.
[[nodiscard]] auto next_nonce(std::string_view authentication_info) -> std::optional<std::string>;

/// The value of the Authorization field. Source: RFC 7616 3.4.
[[nodiscard]] auto digest_credentials(const DigestChallenge& challenge, const DigestRequest& request) -> std::string;

}  // namespace gyre::http::internal
