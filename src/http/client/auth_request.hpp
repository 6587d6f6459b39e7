#pragma once

#include <gyre/http/client/middleware.hpp>

#include <string>
#include <string_view>

namespace gyre::http::internal {

/// `digest_auth` for the origin of the first request that comes.
[[nodiscard]] auto digest_for_request(std::string user, std::string password) -> ClientMiddleware;

/// "Bearer ...". @throws std::invalid_argument for a token that cannot be sent.
[[nodiscard]] auto bearer_credentials(std::string_view token) -> std::string;

}  // namespace gyre::http::internal
