#pragma once

#include "settings.hpp"
#include "tracer.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::internal {

/// The text of a URL to be shown. A text that is no URL may hold a password all the same, and in places where no parser would
/// look for it: everything between the slashes and the last "@" is taken for one.
[[nodiscard]] auto without_credentials(std::string_view text) -> std::string;

/// What the caller asks for.
struct Order {
    Order() = default;

    std::string method;
    std::string url;    ///< As given; relative to the client's base, if there is one.
    std::string query;  ///< To be added to the URL's own; encoded.
    Fields fields;
    std::string body;
    std::optional<ClientTimeouts> timeouts;  ///< Instead of the client's.
    std::optional<Duration> total;           ///< Instead of either's.
    std::optional<bool> follow_redirects;    ///< Instead of the client's.
    std::optional<bool> decode;              ///< Instead of the client's.
    std::optional<bool> raise_for_status;    ///< Instead of the client's.
    std::vector<ClientMiddleware> middlewares;
};

/// A request on its way: what the caller asked for, changed by each redirect.
class Outgoing {
public:
    /// @throws RequestError, phase `url`.
    Outgoing(const Settings& settings, Order order);

    /// Is it a request that can be sent? @throws RequestError, phase `url`.
    void check() const;

    /// Everything that is sent before the body. @throws RequestError, phase `url`.
    [[nodiscard]] auto complete_head(const Settings& settings) const -> RequestHead;
    /// The same as bytes, and checked.
    [[nodiscard]] auto head(const Settings& settings) const -> std::string;

    /// May it be sent again when it is not known whether the server got it? Source: RFC 9110 9.2.2.
    [[nodiscard]] auto is_idempotent() const noexcept -> bool;
    /// Is the body still here after it was sent?
    [[nodiscard]] auto can_be_sent_again() const noexcept -> bool { return true; }  // it is bytes in memory
    /// Does the caller want the connection closed afterwards?
    [[nodiscard]] auto wants_close() const noexcept -> bool { return fields.contains_token("Connection", "close"); }

    /// Does it offer another protocol (RFC 9110 7.8)?
    [[nodiscard]] auto offers_upgrade() const noexcept -> bool {
        return fields.contains("Upgrade") && fields.contains_token("Connection", "upgrade");
    }

    /// That the total time has passed.
    [[nodiscard]] auto timeout_text() const -> std::string;

    /// Tells who wants to know that it has come so far.
    void tell(ClientStep step, const TraceDetail& detail = {}) const noexcept {
        tracer.tell(step, method, url, detail);
    }

    /// @param peer may be empty.
    [[nodiscard]] auto error(RequestPhase phase, std::string_view reason, std::string_view peer = {},
        std::exception_ptr cause = nullptr) const -> RequestError;

    Tracer tracer;
    std::string method;
    Url url;
    Fields fields;
    std::string body;
    std::optional<std::string> cookies;  ///< Of a jar; they come after those of the caller.
    std::size_t redirects = 0;
    bool follows_redirects;
    bool decodes;
    ClientTimeouts timeouts;
    Time deadline = Time::max();  ///< Of that.
};

}  // namespace gyre::http::internal
