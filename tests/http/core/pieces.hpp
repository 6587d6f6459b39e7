#pragma once

// Streams that arrive cut: what is read must not depend on where.

#include <cstddef>
#include <string_view>
#include <vector>

namespace gyre::http::testing {

/// How to cut a stream: sizes of the pieces, repeated; empty means whole.
using Cuts = std::vector<std::size_t>;

/// Hands a stream over in pieces of those sizes, until `take(piece)` answers false.
template<typename Take>
void in_pieces(std::string_view stream, const Cuts& cuts, Take take) {
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
        const auto piece = stream.substr(0, cuts.empty() ? stream.size() : cuts[turn % cuts.size()]);
        stream.remove_prefix(piece.size());
        if (!take(piece)) return;
    }
}

}  // namespace gyre::http::testing
