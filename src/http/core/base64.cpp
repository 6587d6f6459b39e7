#include "base64.hpp"

#include <cstdint>

namespace gyre::http::internal {
namespace {

constexpr std::string_view url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

auto encode(std::string_view bytes, std::string_view digits) -> std::string {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += digits[bits >> (count - 6) & 63];
    }
    if (count != 0) out += digits[bits << (6 - count) & 63];
    return out;
}

}  // namespace

auto to_base64(std::string_view bytes) -> std::string {
    auto text = encode(bytes, base64_digits);
    text.resize((text.size() + 3) / 4 * 4, '=');
    return text;
}

auto to_base64url(std::string_view bytes) -> std::string { return encode(bytes, url_digits); }

auto from_base64url(std::string_view text) -> std::optional<std::string> {
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char c : text) {
        const auto digit = url_digits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 255);
    }
    // A lone last digit, or bits left over that are not zero: not what a writer wrote.
    if (count >= 6 || (bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace gyre::http::internal
