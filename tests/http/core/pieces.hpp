#pragma once

// Streams that arrive cut: what is read must not depend on where.

#include <cstddef>
#include <string_view>
#include <utility>
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

/// A parser that is moved before it reads each piece, as the connection that has it may be while a message is under way.
template<typename Parser>
class Wandering : public Parser {
public:
    using Parser::Parser;

    template<typename Input>
    auto next(const Input& input) {
        Parser elsewhere(std::move(*this));
        static_cast<Parser&>(*this) = std::move(elsewhere);
        return Parser::next(input);
    }
};

}  // namespace gyre::http::testing
