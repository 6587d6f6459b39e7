#pragma once

// Runs a whole byte stream through a parser and writes down what it said, so that two runs can be compared as text.

#include "pieces.hpp"

#include <gyre/http/core/h1_parser.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::testing {

inline void describe_fields(const Fields& fields, std::string& out) {
    for (const auto field : fields) out.append("  ").append(field.name).append(": ").append(field.value).append("\n");
}

inline void describe_head(const RequestHead& head, std::string& out) {
    out.append(head.method).append(" ").append(head.target).append(" 1.").append(std::to_string(head.version.minor));
    describe_fields(head.fields, out += "\n");
}

inline void describe_head(const ResponseHead& head, std::string& out) {
    out.append(std::to_string(head.status)).append(" ").append(head.reason).append("\n");
    describe_fields(head.fields, out);
}

/// What a parser made of a stream: one line per event, the body joined, the error last.
template<typename Parser, typename Announce>
auto transcript(Parser& parser, std::string_view stream, const Cuts& cuts, Announce announce) -> std::string {
    std::string out;
    bool in_body = false;
    const auto take = [&](std::span<const char> input) {
        while (true) {
            const auto event = parser.next(input);
            input = input.subspan(event.consumed);
            switch (event.kind) {
            case EventKind::need_more:
                return;
            case EventKind::interim_head:
                out += "interim ";
                [[fallthrough]];
            case EventKind::head:
                out += "head ";
                describe_head(parser.head(), out);
                out += "framing " + std::to_string(static_cast<int>(parser.framing())) + " length " +
                       std::to_string(parser.content_length()) + " keep " + std::to_string(parser.keep_alive()) + "\n";
                break;
            case EventKind::body:
                if (!in_body) out += "body ";
                in_body = true;
                out.append(event.body.data(), event.body.size());
                break;
            case EventKind::complete:
                out += "\ncomplete\n";
                describe_fields(parser.trailers(), out);
                in_body = false;
                announce(parser);
                break;
            }
        }
    };
    try {
        announce(parser);
        in_pieces(stream, cuts, [&](std::string_view piece) {
            // A copy of exactly this size, so that a read past the piece is seen by the sanitizer.
            const std::vector<char> exact(piece.begin(), piece.end());
            take(exact);
            return true;
        });
        out += parser.finish() ? "\ncomplete at end\n" : "end\n";
    } catch (const ProtocolError& error) {
        out.append("\nrefused ").append(rule_name(error.rule())).append(" at ").append(std::to_string(error.offset()));
    }
    return out;
}

inline auto request_transcript(std::string_view stream, const Cuts& cuts = {}, const Limits& limits = Limits::server())
    -> std::string {
    RequestParser parser(limits);
    return transcript(parser, stream, cuts, [](RequestParser&) {});
}

inline auto response_transcript(std::string_view stream, std::string_view method = "GET", const Cuts& cuts = {},
    const Limits& limits = Limits::client()) -> std::string {
    ResponseParser parser(limits);
    return transcript(parser, stream, cuts, [method](ResponseParser& p) { p.expect(method, method == "UPGRADE"); });
}

}  // namespace gyre::http::testing
