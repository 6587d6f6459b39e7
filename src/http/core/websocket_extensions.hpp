#pragma once

// Sec-WebSocket-Extensions (RFC 6455 9.1), and what permessage-deflate says in it (RFC 7692 7.1).

#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/websocket_handshake.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::internal {

struct ExtensionParameter {
    std::string name;
    std::optional<std::string> value;
};

struct Extension {
    std::string name;
    std::vector<ExtensionParameter> parameters;
};

/// All extensions of all such fields, in order; empty optional if one of them is not in the grammar.
[[nodiscard]] auto parse_extensions(const Fields& fields) -> std::optional<std::vector<Extension>>;

/// What a client says in its request; empty: nothing. @throws std::invalid_argument for windows out of range.
[[nodiscard]] auto deflate_offer(const WebSocketDeflateOptions& options) -> std::string;

/// A server's choice among the offers, and what it says; empty: no compression.
[[nodiscard]] auto accept_deflate(const std::vector<Extension>& offers, const WebSocketDeflateOptions& options,
    std::string& response) -> std::optional<WebSocketDeflate>;

/// What a server's response means for a client that offered `options`; empty if it may not say that.
[[nodiscard]] auto read_deflate_response(const Extension& response, const WebSocketDeflateOptions& options)
    -> std::optional<WebSocketDeflate>;

}  // namespace gyre::http::internal
