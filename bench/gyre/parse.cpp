// One request head: read, checked, copied into a RequestHead, its framing decided, and the message ended.
// usage: parse WORK COUNT SECONDS; prints a line of JSON for each round
#include "../peers/common/heads.hpp"

#include <gyre/http/core/h1_parser.hpp>

auto main(int argc, char** argv) -> int {
    gyre::http::RequestParser parser;
    return rounds::run_with_heads(argc, argv, [&parser](std::string_view text) -> std::size_t {
        const auto event = parser.next(text);
        if (event.kind != gyre::http::EventKind::head) return 0;
        if (parser.next(std::span{text}.subspan(event.consumed)).kind != gyre::http::EventKind::complete) return 0;
        return parser.head().fields.size();
    });
}
