#pragma once

#include <gyre/http/core/fields.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// Longest name and value of a cookie together, in bytes. Exactly that much is taken.
inline constexpr std::size_t max_cookie_bytes = 4096;

/// Longest Set-Cookie line with its attributes. Source: what curl takes.
inline constexpr std::size_t max_set_cookie_bytes = 5000;

/// Longest value of an attribute of a cookie, in bytes. Exactly that much is taken.
inline constexpr std::size_t max_cookie_attribute_bytes = 1024;

/// Whether a browser sends the cookie with requests that another site caused.
enum class SameSite : std::uint8_t {
    unset,   ///< not said: browsers take it as `lax`
    none,    ///< always; browsers want Secure with it
    lax,     ///< only when the user goes to the site
    strict,  ///< never
};

/// A cookie that a server sends, for one Set-Cookie field.
///
/// Always valid: a setter that is given what no strict receiver takes, or what breaks the promise of the name's prefix,
/// throws and changes nothing. The cookie is sent for all paths unless `path` says otherwise.
/// Thread: none of its own; a value. Source: RFC 6265bis 4.1; `http.cookies.Morsel`.
class Cookie {
public:
    /// A name that begins with `__Secure-` or `__Host-`, in any case, turns Secure on: browsers drop it otherwise.
    /// @param name  a token, not empty.
    /// @param value visible ASCII without `"`, `,`, `;` and `\`; escape what else you have with `percent_encode`.
    /// @throws std::invalid_argument saying what is wrong and where; past `max_cookie_bytes` too.
    Cookie(std::string name, std::string value);

    /// A cookie that makes the browser forget the one of that name. Give it the domain and path that one was sent with.
    [[nodiscard]] static auto removal(std::string name) -> Cookie;

    /// Sends it to this domain and all below it; without it, to the exact host only. A leading dot is dropped.
    /// @throws std::invalid_argument if it is no host name in ASCII, or the name begins with `__Host-`.
    auto domain(std::string value) -> Cookie&;

    /// Sends it to this path and all below it. Starts with "/"; no controls, no `;`, nothing beyond ASCII.
    /// @throws std::invalid_argument if it is something else, or not "/" though the name begins with `__Host-`.
    auto path(std::string value) -> Cookie&;

    /// How long it is kept; zero or less: forget it now. Without it and `expires` it goes when the browser ends.
    /// Browsers keep no cookie longer than 400 days.
    auto max_age(std::chrono::seconds value) -> Cookie&;

    /// Until when it is kept. `max_age` goes before it. @throws std::out_of_range for years outside 0 to 9999.
    auto expires(std::chrono::sys_seconds value) -> Cookie&;

    /// Only over TLS. @throws std::invalid_argument if it is turned off and prefix, SameSite=None or Partitioned need it.
    auto secure(bool value = true) -> Cookie&;

    /// Hides it from scripts.
    auto http_only(bool value = true) -> Cookie&;

    /// `SameSite::none` turns Secure on.
    auto same_site(SameSite value) -> Cookie&;

    /// A jar of its own for each site that embeds this one. Turns Secure on.
    auto partitioned(bool value = true) -> Cookie&;

    [[nodiscard]] auto name() const noexcept -> const std::string& { return name_; }
    [[nodiscard]] auto value() const noexcept -> const std::string& { return value_; }
    /// Empty: the exact host.
    [[nodiscard]] auto domain() const noexcept -> const std::string& { return domain_; }
    [[nodiscard]] auto path() const noexcept -> const std::string& { return path_; }
    [[nodiscard]] auto max_age() const noexcept -> std::optional<std::chrono::seconds> { return max_age_; }
    [[nodiscard]] auto expires() const noexcept -> std::optional<std::chrono::sys_seconds> { return expires_; }
    [[nodiscard]] auto is_secure() const noexcept -> bool { return secure_; }
    [[nodiscard]] auto is_http_only() const noexcept -> bool { return http_only_; }
    [[nodiscard]] auto same_site() const noexcept -> SameSite { return same_site_; }
    [[nodiscard]] auto is_partitioned() const noexcept -> bool { return partitioned_; }

    /// The value of a Set-Cookie field.
    [[nodiscard]] auto to_set_cookie() const -> std::string;

    friend auto operator==(const Cookie&, const Cookie&) -> bool = default;

private:
    [[nodiscard]] auto needs_secure() const noexcept -> bool;

    std::string name_;
    std::string value_;
    std::string domain_;
    std::string path_ = "/";
    std::optional<std::chrono::seconds> max_age_;
    std::optional<std::chrono::sys_seconds> expires_;
    SameSite same_site_ = SameSite::unset;
    bool secure_ = false;
    bool http_only_ = false;
    bool partitioned_ = false;
};

/// A Set-Cookie field as a client reads it: what it says, not yet whether a jar takes it.
struct ReceivedCookie {
    ReceivedCookie() = default;

    std::string name;  ///< May be empty, if the value is not.
    std::string value;
    std::string domain;                               ///< Lower case, without a leading dot; empty: the exact host.
    std::optional<std::string> path;                  ///< As sent, if there is a Path attribute.
    std::optional<std::chrono::seconds> max_age;      ///< Saturates at 2^53 seconds either way.
    std::optional<std::chrono::sys_seconds> expires;  ///< If it was a date.
    SameSite same_site = SameSite::unset;
    bool secure = false;
    bool http_only = false;
    bool partitioned = false;
};

/// Reads a Set-Cookie field the way browsers do. Attributes that are unknown, too long or make no sense are passed over;
/// of repeated ones the last counts.
/// @return empty if the cookie is to be ignored: a control character anywhere (tabs may stand inside), neither name nor
///         value, name and value longer than `max_cookie_bytes`, or all of it longer than `max_set_cookie_bytes`.
/// Source: RFC 6265bis 5.6.
[[nodiscard]] auto parse_set_cookie(std::string_view text) -> std::optional<ReceivedCookie>;

/// Reads a date as cookies have it, in nearly any notation. Empty if it is none. Source: RFC 6265bis 5.1.1.
[[nodiscard]] auto parse_cookie_date(std::string_view text) -> std::optional<std::chrono::sys_seconds>;

/// One cookie of a request. The views are those of the field.
struct CookiePair {
    std::string_view name;
    std::string_view value;

    friend auto operator==(const CookiePair&, const CookiePair&) -> bool = default;
};

/// The cookies of a request, in order, repeated names included. What has no `=` is a value without a name; quotes belong
/// to the value; what has neither name nor value is passed over. The views live as long as the field.
[[nodiscard]] auto parse_cookies(const Fields& fields) -> std::vector<CookiePair>;

/// The value of the first cookie of that name in a request; names are compared with case. The browser sends the one with
/// the longest path first. The view lives as long as the field.
[[nodiscard]] auto find_cookie(const Fields& fields, std::string_view name) -> std::optional<std::string_view>;

}  // namespace gyre::http
