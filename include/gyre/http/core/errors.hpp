#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

/// Every reason for which a message is refused, by the parser, by the serializer or by `Fields`.
///
/// The name of each rule, its text, its source and the status that a server answers with are in one table:
/// `rule_name`, `rule_text`, `rule_source`, `rule_status`.
enum class Rule : std::uint8_t {
    // Lines
    bare_cr,
    bare_lf,
    // Request line and status line
    empty_lines_before_request,
    bad_method,
    extra_whitespace_in_start_line,
    missing_version,
    bad_version,
    unsupported_version,
    request_line_too_long,
    bad_target_character,
    bad_target_form,
    fragment_in_target,
    bad_status_line,
    bad_status_code,
    control_in_reason,
    status_line_too_long,
    // Fields
    empty_field_name,
    bad_field_name,
    missing_colon,
    whitespace_before_colon,
    whitespace_before_first_field,
    obs_fold,
    control_in_value,
    field_line_too_long,
    fields_too_large,
    too_many_fields,
    // Routing
    missing_host,
    repeated_host,
    bad_host,
    unknown_expectation,
    // Framing
    content_length_and_transfer_encoding,
    bad_content_length,
    content_length_overflow,
    repeated_content_length,
    transfer_encoding_in_http10,
    empty_transfer_coding,
    bad_transfer_coding,
    repeated_chunked,
    chunked_with_parameters,
    chunked_not_last,
    unknown_transfer_coding,
    body_too_large,
    // Chunks and trailers
    bad_chunk_size,
    chunk_size_too_long,
    chunk_size_overflow,
    bad_chunk_extension,
    chunk_extension_too_long,
    missing_crlf_after_chunk,
    chunk_overhead_too_large,
    trailers_too_large,
    too_many_trailers,
    // Order of messages
    premature_eof,
    request_after_close,
    response_without_request,
    unexpected_switching_protocols,
    // Serializer only
    bad_reason,
    interim_to_http10,
    body_not_allowed,
    body_length_mismatch,
    trailers_need_chunked,
    forbidden_trailer,
};

/// Number of rules: every `Rule` is below it.
inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::forbidden_trailer) + 1;

/// The rule's name as spelled in `Rule`, for logs and metrics. Static storage.
[[nodiscard]] auto rule_name(Rule rule) noexcept -> std::string_view;

/// What the rule says, in plain words. Static storage.
[[nodiscard]] auto rule_text(Rule rule) noexcept -> std::string_view;

/// The section of the standard that the rule comes from, such as "RFC 9112 6.3". Static storage.
[[nodiscard]] auto rule_source(Rule rule) noexcept -> std::string_view;

/// The status a server answers with: 400, 413, 414, 417, 431, 501 or 505, and 500 for a mistake of the server's own
/// that the serializer found. The connection is closed after it in every case.
[[nodiscard]] auto rule_status(Rule rule) noexcept -> int;

/// A message that breaks a rule of HTTP, or that its own program built wrongly.
///
/// `what()` names the rule in words, where it comes from and, for messages that were read, the offset.
class ProtocolError : public std::runtime_error {
public:
    /// @param rule   the rule that was broken.
    /// @param offset bytes from the start of the message to the byte that broke it, or `no_offset`.
    explicit ProtocolError(Rule rule, std::uint64_t offset = no_offset);

    /// Says that there is no position: the message was built here, or the rule is about the whole of it.
    static constexpr std::uint64_t no_offset = ~std::uint64_t{0};

    [[nodiscard]] auto rule() const noexcept -> Rule { return rule_; }
    [[nodiscard]] auto offset() const noexcept -> std::uint64_t { return offset_; }

    /// Same as `rule_status(rule())`. If the serializer threw it, the mistake is the program's own: 500.
    [[nodiscard]] auto status() const noexcept -> int { return rule_status(rule_); }

private:
    Rule rule_;
    std::uint64_t offset_;
};

}  // namespace gyre::http
