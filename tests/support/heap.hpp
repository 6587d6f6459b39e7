#pragma once

#include <malloc.h>

#include <cstddef>

namespace gyre::testing {

/// Bytes that this program has from malloc and has not given back; always the same under a sanitizer.
inline auto heap_bytes() noexcept -> std::size_t {
    const auto told = mallinfo2();
    return told.uordblks + told.hblkhd;
}

}  // namespace gyre::testing
