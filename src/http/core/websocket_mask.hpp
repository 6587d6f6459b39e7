#pragma once

// The scrambling of what clients send (RFC 6455 5.3): the same in both directions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gyre::http::internal {

using MaskBytes = std::array<std::byte, 4>;

/// Byte by byte: the reference path. @param at of the first byte within the payload.
inline void apply_mask_scalar(char* data, std::size_t size, const MaskBytes& mask, std::size_t at) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        data[i] = static_cast<char>(std::byte(data[i]) ^ mask[(at + i) % 4]);
    }
}

/// Same result, eight bytes at a time, in a loop that compilers make vectors of.
inline void apply_mask(char* data, std::size_t size, const MaskBytes& mask, std::size_t at) noexcept {
    std::array<std::byte, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(at + i) % 4];
    std::uint64_t key = 0;
    std::memcpy(&key, turned.data(), turned.size());
    const std::size_t whole = size & ~std::size_t{7};
    for (std::size_t i = 0; i < whole; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data + i, 8);
        word ^= key;
        std::memcpy(data + i, &word, 8);
    }
    apply_mask_scalar(data + whole, size - whole, mask, at + whole);
}

}  // namespace gyre::http::internal
