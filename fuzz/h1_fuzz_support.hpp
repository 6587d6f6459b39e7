#pragma once

// What the fuzz targets of streams share: a stream cut in many ways must always say the same.

#include "../tests/http/core/h1_transcript.hpp"
#include "../tests/http/core/pieces.hpp"
#include "require.hpp"

#include <gyre/http/core/h1_writer.hpp>

#include <cstdint>
#include <optional>

namespace gyre::http::testing {

/// Cuts that the first bytes of the input choose, so that the fuzzer can look for bad ones.
inline auto take_cuts(std::string_view& input) -> Cuts {
    Cuts cuts;
    for (std::size_t i = 0; i < 3 && !input.empty(); ++i) {
        cuts.push_back(1 + static_cast<unsigned char>(input.front()) % 64);
        input.remove_prefix(1);
    }
    return cuts.empty() ? Cuts{1} : cuts;
}

/// Takes the first byte, which chooses what is tried; nothing if there is none.
inline auto take_choice(std::string_view& input) -> std::optional<unsigned> {
    if (input.empty()) return std::nullopt;
    const auto choice = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    return choice;
}

inline auto small_limits() -> Limits {
    Limits limits;
    limits.start_line_bytes = 64;
    limits.field_line_bytes = 64;
    limits.fields_bytes = 200;
    limits.field_count = 8;
    limits.trailers_bytes = 64;
    limits.trailer_count = 3;
    limits.chunk_extension_bytes = 16;
    limits.chunk_overhead_bytes = 64;
    return limits;
}

}  // namespace gyre::http::testing
