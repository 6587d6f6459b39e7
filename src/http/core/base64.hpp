#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// Base64 with `-` and `_`, without padding. Source: RFC 4648 5.
[[nodiscard]] auto to_base64url(std::string_view bytes) -> std::string;

/// Reads what `to_base64url` writes, and nothing else: one text for each bytes.
[[nodiscard]] auto from_base64url(std::string_view text) -> std::optional<std::string>;

}  // namespace gyre::http::internal
