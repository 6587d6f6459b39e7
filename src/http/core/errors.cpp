#include <gyre/http/core/errors.hpp>

#include <array>

namespace gyre::http {
namespace {

struct RuleRow {
    Rule rule;
    std::string_view name;
    std::string_view text;
    std::string_view source;
    int status;
};

// In the order of the enumeration; `rows_are_in_order` holds it.
constexpr std::array rows{
    RuleRow{Rule::bare_cr, "bare_cr", "a CR that is not followed by LF", "RFC 9112 2.2", 400},
    RuleRow{Rule::bare_lf, "bare_lf", "a line ended by LF alone", "RFC 9112 2.2", 400},
    RuleRow{Rule::empty_lines_before_request, "empty_lines_before_request",
        "more than one empty line before the request line", "RFC 9112 2.2", 400},
    RuleRow{Rule::bad_method, "bad_method", "the method is not a token", "RFC 9110 9.1", 400},
    RuleRow{Rule::extra_whitespace_in_start_line, "extra_whitespace_in_start_line",
        "the parts of the start line are not separated by exactly one space", "RFC 9112 3", 400},
    RuleRow{Rule::missing_version, "missing_version", "the request line has no version (HTTP/0.9 is not spoken)",
        "RFC 9112 3", 400},
    RuleRow{Rule::bad_version, "bad_version", "the version is not HTTP/DIGIT.DIGIT", "RFC 9112 2.3", 400},
    RuleRow{Rule::unsupported_version, "unsupported_version", "the major version is not 1", "RFC 9110 15.6.6", 505},
    RuleRow{
        Rule::request_line_too_long, "request_line_too_long", "the request line is over its limit", "RFC 9112 3", 414},
    RuleRow{Rule::bad_target_character, "bad_target_character",
        "the request target has a character that must be percent-encoded, or a broken percent-encoding", "RFC 9112 3.2",
        400},
    RuleRow{Rule::bad_target_form, "bad_target_form", "the request target has none of the forms its method allows",
        "RFC 9112 3.2", 400},
    RuleRow{Rule::fragment_in_target, "fragment_in_target", "the request target has a fragment", "RFC 9112 3.2", 400},
    RuleRow{Rule::bad_status_line, "bad_status_line", "the status line is not version, space, status, space, reason",
        "RFC 9112 4", 400},
    RuleRow{
        Rule::bad_status_code, "bad_status_code", "the status is not three digits from 100 to 999", "RFC 9110 15", 400},
    RuleRow{Rule::control_in_reason, "control_in_reason", "a control character in the reason phrase", "RFC 9112 4", 400},
    RuleRow{Rule::status_line_too_long, "status_line_too_long", "the status line is over its limit", "RFC 9112 4", 414},
    RuleRow{Rule::empty_field_name, "empty_field_name", "a field line with an empty name", "RFC 9110 5.1", 400},
    RuleRow{Rule::bad_field_name, "bad_field_name", "a field name is not a token", "RFC 9110 5.1", 400},
    RuleRow{Rule::missing_colon, "missing_colon", "a field line without a colon", "RFC 9112 5", 400},
    RuleRow{Rule::whitespace_before_colon, "whitespace_before_colon", "whitespace between a field name and its colon",
        "RFC 9112 5.1", 400},
    RuleRow{Rule::whitespace_before_first_field, "whitespace_before_first_field",
        "whitespace between the start line and the first field", "RFC 9112 2.2", 400},
    RuleRow{Rule::obs_fold, "obs_fold", "a field value continued on the next line", "RFC 9112 5.2", 400},
    RuleRow{Rule::control_in_value, "control_in_value", "a control character in a field value", "RFC 9110 5.5", 400},
    RuleRow{Rule::field_line_too_long, "field_line_too_long", "a field line is over its limit", "RFC 6585 5", 431},
    RuleRow{
        Rule::fields_too_large, "fields_too_large", "all field lines together are over their limit", "RFC 6585 5", 431},
    RuleRow{Rule::too_many_fields, "too_many_fields", "there are more field lines than the limit", "RFC 6585 5", 431},
    RuleRow{Rule::missing_host, "missing_host", "an HTTP/1.1 request without Host", "RFC 9112 3.2", 400},
    RuleRow{Rule::repeated_host, "repeated_host", "more than one Host field", "RFC 9112 3.2", 400},
    RuleRow{Rule::bad_host, "bad_host", "the host is not a valid host with an optional port", "RFC 9112 3.2", 400},
    RuleRow{Rule::unknown_expectation, "unknown_expectation", "Expect asks for something other than 100-continue",
        "RFC 9110 10.1.1", 417},
    RuleRow{Rule::content_length_and_transfer_encoding, "content_length_and_transfer_encoding",
        "Content-Length and Transfer-Encoding in one message", "RFC 9112 6.3", 400},
    RuleRow{Rule::bad_content_length, "bad_content_length", "Content-Length is not a plain decimal number",
        "RFC 9110 8.6", 400},
    RuleRow{Rule::content_length_overflow, "content_length_overflow", "Content-Length does not fit in 63 bits",
        "RFC 9110 8.6", 400},
    RuleRow{Rule::repeated_content_length, "repeated_content_length", "more than one Content-Length field",
        "RFC 9110 8.6", 400},
    RuleRow{Rule::transfer_encoding_in_http10, "transfer_encoding_in_http10",
        "Transfer-Encoding in an HTTP/1.0 message", "RFC 9112 6.1", 400},
    RuleRow{Rule::empty_transfer_coding, "empty_transfer_coding", "an empty member in Transfer-Encoding",
        "RFC 9112 6.1", 400},
    RuleRow{Rule::bad_transfer_coding, "bad_transfer_coding", "a transfer coding is not a token", "RFC 9112 7", 400},
    RuleRow{Rule::repeated_chunked, "repeated_chunked", "the chunked coding applied more than once", "RFC 9112 6.1", 400},
    RuleRow{Rule::chunked_with_parameters, "chunked_with_parameters", "the chunked coding with parameters",
        "RFC 9112 7.1", 400},
    RuleRow{Rule::chunked_not_last, "chunked_not_last", "the last transfer coding is not chunked", "RFC 9112 6.3", 400},
    RuleRow{Rule::unknown_transfer_coding, "unknown_transfer_coding", "a transfer coding other than chunked",
        "RFC 9112 6.1", 501},
    RuleRow{Rule::body_too_large, "body_too_large", "the body is over its limit", "RFC 9110 15.5.14", 413},
    RuleRow{Rule::bad_chunk_size, "bad_chunk_size", "a chunk size is not hexadecimal digits ended by CRLF",
        "RFC 9112 7.1", 400},
    RuleRow{Rule::chunk_size_too_long, "chunk_size_too_long", "a chunk size of more than 16 digits", "RFC 9112 7.1", 400},
    RuleRow{Rule::chunk_size_overflow, "chunk_size_overflow", "a chunk size or body that does not fit in 63 bits",
        "RFC 9112 7.1", 400},
    RuleRow{Rule::bad_chunk_extension, "bad_chunk_extension",
        "a chunk extension is not name, name=token or name=\"quoted\"", "RFC 9112 7.1.1", 400},
    RuleRow{Rule::chunk_extension_too_long, "chunk_extension_too_long", "a chunk extension is over its limit",
        "RFC 9112 7.1.1", 400},
    RuleRow{Rule::missing_crlf_after_chunk, "missing_crlf_after_chunk", "the data of a chunk is not ended by CRLF",
        "RFC 9112 7.1", 400},
    RuleRow{Rule::chunk_overhead_too_large, "chunk_overhead_too_large",
        "the framing of the chunks outweighs their payload beyond its limit", "RFC 9112 7.1.1", 400},
    RuleRow{Rule::trailers_too_large, "trailers_too_large", "all trailer lines together are over their limit",
        "RFC 6585 5", 431},
    RuleRow{
        Rule::too_many_trailers, "too_many_trailers", "there are more trailer lines than the limit", "RFC 6585 5", 431},
    RuleRow{Rule::premature_eof, "premature_eof", "the connection ended inside a message", "RFC 9112 8", 400},
    RuleRow{Rule::request_after_close, "request_after_close", "bytes after a request that was to be the last",
        "RFC 9112 9.6", 400},
    RuleRow{Rule::response_without_request, "response_without_request", "bytes where no response is awaited",
        "RFC 9112 9.2", 400},
    RuleRow{Rule::unexpected_switching_protocols, "unexpected_switching_protocols",
        "101 to a request that asked for no upgrade", "RFC 9110 15.2.2", 400},
    RuleRow{Rule::bad_reason, "bad_reason", "the reason phrase has a control character", "RFC 9112 4", 500},
    RuleRow{Rule::interim_to_http10, "interim_to_http10", "an interim (1xx) response to an HTTP/1.0 client",
        "RFC 9110 15.2", 500},
    RuleRow{Rule::body_not_allowed, "body_not_allowed", "a body or its framing where the message can have none",
        "RFC 9110 6.4.1", 500},
    RuleRow{Rule::body_length_mismatch, "body_length_mismatch", "the body is not as long as announced", "RFC 9110 8.6",
        500},
    RuleRow{Rule::trailers_need_chunked, "trailers_need_chunked", "trailers on a body that is not chunked",
        "RFC 9110 6.5.1", 500},
    RuleRow{Rule::forbidden_trailer, "forbidden_trailer", "a field that must not be sent as a trailer",
        "RFC 9110 6.5.1", 500},
};

consteval auto rows_are_in_order() -> bool {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].rule) != i) return false;
    }
    return rows.size() == rule_count;
}
static_assert(rows_are_in_order());

constexpr auto row(Rule rule) noexcept -> const RuleRow& { return rows[static_cast<std::size_t>(rule)]; }

auto describe(Rule rule, std::uint64_t offset) -> std::string {
    std::string text{row(rule).text};
    if (offset != ProtocolError::no_offset) text += ", at byte " + std::to_string(offset);
    text.append(" [").append(row(rule).name).append(", ").append(row(rule).source).append("]");
    return text;
}

}  // namespace

auto rule_name(Rule rule) noexcept -> std::string_view { return row(rule).name; }
auto rule_text(Rule rule) noexcept -> std::string_view { return row(rule).text; }
auto rule_source(Rule rule) noexcept -> std::string_view { return row(rule).source; }
auto rule_status(Rule rule) noexcept -> int { return row(rule).status; }

ProtocolError::ProtocolError(Rule rule, std::uint64_t offset)
    : std::runtime_error(describe(rule, offset)), rule_(rule), offset_(offset) {}

}  // namespace gyre::http
