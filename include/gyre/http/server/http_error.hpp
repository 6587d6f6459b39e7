#pragma once

#include <gyre/http/core/fields.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

/// Thrown by a handler of an `App`: the request is answered with this status, and nobody is told of an error.
///
/// The response says the status, its usual title and `detail` as problem+json (RFC 9457); that text goes to the client,
/// so it must hold nothing that the client may not know. Source: aiohttp's HTTPException.
class HttpError : public std::runtime_error {
public:
    /// @param status 400 to 599. @throws std::invalid_argument for another.
    explicit HttpError(int status, std::string detail = {});

    /// 401, which says how to identify oneself. @param challenge the field WWW-Authenticate, such as `Bearer` or
    ///        `Basic realm="office"`. @throws ProtocolError if it holds a control character.
    [[nodiscard]] static auto unauthorized(std::string_view challenge, std::string detail = {}) -> HttpError;

    /// Adds a field to the response, such as Allow or Retry-After. @throws ProtocolError as `Fields::add`.
    auto header(std::string_view name, std::string_view value) -> HttpError&;

    [[nodiscard]] auto status() const noexcept -> int { return status_; }
    [[nodiscard]] auto detail() const noexcept -> const std::string& { return detail_; }
    [[nodiscard]] auto fields() const noexcept -> const Fields& { return fields_; }

private:
    int status_;
    std::string detail_;
    Fields fields_;
};

}  // namespace gyre::http
