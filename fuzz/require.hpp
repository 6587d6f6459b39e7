#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace gyre::http::testing {

/// Ends the fuzzer with the promise that was broken.
inline void require(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

}  // namespace gyre::http::testing
