#pragma once

#include <gyre/backend/clock.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::cli {

/// "1.4 MiB".
[[nodiscard]] auto size_text(std::uint64_t bytes) -> std::string;

/// "850 us", "12.4 ms", "3.07 s", "2:05" from a minute on.
[[nodiscard]] auto time_text(Duration length) -> std::string;

/// At most `width` characters: a part before the middle is left out.
[[nodiscard]] auto shortened(std::string_view text, std::size_t width) -> std::string;

/// With spaces on the right, or on the left, up to `width` characters.
[[nodiscard]] auto left_aligned(std::string_view text, std::size_t width) -> std::string;
[[nodiscard]] auto right_aligned(std::string_view text, std::size_t width) -> std::string;

/// Text from outside in one line, with every control character replaced, so that it cannot steer a terminal; lines are parted by "; ".
[[nodiscard]] auto harmless(std::string_view text) -> std::string;

/// The same of JSON, which loses nothing: they are escaped. Without a line's end.
[[nodiscard]] auto harmless_json(const nlohmann::json& value) -> std::string;

}  // namespace gyre::cli
