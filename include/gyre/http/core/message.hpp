#pragma once

#include <gyre/http/core/fields.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::http {

/// The version of HTTP that a message was sent with.
struct Version {
    std::uint8_t major = 1;
    std::uint8_t minor = 1;

    friend auto operator==(const Version&, const Version&) -> bool = default;
    friend auto operator<=>(const Version&, const Version&) = default;
};

/// What a request says before its body, in any version of HTTP.
///
/// In HTTP/2 terms: `method` is :method, `target` is :path (or :authority for CONNECT), and the authority is found by
/// `effective_host`. Trailers are a second `Fields`, never merged into `fields`.
struct RequestHead {
    RequestHead() = default;
    RequestHead(std::string its_method, std::string its_target, Fields its_fields = {}) noexcept
        : method(std::move(its_method)), target(std::move(its_target)), fields(std::move(its_fields)) {}
    RequestHead(std::string its_method, std::string its_target, Version its_version, Fields its_fields) noexcept
        : method(std::move(its_method)),
          target(std::move(its_target)),
          version(its_version),
          fields(std::move(its_fields)) {}

    std::string method;  ///< a case-sensitive token, as sent
    std::string target;  ///< as sent: origin, absolute, authority or asterisk form
    Version version;
    Fields fields;

    friend auto operator==(const RequestHead&, const RequestHead&) -> bool = default;
};

/// What a response says before its body, in any version of HTTP. An interim (1xx) response is a head of its own.
struct ResponseHead {
    ResponseHead() = default;
    explicit ResponseHead(int its_status, Fields its_fields = {}) noexcept
        : status(its_status), fields(std::move(its_fields)) {}
    ResponseHead(int its_status, std::string its_reason, Version its_version, Fields its_fields) noexcept
        : status(its_status), reason(std::move(its_reason)), version(its_version), fields(std::move(its_fields)) {}

    int status = 200;    ///< 100 to 999
    std::string reason;  ///< for people only; empty in HTTP/2
    Version version;
    Fields fields;

    friend auto operator==(const ResponseHead&, const ResponseHead&) -> bool = default;
};

/// How the end of a body is found.
enum class BodyFraming : std::uint8_t {
    none,            ///< there is no body
    content_length,  ///< a known number of bytes
    chunked,         ///< chunks, then trailers
    until_close,     ///< responses only: until the server closes, so a cut cannot be told from the end
};

/// The host (and port) that a request is for: of the target if that has one, else of Host, else empty.
/// The target wins where both are there (RFC 9112 3.2.2). The view lives as long as the head is unchanged.
[[nodiscard]] auto effective_host(const RequestHead& head) noexcept -> std::string_view;

/// Can a response with this status to a request with this method have a body? Not to HEAD, not with 1xx, 204 or 304,
/// and not with 2xx to CONNECT. Source: RFC 9112 6.3.
[[nodiscard]] auto response_can_have_body(std::string_view request_method, int status) noexcept -> bool;

/// The usual reason phrase of a status, or an empty text for one that the registry does not know. Static storage.
[[nodiscard]] auto default_reason(int status) noexcept -> std::string_view;

}  // namespace gyre::http
