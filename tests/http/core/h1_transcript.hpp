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

/// Runs a parser over a stream that is cut, and tells of each thing that it says: `told.head(parser, is_interim)`,
/// `told.body(piece)`, `told.complete(parser)`, at the end `told.end(parser, completes)`, or `told.refused(error)`.
/// @param announce called with the parser before each message.
template<typename Parser, typename Announce, typename Told>
void play(Parser& parser, std::string_view stream, const Cuts& cuts, Announce announce, Told& told) {
    const auto take = [&](std::span<const char> input) {
        while (true) {
            const auto event = parser.next(input);
            input = input.subspan(event.consumed);
            switch (event.kind) {
            case EventKind::need_more:
                return;
            case EventKind::interim_head:
            case EventKind::head:
                told.head(parser, event.kind == EventKind::interim_head);
                break;
            case EventKind::body:
                told.body(std::string_view(event.body.data(), event.body.size()));
                break;
            case EventKind::complete:
                told.complete(parser);
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
        told.end(parser, parser.finish());
    } catch (const ProtocolError& error) {
        told.refused(error);
    }
}

/// One line per event, the body joined, the error last.
class Transcript {
public:
    template<typename Parser>
    void head(const Parser& parser, bool is_interim) {
        text_ += is_interim ? "interim head " : "head ";
        describe_head(parser.head(), text_);
        text_ += "framing " + std::to_string(static_cast<int>(parser.framing())) + " length " +
                 std::to_string(parser.content_length()) + " keep " + std::to_string(parser.keep_alive()) + "\n";
    }

    void body(std::string_view piece) {
        if (!in_body_) text_ += "body ";
        in_body_ = true;
        text_ += piece;
    }

    template<typename Parser>
    void complete(const Parser& parser) {
        text_ += "\ncomplete\n";
        describe_fields(parser.trailers(), text_);
        in_body_ = false;
    }

    template<typename Parser>
    void end(const Parser&, bool completes) {
        text_ += completes ? "\ncomplete at end\n" : "end\n";
    }

    void refused(const ProtocolError& error) {
        text_.append("\nrefused ").append(rule_name(error.rule())).append(" at ");
        text_.append(std::to_string(error.offset()));
    }

    [[nodiscard]] auto text() const -> const std::string& { return text_; }

private:
    std::string text_;
    bool in_body_ = false;
};

/// What a parser made of a stream.
template<typename Parser, typename Announce>
auto transcript(Parser& parser, std::string_view stream, const Cuts& cuts, Announce announce) -> std::string {
    Transcript told;
    play(parser, stream, cuts, announce, told);
    return told.text();
}

template<typename Parser = RequestParser>
auto request_transcript(std::string_view stream, const Cuts& cuts = {}, const Limits& limits = Limits::server())
    -> std::string {
    Parser parser(limits);
    return transcript(parser, stream, cuts, [](RequestParser&) {});
}

template<typename Parser = ResponseParser>
auto response_transcript(std::string_view stream, std::string_view method = "GET", const Cuts& cuts = {},
    const Limits& limits = Limits::client()) -> std::string {
    Parser parser(limits);
    return transcript(parser, stream, cuts, [method](ResponseParser& p) { p.expect(method, method == "UPGRADE"); });
}

}  // namespace gyre::http::testing
