#pragma once

#include "settings.hpp"
#include "tracer.hpp"
#include "upload.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
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
    std::shared_ptr<Upload> upload;          ///< Instead of `body`; may be null.
    std::optional<Duration> continue_limit;  ///< It waits so long for 100 (Continue).
    InterimHandler on_interim;
    std::optional<ClientTimeouts> timeouts;  ///< Instead of the client's.
    std::optional<Duration> total;           ///< Instead of either's.
    std::optional<bool> follow_redirects;    ///< Instead of the client's.
    std::optional<bool> decode;              ///< Instead of the client's.
    std::optional<bool> require_delimited;   ///< Instead of the client's.
    std::optional<bool> raise_for_status;    ///< Instead of the client's.
    std::vector<ClientMiddleware> middlewares;
};

/// A head as it is sent, and what frames the body behind it.
struct WrittenHead {
    WrittenHead() = default;

    std::string text;
    BodyEncoder body;
};

/// A request on its way: what the caller asked for, changed by each redirect.
class Outgoing {
public:
    /// @throws RequestError, phase `url`.
    Outgoing(const Settings& settings, Order&& order);

    /// Is it a request that can be sent? @throws RequestError, phase `url`.
    void check() const;

    /// Everything that is sent before the body. @throws RequestError, phase `url`.
    [[nodiscard]] auto complete_head(const Settings& settings) const -> RequestHead;
    /// The same as bytes, and checked.
    [[nodiscard]] auto head(const Settings& settings) const -> WrittenHead;
    /// Looks how long a body is that is made while it is sent. @throws RequestError, phase `send`.
    [[nodiscard]] auto measure() -> Task<void>;

    /// May it be sent again when it is not known whether the server got it? Source: RFC 9110 9.2.2.
    [[nodiscard]] auto is_idempotent() const noexcept -> bool;
    /// Is the body still here after it was sent?
    [[nodiscard]] auto can_be_sent_again() const noexcept -> bool { return !upload || upload->can_begin(); }
    [[nodiscard]] auto has_body() const noexcept -> bool { return upload || !body->empty(); }
    /// Takes the body away.
    void drop_body();
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
    std::shared_ptr<const std::string> body;  ///< Never null. It may still be sent when the request has gone.
    std::shared_ptr<Upload> upload;           ///< Makes the body instead; may be null.
    std::optional<std::uint64_t> length;      ///< Of what that makes.
    std::optional<Duration> continue_limit;   ///< The body waits so long for 100 (Continue).
    InterimHandler on_interim;
    std::optional<std::string> cookies;  ///< Of a jar; they come after those of the caller.
    std::size_t redirects = 0;
    std::string first_origin;  ///< Where it went before them; empty if there were none.
    bool follows_redirects;
    bool decodes;
    bool requires_delimited;
    ClientTimeouts timeouts;
    Time deadline = Time::max();  ///< Of that.

private:
    /// As `head`, in one pass, for a request of which no part depends on another. @return false: it is none, and nothing was
    /// written.
    [[nodiscard]] auto write_plain_head(const Settings& settings, WrittenHead& written) const -> bool;
};

}  // namespace gyre::http::internal
