#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

/// Close codes that this library itself sends or reports. Source: RFC 6455 7.4.1.
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;  ///< the server stops, the page is left
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t none = 1005;  ///< reported, never sent: the close frame had no code
inline constexpr std::uint16_t lost = 1006;  ///< reported, never sent: the connection ended without a close frame
inline constexpr std::uint16_t bad_data = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
}  // namespace close_code

/// Every reason for which what a WebSocket peer sent is refused. Name, text, source and close code stand in one table.
enum class WebSocketRule : std::uint8_t {
    reserved_bits,
    misplaced_compression_bit,
    unknown_opcode,
    fragmented_control,
    control_too_long,
    length_not_minimal,
    length_overflow,
    unmasked_from_client,
    masked_from_server,
    continuation_without_start,
    message_inside_message,
    bad_utf8,
    close_payload_too_short,
    bad_close_code,
    bad_utf8_in_close,
    bad_deflate,
    message_too_big,
    inflated_too_big,
    too_many_fragments,
};

/// Number of rules: every `WebSocketRule` is below it.
inline constexpr std::size_t websocket_rule_count = static_cast<std::size_t>(WebSocketRule::too_many_fragments) + 1;

/// The rule's name as spelled in `WebSocketRule`, for logs and metrics. Static storage.
[[nodiscard]] auto rule_name(WebSocketRule rule) noexcept -> std::string_view;
/// What the rule says, in plain words. Static storage.
[[nodiscard]] auto rule_text(WebSocketRule rule) noexcept -> std::string_view;
/// The section of the standard that the rule comes from. Static storage.
[[nodiscard]] auto rule_source(WebSocketRule rule) noexcept -> std::string_view;
/// The close code with which the connection is failed: 1002, 1007 or 1009.
[[nodiscard]] auto rule_close_code(WebSocketRule rule) noexcept -> std::uint16_t;

/// The peer broke a rule of the protocol, or went over a limit. `what()` names the rule in words, where it comes from and
/// the offset in the bytes of the connection.
class WebSocketError : public std::runtime_error {
public:
    /// @param offset bytes from the start of the protocol to the frame that broke the rule.
    WebSocketError(WebSocketRule rule, std::uint64_t offset);

    [[nodiscard]] auto rule() const noexcept -> WebSocketRule { return rule_; }
    [[nodiscard]] auto offset() const noexcept -> std::uint64_t { return offset_; }
    /// Same as `rule_close_code(rule())`.
    [[nodiscard]] auto code() const noexcept -> std::uint16_t { return rule_close_code(rule_); }

private:
    WebSocketRule rule_;
    std::uint64_t offset_;
};

/// May a close frame carry `code`: 1000 to 1003, 1007 to 1014 (as registered) and 3000 to 4999? Source: RFC 6455 7.4.
[[nodiscard]] auto is_valid_close_code(std::uint16_t code) noexcept -> bool;

}  // namespace gyre::http
