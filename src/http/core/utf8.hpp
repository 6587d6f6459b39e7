#pragma once

#include <string_view>

namespace gyre::http::internal {

/// Is it UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF? Source: RFC 3629.
[[nodiscard]] constexpr auto is_utf8(std::string_view text) noexcept -> bool {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i++]);
        if (byte < 0x80) continue;
        if (byte < 0xc2 || byte > 0xf4) return false;
        const std::size_t more = byte < 0xe0 ? 1 : (byte < 0xf0 ? 2 : 3);
        if (text.size() - i < more) return false;
        unsigned char low = 0x80;
        unsigned char high = 0xbf;
        if (byte == 0xe0) low = 0xa0;
        if (byte == 0xed) high = 0x9f;
        if (byte == 0xf0) low = 0x90;
        if (byte == 0xf4) high = 0x8f;
        for (std::size_t n = 0; n < more; ++n) {
            const auto next = static_cast<unsigned char>(text[i++]);
            if (next < low || next > high) return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

}  // namespace gyre::http::internal
