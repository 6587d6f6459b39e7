#pragma once

// A second opinion: llhttp 8.1 (Node.js) in strict mode reads the same bytes, and its verdict, its messages and their
// bodies must agree with ours. Where they may differ is listed below, each class with its reason.

#include <gyre/http/core/h1_parser.hpp>

#include <llhttp.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http::testing {

enum class End { clean, inside_message, refused };

struct Outcome {
    End end = End::clean;
    std::string bodies;                // of each message, ended by a mark
    std::size_t complete = 0;          // messages
    std::string_view tail;             // ours: what follows the last complete message
    std::optional<Rule> rule;          // ours
    bool has_bodyless_length = false;  // ours: 1xx, 204 or 304 with Content-Length or Transfer-Encoding
    bool has_old_interim = false;      // ours: an interim response of HTTP/1.0
    bool has_newer_minor = false;      // ours: HTTP/1.2 to 1.9
    bool has_odd_scheme = false;       // ours: an absolute target whose scheme is not letters only
    int error = HPE_OK;                // theirs
};

inline constexpr char message_mark = '\x1e';

inline void note_head(const RequestHead& head, Outcome& out) {
    out.has_newer_minor |= head.version.minor > 1;
    const auto scheme = head.target.substr(0, head.target.find("://"));
    out.has_odd_scheme |= scheme.size() < head.target.size() &&
                          scheme.find_first_of("0123456789+-.") != std::string::npos;
}

inline void note_head(const ResponseHead& head, Outcome& out) {
    out.has_newer_minor |= head.version.minor > 1;
    out.has_old_interim |= head.status < 200 && head.version.minor == 0;
    const bool has_length = head.fields.contains("content-length") || head.fields.contains("transfer-encoding");
    out.has_bodyless_length |= has_length && !response_can_have_body("GET", head.status);
}

template<typename Parser>
auto run_ours(Parser& parser, std::string_view text, bool is_response) -> Outcome {
    Outcome out;
    out.tail = text;
    std::span<const char> rest{text};
    try {
        for (bool more = true; more;) {
            const auto event = parser.next(rest);
            rest = rest.subspan(event.consumed);
            if (event.kind == EventKind::body) out.bodies.append(event.body.data(), event.body.size());
            const bool is_head = event.kind == EventKind::head || event.kind == EventKind::interim_head;
            if (is_head) note_head(parser.head(), out);
            // A tunnel ends HTTP at its head; of responses the first final one is compared.
            bool is_tunnel = false;
            if constexpr (requires { parser.wants_upgrade(); })
                is_tunnel = is_head && parser.head().method == "CONNECT";
            if (event.kind == EventKind::complete || event.kind == EventKind::interim_head || is_tunnel) {
                out.bodies += message_mark;
                ++out.complete;
                out.tail = {rest.data(), rest.size()};
            }
            if (is_tunnel) return out;
            if (is_response && event.kind == EventKind::complete) return out;
            more = event.kind != EventKind::need_more;
        }
        if (parser.finish()) {
            out.bodies += message_mark;
            ++out.complete;
        }
    } catch (const ProtocolError& error) {
        out.end = error.rule() == Rule::premature_eof ? End::inside_message : End::refused;
        out.rule = error.rule();
    }
    return out;
}

struct Oracle {
    llhttp_t parser{};
    Outcome out;
    bool is_inside = false;
};

inline auto of(llhttp_t* parser) -> Oracle& { return *static_cast<Oracle*>(parser->data); }

inline auto oracle_settings() -> llhttp_settings_t {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = [](llhttp_t* p) {
        of(p).is_inside = true;
        return 0;
    };
    settings.on_body = [](llhttp_t* p, const char* at, std::size_t length) {
        of(p).out.bodies.append(at, length);
        return 0;
    };
    settings.on_message_complete = [](llhttp_t* p) {
        auto& oracle = of(p);
        oracle.is_inside = false;
        oracle.out.bodies += message_mark;
        ++oracle.out.complete;
        const bool is_final = p->type == HTTP_RESPONSE && (p->status_code >= 200 || p->status_code < 100);
        return is_final ? static_cast<int>(HPE_PAUSED) : 0;
    };
    return settings;
}

inline auto run_theirs(std::string_view text, bool is_response) -> Outcome {
    static const auto settings = oracle_settings();
    Oracle oracle;
    llhttp_init(&oracle.parser, is_response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
    oracle.parser.data = &oracle;
    auto error = llhttp_execute(&oracle.parser, text.data(), text.size());
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE) return oracle.out;
    if (error == HPE_OK && oracle.is_inside) error = llhttp_finish(&oracle.parser);
    if (error != HPE_OK && error != HPE_PAUSED) {
        const bool is_cut = error == HPE_INVALID_EOF_STATE;
        oracle.out.end = is_cut ? End::inside_message : End::refused;
        oracle.out.error = error;
    } else if (oracle.is_inside) {
        oracle.out.end = End::inside_message;
    }
    return oracle.out;
}

// Refused by us, taken by llhttp: each is a rule of RFC 9112 or 9110 that llhttp 8.1 does not enforce.
inline const std::map<Rule, std::string_view> stricter_here = {
    {Rule::obs_fold, "takes obs-fold (CVE-2024-27982)"},
    {Rule::whitespace_before_first_field, "takes whitespace before the first field"},
    {Rule::empty_field_name, "takes an empty field name (fixed upstream 2023-10)"},
    {Rule::empty_transfer_coding, "takes `,chunked`"},
    {Rule::bad_transfer_coding, "looks only at the end of Transfer-Encoding"},
    {Rule::repeated_chunked, "takes `chunked, chunked`"},
    {Rule::unknown_transfer_coding, "takes any coding before chunked and leaves it to the caller"},
    {Rule::chunked_not_last, "in a response: reads until close instead"},
    {Rule::chunked_with_parameters, "in a response: reads until close instead"},
    {Rule::transfer_encoding_in_http10, "takes chunked on HTTP/1.0"},
    {Rule::missing_version, "speaks HTTP/0.9"},
    {Rule::unsupported_version, "takes the versions 0.9 and 2.0"},
    {Rule::extra_whitespace_in_start_line, "takes double spaces"},
    {Rule::fragment_in_target, "takes `#` in the target"},
    {Rule::bad_target_character, "leaves most of the target's syntax to the caller"},
    {Rule::bad_target_form, "does not match the target's form with the method"},
    {Rule::missing_host, "leaves Host to the caller"},
    {Rule::repeated_host, "leaves Host to the caller"},
    {Rule::bad_host, "leaves Host to the caller"},
    {Rule::unknown_expectation, "leaves Expect to the caller"},
    {Rule::empty_lines_before_request, "skips any number of line ends before a message"},
    {Rule::bare_cr, "skips CR and LF in any order before a message"},
    {Rule::bare_lf, "takes bare LF in the head (llhttp#877) and before a message"},
    {Rule::bad_content_length, "takes an empty Content-Length, alone or folded"},
    {Rule::bad_chunk_extension, "takes an empty name or value of a chunk extension, and any bytes in it"},
    {Rule::chunk_size_too_long, "takes any number of leading zeros"},
    {Rule::bad_chunk_size, "does not see chunked before a trailing tab, and reads until close"},
    {Rule::bad_status_code, "takes a status of any number of digits"},
    {Rule::bad_status_line, "takes empty lines before a status line and one without a status"},
    {Rule::control_in_reason, "takes NUL, DEL and other controls in the reason"},
    {Rule::unexpected_switching_protocols, "does not know whether an upgrade was asked for"},
    {Rule::request_after_close, "skips line ends after the last message"},
};

// Taken by us, refused by llhttp, or read otherwise by it.
inline auto is_wrong_there(const Outcome& ours, const Outcome& theirs, std::string_view text) -> bool {
    // RFC 9112 6.3: a body of 1xx, 204 and 304 does not exist, whatever their fields say; llhttp waits for it.
    if (ours.has_bodyless_length) return true;
    // RFC 9112 2.2: line ends before a message are not yet a message for llhttp, whatever their number.
    const bool is_empty_tail = ours.tail.find_first_not_of("\r\n") == std::string_view::npos;
    if (ours.end == End::inside_message && is_empty_tail && theirs.end == End::clean) {
        return ours.complete == theirs.complete && ours.bodies == theirs.bodies;
    }
    const bool is_cut = ours.end == End::inside_message;  // we look at the version and the form once the line is whole
    // A head that is cut is refused by both; llhttp looks at a byte when it comes, and we at most of them in a whole line.
    if (is_cut && theirs.end == End::refused && ours.tail.find("\r\n\r\n") == std::string_view::npos) return true;
    const bool has_tab = text.find('\t') != std::string_view::npos;
    const bool may_have_trailers = text.find("chunked") != std::string_view::npos;
    switch (theirs.error) {
    case HPE_INVALID_METHOD:
        return true;  // RFC 9110 9.1: any token
    case HPE_INVALID_VERSION:
        return ours.has_newer_minor || is_cut;  // RFC 9110 2.5: 1.2 to 1.9 are 1.1
    case HPE_INVALID_URL:
        return ours.has_odd_scheme || is_cut;  // RFC 3986 3.1: digits in a scheme
    case HPE_CLOSED_CONNECTION:
        return ours.has_old_interim;  // an interim response never closes
    case HPE_INVALID_CONTENT_LENGTH:
        return has_tab || may_have_trailers;  // RFC 9112 5: OWS; trailers we drop
    case HPE_INVALID_TRANSFER_ENCODING:
        return may_have_trailers;  // as a trailer, which we drop
    default:
        return false;
    }
}

inline auto is_explained(const Outcome& ours, const Outcome& theirs, std::string_view text) -> bool {
    if (ours.end == End::refused && theirs.end == End::refused) return true;
    if (ours.end == End::refused) return stricter_here.contains(*ours.rule);
    const bool agree = ours.end == theirs.end && ours.complete == theirs.complete && ours.bodies == theirs.bodies;
    return agree || is_wrong_there(ours, theirs, text);
}

/// The class of a difference that no rule above explains; nothing if there is none.
inline auto difference_to_llhttp(std::string_view text, bool is_response) -> std::optional<std::string> {
    Outcome ours;
    if (is_response) {
        ResponseParser parser;
        parser.expect("GET");
        ours = run_ours(parser, text, true);
    } else {
        RequestParser parser;
        ours = run_ours(parser, text, false);
    }
    const auto theirs = run_theirs(text, is_response);
    if (is_explained(ours, theirs, text)) return std::nullopt;
    return std::string(ours.rule ? rule_name(*ours.rule) : "accepted") + " / " +
           llhttp_errno_name(static_cast<llhttp_errno_t>(theirs.error)) + " end " +
           std::to_string(static_cast<int>(ours.end)) + std::to_string(static_cast<int>(theirs.end)) + " messages " +
           std::to_string(ours.complete) + "," + std::to_string(theirs.complete);
}

}  // namespace gyre::http::testing
