#pragma once

#include <cstddef>
#include <string>

namespace interop {

/// Byte i of the content of a length is i modulo 251: what every server and client of these tests agrees on.
inline auto pattern(std::size_t begin, std::size_t size) -> std::string {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((begin + i) % 251);
    return out;
}

inline auto pattern(std::size_t size) -> std::string { return pattern(0, size); }

}  // namespace interop
