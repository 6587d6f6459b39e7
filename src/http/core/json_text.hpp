#pragma once

#include <string>
#include <string_view>

namespace gyre::http::internal {

/// `text` as a JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD, so that the result is always JSON.
/// Source: RFC 8259 7.
[[nodiscard]] auto json_string(std::string_view text) -> std::string;

}  // namespace gyre::http::internal
