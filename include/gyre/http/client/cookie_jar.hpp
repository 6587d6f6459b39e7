#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/public_suffix.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// How much a jar takes and sends. Every limit is inclusive.
struct CookieJarLimits {
    std::size_t cookies = 3000;             ///< In all. Past it, the one longest unused goes.
    std::size_t cookies_per_domain = 50;    ///< Past it, one without Secure that is longest unused goes first.
    std::size_t cookies_per_response = 50;  ///< Set-Cookie fields of one response that are looked at.
    std::size_t cookies_per_request = 150;  ///< Those with the longest paths are sent.
    std::size_t request_bytes = 8190;       ///< Longest Cookie field. A cookie that does not fit is left out.
    std::chrono::seconds lifetime = std::chrono::hours(24 * 400);  ///< A later expiry is cut to this, from now.
};

/// A text that is no saved cookie jar. `what()` says what is wrong in which line.
class CookieJarError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A cookie in a jar.
struct StoredCookie {
    StoredCookie() = default;

    std::string name;  ///< May be empty.
    std::string value;
    std::string domain;  ///< Lower case: the host that set it, or a domain above it.
    std::string path;
    std::optional<std::chrono::sys_seconds> expires;  ///< Without it, the cookie ends with the session.
    SameSite same_site = SameSite::unset;             ///< Kept for you to see: every request of a client is same-site.
    bool host_only = true;                            ///< Only for the exact host.
    bool secure = false;
    bool http_only = false;
    bool partitioned = false;
    std::uint64_t created = 0;  ///< Order in which cookies were made; a replaced one keeps its place.
    std::uint64_t used = 0;     ///< Order in which they were last sent or set.
};

/// Takes cookies from responses and gives them to requests, by the rules of browsers.
///
/// A cookie goes back only to the host that set it, or to the domain it names if that is no public suffix; over TLS only
/// if it was marked so, and such a one is never replaced from outside TLS. Names beginning with `__Secure-` and `__Host-`
/// keep their promises. Times are given by the caller, so that tests can choose them.
/// Thread: none of its own; a value. Source: RFC 6265bis 5; aiohttp.CookieJar, http.cookiejar.
class CookieJar {
public:
    explicit CookieJar(CookieJarLimits limits = {}, PublicSuffixList suffixes = PublicSuffixList::system());

    /// Takes the Set-Cookie fields of a response to a request for `url`. What breaks a rule is passed over.
    void set_from(const Url& url, const Fields& response, std::chrono::sys_seconds now);

    /// Takes one cookie as if the response to a request for `url` had set it.
    /// @return whether it kept the rules. It may have been there only to remove another, or have had no room.
    auto set(const Url& url, const ReceivedCookie& cookie, std::chrono::sys_seconds now) -> bool;

    /// The value of the Cookie field of a request for `url`: "a=1; b=2", longer paths first. Empty if there is none.
    [[nodiscard]] auto header_for(const Url& url, std::chrono::sys_seconds now) -> std::optional<std::string>;

    /// All cookies, expired ones too, in order of their domains.
    [[nodiscard]] auto cookies() const -> std::vector<StoredCookie>;

    [[nodiscard]] auto size() const noexcept -> std::size_t { return size_; }
    [[nodiscard]] auto empty() const noexcept -> bool { return size_ == 0; }

    /// Removes everything.
    void clear() noexcept;

    /// Removes what ends with the session. Source: RFC 6265bis 5.7.
    void end_session();

    /// Removes what has expired.
    void remove_expired(std::chrono::sys_seconds now);

    /// The jar as text that begins with its version. Cookies of the session and expired ones are left out.
    /// @param with_session whether those of the session are written as well.
    [[nodiscard]] auto to_text(std::chrono::sys_seconds now, bool with_session = false) const -> std::string;

    /// Adds what `to_text` wrote, if it has not expired and still keeps the rules; later cookies replace.
    /// @throws CookieJarError naming the line; the jar is as it was.
    void add_text(std::string_view text, std::chrono::sys_seconds now);

    /// Writes `to_text` to a file that only its owner may read, whole or not at all. @throws IoError.
    /// On cancel: the old file, or the new one.
    [[nodiscard]] auto save(std::filesystem::path path, std::chrono::sys_seconds now, bool with_session = false) const
        -> Task<void>;

    /// `add_text` of a file. The jar must live until this returns.
    /// @throws IoError; CookieJarError; LimitError if the file has more than 64 MiB.
    /// After an error, and on cancel: the jar is as it was.
    [[nodiscard]] auto load(std::filesystem::path path, std::chrono::sys_seconds now) -> Task<void>;

private:
    using Domain = std::vector<StoredCookie>;

    [[nodiscard]] auto choose_domain(const Url& url, const std::string& wanted, StoredCookie& cookie) const -> bool;
    [[nodiscard]] auto overlays_secure(const StoredCookie& cookie) const -> bool;
    [[nodiscard]] auto matches(const Url& url, std::chrono::sys_seconds now) -> std::vector<StoredCookie*>;
    void store(StoredCookie cookie, std::chrono::sys_seconds now);
    void evict(Domain& domain, std::chrono::sys_seconds now);
    void evict_anywhere(std::chrono::sys_seconds now);
    template<typename Predicate>
    void remove_if(Predicate predicate);

    CookieJarLimits limits_;
    PublicSuffixList suffixes_;
    std::map<std::string, Domain, std::less<>> domains_;  // a tree: names chosen to collide in a hash do no harm
    std::size_t size_ = 0;
    std::uint64_t clock_ = 0;  // what `created` and `used` count
};

}  // namespace gyre::http
