#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {
class UrlParser;
}  // namespace internal

/// How a URL is read.
enum class UrlMode : std::uint8_t {
    whatwg,  ///< as browsers do: the URL Standard, which repairs much
    strict,  ///< the same results, but what would need a repair, or could be read as another host, is refused
};

/// What kind of host a URL has.
enum class HostKind : std::uint8_t {
    none,    ///< the URL has no host, such as mailto:
    empty,   ///< an empty host, as in file:///etc/hosts
    domain,  ///< a name, in its ASCII (punycode) form
    ipv4,
    ipv6,    ///< in brackets
    opaque,  ///< a host of a scheme other than http, https, ws, wss, ftp and file
};

/// A text that is not a URL, or not one that the mode allows. `what()` says what is wrong and at which byte.
class UrlError : public std::runtime_error {
public:
    UrlError(std::string_view problem, std::size_t offset);

    /// Bytes from the start of the text that was parsed.
    [[nodiscard]] auto offset() const noexcept -> std::size_t { return offset_; }

private:
    std::size_t offset_;
};

/// A parsed URL, normalized as the URL Standard says: equal URLs have equal `href()`.
///
/// One parser serves policy and connection, so that what was checked and what is used cannot differ. A `Url` is always
/// valid and absolute; a relative reference is resolved against a base. Thread: none of its own; a value.
/// Source: WHATWG URL Standard; UTS #46 (non-transitional) for names beyond ASCII.
class Url {
public:
    /// Parses an absolute URL in UTF-8, at most `max_url_bytes` long.
    ///
    /// Strict mode refuses: backslashes, tabs, line ends and surrounding space, missing or surplus slashes before the
    /// host, user names and passwords, IPv4 addresses in any form but four plain decimals (`0x7f.1`, `127.1`),
    /// percent-encoding in the host, an empty host, zone ids.
    /// @throws UrlError naming what is wrong and where.
    [[nodiscard]] static auto parse(std::string_view text, UrlMode mode = UrlMode::whatwg) -> Url;

    /// Parses a URL or a reference relative to `base`, such as a Location field or a link. Throws as above.
    [[nodiscard]] static auto parse(std::string_view text, const Url& base, UrlMode mode = UrlMode::whatwg) -> Url;

    /// The whole URL as text.
    [[nodiscard]] auto href() const -> std::string;

    /// Scheme, host and port as text for comparison, such as "https://example.org"; "null" where the scheme is not
    /// http, https, ws, wss or ftp.
    [[nodiscard]] auto origin() const -> std::string;

    /// What goes on the request line in origin form: path and query, never the fragment.
    [[nodiscard]] auto request_target() const -> std::string;

    /// What goes into Host: the host, and the port unless it is the scheme's default.
    [[nodiscard]] auto authority() const -> std::string;

    /// Lower case, without the colon.
    [[nodiscard]] auto scheme() const noexcept -> std::string_view { return scheme_; }
    [[nodiscard]] auto username() const noexcept -> std::string_view { return username_; }
    [[nodiscard]] auto password() const noexcept -> std::string_view { return password_; }

    /// The host as text; an IPv6 address is in brackets. Empty for `HostKind::none` and `empty`.
    [[nodiscard]] auto host() const noexcept -> std::string_view { return host_; }
    [[nodiscard]] auto host_kind() const noexcept -> HostKind { return host_kind_; }

    /// The port if it was given and is not the scheme's default.
    [[nodiscard]] auto port() const noexcept -> std::optional<std::uint16_t> { return port_; }

    /// The port to connect to: the one given, else the scheme's default; 0 if the scheme has none.
    [[nodiscard]] auto effective_port() const noexcept -> std::uint16_t;

    [[nodiscard]] auto path() const noexcept -> std::string_view { return path_; }

    /// Without the question mark; an empty text differs from none.
    [[nodiscard]] auto query() const noexcept -> std::optional<std::string_view> { return query_; }

    /// Without the number sign; an empty text differs from none.
    [[nodiscard]] auto fragment() const noexcept -> std::optional<std::string_view> { return fragment_; }

    /// Is the scheme http, https, ws, wss, ftp or file?
    [[nodiscard]] auto is_special() const noexcept -> bool;

    /// Is the path a plain text without hierarchy, as in mailto:somebody?
    [[nodiscard]] auto has_opaque_path() const noexcept -> bool { return has_opaque_path_; }

    /// Drops or replaces the fragment, which is escaped as needed. For redirects, which inherit it.
    void set_fragment(std::optional<std::string_view> fragment);

    friend auto operator==(const Url&, const Url&) -> bool = default;

private:
    friend class internal::UrlParser;
    Url() = default;

    std::string scheme_;
    std::string username_;
    std::string password_;
    std::string host_;
    std::string path_;
    std::optional<std::string> query_;
    std::optional<std::string> fragment_;
    std::optional<std::uint16_t> port_;
    HostKind host_kind_ = HostKind::none;
    bool has_opaque_path_ = false;
};

}  // namespace gyre::http
