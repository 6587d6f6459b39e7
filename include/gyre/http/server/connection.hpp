#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/connection_options.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/net/stream.hpp>

namespace gyre::http {

/// Serves HTTP/1.1 on one connection until either side ends it.
///
/// Requests are answered one after another, also pipelined ones: the next is not looked at before the response is done,
/// and at most one read of 16 KiB is kept ahead. A request that breaks a rule is refused with the rule's status and its
/// name in the body; the connection then lingers until the client has that.
/// @param handler and @param options must live until this ends.
/// @throws nothing for what a client does. On cancel: the connection is dropped, with the request that runs.
/// Source: RFC 9112.
[[nodiscard]] auto serve_connection(
    net::Stream stream, const ExchangeHandler& handler, const ConnectionOptions& options) -> Task<void>;

}  // namespace gyre::http
