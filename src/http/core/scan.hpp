#pragma once

// Finding the end of a field value, the one loop where most bytes of a head are looked at.

#include "grammar.hpp"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gyre::http::internal {

/// The first byte of [p, end) that no value may hold (CR and LF among them), or `end`. The reference path.
inline auto find_value_end_scalar(const char* p, const char* end) noexcept -> const char* {
    while (p != end && !is_forbidden_control(*p)) ++p;
    return p;
}

/// Same result as `find_value_end_scalar`, 16 bytes at a time where the processor can.
inline auto find_value_end(const char* p, const char* end) noexcept -> const char* {
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    const auto bad_bytes = [&](const char* block) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
        const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i is_bad = _mm_or_si128(
            _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), is_control), _mm_cmpeq_epi8(bytes, del));
        return static_cast<unsigned>(_mm_movemask_epi8(is_bad));
    };
    if (end - p >= 16) {
        const char* const last = end - 16;
        for (; p < last; p += 16) {
            if (const unsigned bad = bad_bytes(p); bad != 0) return p + std::countr_zero(bad);
        }
        // The last bytes are looked at together with some before them, which are known to be good.
        const unsigned bad = bad_bytes(last);
        return bad != 0 ? last + std::countr_zero(bad) : end;
    }
#endif
    return find_value_end_scalar(p, end);
}

}  // namespace gyre::http::internal
