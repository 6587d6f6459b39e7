#pragma once

#include "pieces.hpp"

#include <gyre/http/core/multipart.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace gyre::http::testing {

/// What a parser says of a body that comes in pieces of `piece` bytes, the first one `first` bytes: parts and contents as
/// text, then "end" or the rule that was broken. Pieces of content are put together, since only they may differ by the cuts.
template<typename Parser>
auto multipart_transcript(Parser& parser, std::string_view body, std::size_t first, std::size_t piece) -> std::string {
    std::string out;
    try {
        while (!body.empty()) {
            auto input = body.substr(0, first);
            body.remove_prefix(input.size());
            first = piece;
            while (true) {
                const auto event = parser.next(input);
                input.remove_prefix(event.consumed);
                if (event.kind == MultipartEventKind::need_more) break;
                if (event.kind == MultipartEventKind::data) out += event.data;
                if (event.kind == MultipartEventKind::part_end) out += "]";
                if (event.kind == MultipartEventKind::end) out += "end";
                if (event.kind != MultipartEventKind::part) continue;
                const auto& part = parser.part();
                out += part.name + (part.file_name ? "(" + *part.file_name + ")" : "") + "[";
            }
        }
        parser.finish();
    } catch (const MultipartError& error) {
        // The content before an error came in more or fewer pieces.
        out = std::string(rule_name(error.rule()));
    }
    return out;
}

}  // namespace gyre::http::testing
