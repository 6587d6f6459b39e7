#include <gyre/http/core/websocket_errors.hpp>

#include <array>

namespace gyre::http {
namespace {

struct RuleRow {
    WebSocketRule rule;
    std::string_view name;
    std::string_view text;
    std::string_view source;
    std::uint16_t close_code;
};

using enum WebSocketRule;

// In the order of the enumeration; `rows_are_in_order` holds it.
constexpr std::array rows{
    RuleRow{
        reserved_bits, "reserved_bits", "a reserved bit is set that no extension gave a meaning", "RFC 6455 5.2", 1002},
    RuleRow{misplaced_compression_bit, "misplaced_compression_bit",
        "the compression bit stands on a control frame or on a continuation", "RFC 7692 6.1", 1002},
    RuleRow{unknown_opcode, "unknown_opcode", "the opcode is a reserved one", "RFC 6455 5.2", 1002},
    RuleRow{fragmented_control, "fragmented_control", "a control frame is fragmented", "RFC 6455 5.5", 1002},
    RuleRow{control_too_long, "control_too_long", "a control frame has more than 125 bytes", "RFC 6455 5.5", 1002},
    RuleRow{length_not_minimal, "length_not_minimal", "the length is not written in the shortest form", "RFC 6455 5.2",
        1002},
    RuleRow{length_overflow, "length_overflow", "the length does not fit in 63 bits", "RFC 6455 5.2", 1002},
    RuleRow{unmasked_from_client, "unmasked_from_client", "a frame from a client is not masked", "RFC 6455 5.1", 1002},
    RuleRow{masked_from_server, "masked_from_server", "a frame from a server is masked", "RFC 6455 5.1", 1002},
    RuleRow{continuation_without_start, "continuation_without_start", "a continuation, but no message has begun",
        "RFC 6455 5.4", 1002},
    RuleRow{message_inside_message, "message_inside_message", "a message begins before the one before has ended",
        "RFC 6455 5.4", 1002},
    RuleRow{bad_utf8, "bad_utf8", "a text message is not UTF-8", "RFC 6455 8.1", 1007},
    RuleRow{close_payload_too_short, "close_payload_too_short", "a close frame with half a code", "RFC 6455 5.5.1", 1002},
    RuleRow{bad_close_code, "bad_close_code", "a close code that must not be sent", "RFC 6455 7.4", 1002},
    RuleRow{bad_utf8_in_close, "bad_utf8_in_close", "the reason of a close frame is not UTF-8", "RFC 6455 5.5.1", 1007},
    RuleRow{bad_deflate, "bad_deflate", "a compressed message is not valid deflate data", "RFC 7692 7.2.2", 1007},
    RuleRow{message_too_big, "message_too_big", "a message is over its limit", "RFC 6455 10.4", 1009},
    RuleRow{inflated_too_big, "inflated_too_big", "a message is over its limit when it is decompressed", "RFC 7692 8",
        1009},
    RuleRow{
        too_many_fragments, "too_many_fragments", "a message has more fragments than the limit", "RFC 6455 10.4", 1009},
};

consteval auto rows_are_in_order() -> bool {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].rule) != i) return false;
    }
    return rows.size() == websocket_rule_count;
}
static_assert(rows_are_in_order());

constexpr auto row(WebSocketRule rule) noexcept -> const RuleRow& { return rows[static_cast<std::size_t>(rule)]; }

auto describe(WebSocketRule rule, std::uint64_t offset) -> std::string {
    std::string text(row(rule).text);
    text.append(", in the frame at byte ").append(std::to_string(offset));
    text.append(" [").append(row(rule).name).append(", ").append(row(rule).source).append("]");
    return text;
}

}  // namespace

auto rule_name(WebSocketRule rule) noexcept -> std::string_view { return row(rule).name; }
auto rule_text(WebSocketRule rule) noexcept -> std::string_view { return row(rule).text; }
auto rule_source(WebSocketRule rule) noexcept -> std::string_view { return row(rule).source; }
auto rule_close_code(WebSocketRule rule) noexcept -> std::uint16_t { return row(rule).close_code; }

WebSocketError::WebSocketError(WebSocketRule rule, std::uint64_t offset)
    : std::runtime_error(describe(rule, offset)), rule_(rule), offset_(offset) {}

auto is_valid_close_code(std::uint16_t code) noexcept -> bool {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace gyre::http
