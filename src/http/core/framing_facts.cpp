#include "framing_facts.hpp"

#include <algorithm>
#include <limits>

namespace gyre::http::internal {
namespace {

constexpr auto max_length = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

}  // namespace

auto parse_content_length(std::string_view value, std::uint64_t offset) -> std::uint64_t {
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) refuse(Rule::bad_content_length, offset);
    std::uint64_t length = 0;
    for (char c : value) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (length > (max_length - digit) / 10) refuse(Rule::content_length_overflow, offset);
        length = length * 10 + digit;
    }
    return length;
}

void FramingFacts::note_host(std::string_view value, std::uint64_t offset) {
    if (is_response) return;
    if (has_host) refuse(Rule::repeated_host, offset);
    has_host = true;
    const auto is_plain = [](char c) { return has_class(c, plain_host_char); };
    if (std::all_of(value.begin(), value.end(), is_plain)) return;  // an empty one too: RFC 9112 3.2
    if (!is_valid_authority(value, false)) refuse(Rule::bad_host, offset);
}

void FramingFacts::note_date(std::string_view, std::uint64_t) { has_date = true; }

void FramingFacts::note_expect(std::string_view value, std::uint64_t offset) {
    if (is_response) return;
    for_each_member(value, [&](std::string_view member) {
        if (member.empty()) return;
        if (equals_ignoring_case(member, "100-continue")) {
            expects_continue = true;
        } else {
            unknown_expectation_offset = static_cast<std::uint32_t>(offset);  // of a head, which is bounded
        }
    });
}

void FramingFacts::note_upgrade(std::string_view, std::uint64_t) { has_upgrade = true; }

void FramingFacts::note_connection(std::string_view value, std::uint64_t) {
    for_each_member(value, [this](std::string_view member) {
        if (is_word("keep-alive", member)) connection_keep_alive = true;
        if (is_word("close", member)) connection_close = true;
        if (is_word("upgrade", member)) connection_upgrade = true;
    });
}

void FramingFacts::note_content_length(std::string_view value, std::uint64_t offset) {
    if (ignore_framing) return;
    if (has_content_length) refuse(Rule::repeated_content_length, offset);
    content_length = parse_content_length(value, offset);
    has_content_length = true;
}

void FramingFacts::note_transfer_encoding(std::string_view value, std::uint64_t offset) {
    if (ignore_framing) return;
    has_transfer_encoding = true;
    transfer_encoding_offset = offset;
    for_each_member(value, [&](std::string_view member) {
        if (member.empty()) refuse(Rule::empty_transfer_coding, offset);
        const auto semicolon = member.find(';');
        const auto coding = trim_whitespace(member.substr(0, semicolon));
        if (!is_token(coding)) refuse(Rule::bad_transfer_coding, offset);
        last_is_chunked = equals_ignoring_case(coding, "chunked");
        if (!last_is_chunked) {
            has_other_coding = true;
            return;
        }
        if (semicolon != std::string_view::npos) refuse(Rule::chunked_with_parameters, offset);
        if (has_chunked) refuse(Rule::repeated_chunked, offset);
        has_chunked = true;
    });
}

auto FramingFacts::decide(Version version, BodyFraming absent) const -> BodyFraming {
    if (!has_transfer_encoding) return has_content_length ? BodyFraming::content_length : absent;
    const auto at = transfer_encoding_offset;
    if (has_content_length) refuse(Rule::content_length_and_transfer_encoding, at);
    if (version < Version{1, 1}) refuse(Rule::transfer_encoding_in_http10, at);
    if (!last_is_chunked) refuse(Rule::chunked_not_last, at);
    if (has_other_coding) refuse(Rule::unknown_transfer_coding, at);
    return BodyFraming::chunked;
}

}  // namespace gyre::http::internal
