#pragma once

#include "outgoing.hpp"
#include "pool.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/client/client_response.hpp>

#include <memory>

namespace gyre::http::internal {

/// Sends a request over a kept or a new connection, follows redirects, and gives the response whose head has come.
/// @throws as `ClientRequest::send`.
[[nodiscard]] auto perform(std::shared_ptr<Pool> pool, std::unique_ptr<Order> order) -> Task<ClientResponse>;

}  // namespace gyre::http::internal
