#pragma once

#include <gyre/http/server/response.hpp>

#include <string_view>

namespace gyre::http::internal {

/// Says that the response depends on that field of the request, if it does not say so yet.
void add_vary(Response& response, std::string_view name);

/// Adds a field, unless the handler has set one of that name.
void add_missing(Response& response, std::string_view name, std::string_view value);

}  // namespace gyre::http::internal
