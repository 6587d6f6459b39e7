#pragma once

#include <gyre/http/client/client_options.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/url.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// A request on its way: what the caller asked for, changed by each redirect.
class Outgoing {
public:
    /// @throws RequestError, phase `url`.
    Outgoing(const ClientOptions& options, std::string method, std::string_view url, Fields fields, std::string body);

    /// The request line and the fields as they are sent, checked. @throws RequestError, phase `url`.
    [[nodiscard]] auto head(const ClientOptions& options) const -> std::string;

    /// May it be sent again when it is not known whether the server got it? Source: RFC 9110 9.2.2.
    [[nodiscard]] auto is_idempotent() const noexcept -> bool;
    /// Does the caller want the connection closed afterwards?
    [[nodiscard]] auto wants_close() const noexcept -> bool { return fields.contains_token("Connection", "close"); }

    /// @param peer may be empty.
    [[nodiscard]] auto error(RequestPhase phase, std::string_view reason, std::string_view peer = {},
        std::exception_ptr cause = nullptr) const -> RequestError;

    std::string method;
    Url url;
    Fields fields;
    std::string body;
    std::size_t redirects = 0;
};

}  // namespace gyre::http::internal
