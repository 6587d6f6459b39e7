#pragma once

#include <gyre/core/random.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace gyre::internal {

/// Two hexadecimal digits, in lower case.
inline void append_hex(std::string& out, unsigned char byte) {
    constexpr const char* digits = "0123456789abcdef";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

[[nodiscard]] inline auto hex_text(std::span<const std::byte> bytes) -> std::string {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const auto byte : bytes) append_hex(text, std::to_integer<unsigned char>(byte));
    return text;
}

/// `Bytes` from the loop's random source: a name that nobody else has chosen, or can guess if they are enough.
template<std::size_t Bytes>
[[nodiscard]] auto random_hex() -> std::string {
    std::array<std::byte, Bytes> bytes{};
    fill_random(bytes);
    return hex_text(bytes);
}

}  // namespace gyre::internal
