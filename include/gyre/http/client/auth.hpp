#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/middleware.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// "Basic ...", the value of an Authorization field, in UTF-8.
/// @throws std::invalid_argument for a user name with a colon, or a control character in either. The text names neither.
/// Source: RFC 7617.
[[nodiscard]] auto basic_credentials(std::string_view user, std::string_view password) -> std::string;

/// Middlewares that say who asks. Each is for one origin ("https://api.example.org"), and other origins, also those that a
/// redirect leads to, never get what it knows. A request with an Authorization field of its own is left alone.
/// @throws UrlError for an origin that is no URL; std::invalid_argument for one that is not http or https, or for texts that
///         cannot be sent.

/// Basic: the password itself, with every request; over plain http everyone on the way can read it.
[[nodiscard]] auto basic_auth(std::string_view origin, std::string_view user, std::string_view password)
    -> ClientMiddleware;

/// A token (RFC 6750), with every request.
[[nodiscard]] auto bearer_auth(std::string_view origin, std::string_view token) -> ClientMiddleware;

/// Digest: proves that the password is known without sending it. The first request is answered with a challenge and sent
/// again; later ones carry the proof at once, until the server asks for a new one.
///
/// Algorithms SHA-256, SHA-512-256 and MD5, each also as "-sess"; the strongest that the server offers. Quality of protection
/// "auth", "auth-int" where a server wants no less (the body is gathered for it, at most 64 MiB), or none as in RFC 2069; the nonce
/// that a server names for the next request is used for it; user names that are not ASCII, and hashed ones. A wrong password is the server's 401.
/// The body of a request is sent twice if the server did not ask before; one that is not kept after it was sent is not.
/// Source: RFC 7616.
[[nodiscard]] auto digest_auth(std::string_view origin, std::string user, std::string password) -> ClientMiddleware;

/// A netrc file that breaks the rules, or one that others may read. `what()` names the line and never a password.
class NetrcError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Who one is on which host, from a file such as ~/.netrc. A value. Source: curl's and Python's netrc.
class Netrc {
public:
    struct Entry {
        Entry() = default;

        std::string machine;  ///< Empty: `default`.
        std::string login;
        std::string password;
    };

    /// @throws NetrcError naming the line.
    [[nodiscard]] static auto parse(std::string_view text) -> Netrc;
    /// Reads a file that only its owner may read: others could take the passwords, or put theirs in.
    /// @throws IoError; NetrcError, also if group or others have any right to it; LimitError for more than 1 MiB.
    /// On cancel: stops reading.
    [[nodiscard]] static auto load(std::filesystem::path path) -> Task<Netrc>;
    /// `load` of the file that the environment's NETRC names, else of ~/.netrc. Nothing is in it if there is no such file.
    /// Throws, and is cancelled, as the other.
    [[nodiscard]] static auto load() -> Task<Netrc>;

    /// The first entry of that host, compared without case; null if there is none. Never `default`.
    [[nodiscard]] auto find(std::string_view host) const noexcept -> const Entry*;
    /// The entry for hosts that have none; null: there is none.
    [[nodiscard]] auto fallback() const noexcept -> const Entry*;
    [[nodiscard]] auto entries() const noexcept -> const std::vector<Entry>& { return entries_; }

private:
    std::vector<Entry> entries_;
};

/// Basic, with what a netrc knows of the host of each request, on any port, http or https. A netrc knows hosts only, and a redirect
/// can lead to anything on them: away from the origin of the request, an entry is for https on its own port, and `default` for
/// nobody. A request with an Authorization field of its own is left alone.
/// @throws std::invalid_argument for what `basic_credentials` refuses.
[[nodiscard]] auto netrc_auth(Netrc netrc) -> ClientMiddleware;

}  // namespace gyre::http
