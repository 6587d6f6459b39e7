#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// The digits of base64, by value. Source: RFC 4648 4.
inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding. Source: RFC 4648 4.
[[nodiscard]] auto to_base64(std::string_view bytes) -> std::string;

/// Base64 with `-` and `_`, without padding. Source: RFC 4648 5.
[[nodiscard]] auto to_base64url(std::string_view bytes) -> std::string;

/// Reads what `to_base64url` writes, and nothing else: one text for each bytes.
[[nodiscard]] auto from_base64url(std::string_view text) -> std::optional<std::string>;

}  // namespace gyre::http::internal
