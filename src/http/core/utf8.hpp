#pragma once

// UTF-8 checked piece by piece (RFC 3629), the bytes of a character may be in two pieces.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gyre::http::internal {

class Utf8Check {
public:
    /// Reads on. @return false if what came so far cannot be the start of UTF-8: at the first wrong byte.
    [[nodiscard]] auto take(std::string_view piece) noexcept -> bool {
        std::size_t at = 0;
        while (at < piece.size()) {
            if (missing_ == 0) {
                at = skip_ascii(piece, at);
                if (at == piece.size()) return true;
            }
            if (!take_byte(static_cast<unsigned char>(piece[at]))) return false;
            ++at;
        }
        return true;
    }

    /// Are all characters whole?
    [[nodiscard]] auto is_complete() const noexcept -> bool { return missing_ == 0; }

private:
    static auto skip_ascii(std::string_view piece, std::size_t at) noexcept -> std::size_t {
        while (piece.size() - at >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, piece.data() + at, 8);
            if ((word & 0x8080808080808080U) != 0) break;
            at += 8;
        }
        while (at < piece.size() && static_cast<unsigned char>(piece[at]) < 0x80) ++at;
        return at;
    }

    auto take_byte(unsigned char byte) noexcept -> bool {
        if (missing_ == 0) return take_first(byte);
        const bool fits = byte >= low_ && byte <= high_;
        low_ = 0x80;
        high_ = 0xbf;
        --missing_;
        return fits;
    }

    auto take_first(unsigned char byte) noexcept -> bool {
        if (byte < 0xc2 || byte > 0xf4) return false;  // a continuation, an overlong form, or past U+10FFFF
        missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (byte == 0xe0) low_ = 0xa0;   // else overlong
        if (byte == 0xed) high_ = 0x9f;  // else a surrogate
        if (byte == 0xf0) low_ = 0x90;   // else overlong
        if (byte == 0xf4) high_ = 0x8f;  // else past U+10FFFF
        return true;
    }

    std::uint8_t missing_ = 0;  // bytes of the character that have to come
    std::uint8_t low_ = 0x80;   // what the next one may be
    std::uint8_t high_ = 0xbf;
};

/// Is all of it UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF?
[[nodiscard]] inline auto is_utf8(std::string_view text) noexcept -> bool {
    Utf8Check check;
    return check.take(text) && check.is_complete();
}

}  // namespace gyre::http::internal
