#include <gyre/http/core/h1_writer.hpp>

#include "framing_facts.hpp"

#include <algorithm>
#include <charconv>

namespace gyre::http {
namespace {

using internal::FramingFacts;
using internal::refuse;

// A Fields can hold only names and values that are valid, so what is left to check is what they say together.
auto note_all(const Fields& fields, bool is_response) -> FramingFacts {
    FramingFacts facts;
    facts.is_response = is_response;
    for (const auto field : fields) facts.note(field.name, field.value, ProtocolError::no_offset);
    facts.transfer_encoding_offset = ProtocolError::no_offset;
    return facts;
}

void append_version(Version version, std::string& out) {
    out += "HTTP/1.";
    out += static_cast<char>('0' + version.minor);
}

void append_fields(const Fields& fields, std::string& out) {
    for (const auto field : fields) out.append(field.name).append(": ").append(field.value).append("\r\n");
    out += "\r\n";
}

void check_version(Version version) {
    if (version.major != 1 || version.minor > 9) refuse(Rule::unsupported_version);
}

void check_response(const ResponseHead& head, const FramingFacts& facts, std::string_view method, Version client) {
    const int family = head.status / 100;
    if (head.status < 100 || head.status > 999) refuse(Rule::bad_status_code);
    if (std::any_of(head.reason.begin(), head.reason.end(), internal::is_forbidden_control)) refuse(Rule::bad_reason);
    const bool is_1_0 = client < Version{1, 1};
    if (family == 1 && is_1_0) refuse(Rule::interim_to_http10);
    if (facts.has_transfer_encoding && is_1_0) refuse(Rule::transfer_encoding_in_http10);
    const bool announces_body = facts.has_content_length || facts.has_transfer_encoding;
    const bool forbids_framing = family == 1 || head.status == 204 || (method == "CONNECT" && family == 2);
    if (announces_body && forbids_framing) refuse(Rule::body_not_allowed);
}

}  // namespace

auto write_head(const RequestHead& head, std::string& out) -> BodyEncoder {
    check_version(head.version);
    if (!internal::is_token(head.method)) refuse(Rule::bad_method);
    internal::check_target(head.method, head.target, 0);
    const auto facts = note_all(head.fields, false);
    if (head.version >= Version{1, 1} && !facts.has_host) refuse(Rule::missing_host);
    const auto framing = facts.decide(head.version, BodyFraming::none);

    out.append(head.method).append(" ").append(head.target).append(" ");
    append_version(head.version, out);
    out += "\r\n";
    append_fields(head.fields, out);
    return {framing, facts.content_length};
}

auto write_head(const ResponseHead& head, std::string_view request_method, Version client_version, std::string& out)
    -> BodyEncoder {
    check_version(head.version);
    const auto facts = note_all(head.fields, true);
    check_response(head, facts, request_method, client_version);
    auto framing = facts.decide(head.version, BodyFraming::until_close);
    if (!response_can_have_body(request_method, head.status)) framing = BodyFraming::none;

    append_version(head.version, out);
    out.append(" ").append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
    append_fields(head.fields, out);
    return {framing, framing == BodyFraming::content_length ? facts.content_length : 0};
}

void BodyEncoder::write(std::span<const char> piece, std::string& out) {
    if (piece.empty()) return;
    begin_piece(piece.size(), out);
    out.append(piece.data(), piece.size());
    end_piece(out);
}

void BodyEncoder::begin_piece(std::size_t size, std::string& out) {
    if (size == 0) return;
    if (is_finished_) refuse(Rule::body_length_mismatch);
    switch (framing_) {
    case BodyFraming::none:
        refuse(Rule::body_not_allowed);
    case BodyFraming::until_close:
        return;
    case BodyFraming::content_length:
        if (size > left_) refuse(Rule::body_length_mismatch);
        left_ -= size;
        return;
    case BodyFraming::chunked: {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
        out.append(digits, end).append("\r\n");
        is_in_chunk_ = true;
    }
    }
}

void BodyEncoder::end_piece(std::string& out) {
    if (is_in_chunk_) out += "\r\n";
    is_in_chunk_ = false;
}

void BodyEncoder::finish(std::string& out, const Fields& trailers) {
    if (is_finished_) return;
    if (framing_ == BodyFraming::content_length && left_ != 0) refuse(Rule::body_length_mismatch);
    if (!trailers.empty() && framing_ != BodyFraming::chunked) refuse(Rule::trailers_need_chunked);
    for (const auto field : trailers) {
        if (internal::is_forbidden_trailer(field.name)) refuse(Rule::forbidden_trailer);
    }
    if (framing_ == BodyFraming::chunked) {
        out += "0\r\n";
        append_fields(trailers, out);
    }
    is_finished_ = true;
}

}  // namespace gyre::http
