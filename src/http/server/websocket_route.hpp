#pragma once

#include <gyre/http/server/app.hpp>

namespace gyre::http::internal {

/// Answers a request for a WebSocket with one that `handler` uses; another request with what is wrong with it.
[[nodiscard]] auto websocket_endpoint(WebSocketHandler handler, const WebSocketOptions& options, WebSocketPolicy policy)
    -> Handler;

}  // namespace gyre::http::internal
