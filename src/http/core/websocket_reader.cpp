#include "utf8.hpp"
#include "websocket_deflate.hpp"
#include "websocket_mask.hpp"

#include <gyre/http/core/websocket_codec.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gyre::http {
namespace {

using internal::MessageInflater;

constexpr unsigned char continuation = 0;
constexpr unsigned char text_frame = 1;
constexpr unsigned char binary = 2;
constexpr unsigned char close = 8;
constexpr unsigned char ping = 9;
constexpr unsigned char pong = 10;

auto big_endian(std::span<const unsigned char> bytes) noexcept -> std::uint64_t {
    std::uint64_t value = 0;
    for (const unsigned char byte : bytes) value = value << 8 | byte;
    return value;
}

auto make_inflater(WebSocketRole role, const std::optional<WebSocketDeflate>& deflate)
    -> std::optional<MessageInflater> {
    if (!deflate) return std::nullopt;
    if (role == WebSocketRole::server) {
        return MessageInflater(deflate->client_window_bits, !deflate->client_no_context_takeover);
    }
    return MessageInflater(deflate->server_window_bits, !deflate->server_no_context_takeover);
}

}  // namespace

struct WebSocketReader::State {
    State(WebSocketRole role, const WebSocketLimits& message_limits, const std::optional<WebSocketDeflate>& deflate)
        : limits(message_limits), inflater(make_inflater(role, deflate)), is_server(role == WebSocketRole::server) {}

    // The frame that is read
    std::array<unsigned char, WebSocketWriter::header_bytes> header{};
    std::size_t header_size = 0;    // bytes of it that have come
    std::size_t header_needed = 2;  // bytes that it has, as far as is known
    std::uint64_t left = 0;         // bytes of the payload that have not come
    std::size_t at = 0;             // of the next byte within the payload, for the mask
    internal::MaskBytes mask{};
    bool in_payload = false;
    std::uint64_t frame_offset = 0;  // of its first byte
    std::uint64_t offset = 0;        // of the next byte

    // The message that it belongs to
    std::string message;
    internal::Utf8Check utf8;
    std::uint64_t wire_bytes = 0;  // of its payloads, announced so far
    std::size_t fragments = 0;     // 0: no message has begun
    bool is_text = false;
    bool is_compressed = false;
    bool is_unpacking = false;  // there is more of it to unpack, even without more input

    // The control frame
    std::array<char, 125> control{};
    std::size_t control_size = 0;
    std::uint16_t code = close_code::none;
    bool is_closed = false;

    WebSocketLimits limits;
    std::optional<MessageInflater> inflater;
    std::optional<WebSocketRule> failure;
    bool is_server;

    [[noreturn]] void refuse(WebSocketRule rule) {
        failure = rule;
        // Nothing more is read, but the connection may stay for a while: a crowd of bombs would hold what each was allowed.
        std::string().swap(message);
        inflater.reset();
        throw WebSocketError(rule, frame_offset);
    }

    [[nodiscard]] auto opcode() const noexcept -> unsigned char { return header[0] & 0x0fU; }
    [[nodiscard]] auto is_final() const noexcept -> bool { return (header[0] & 0x80U) != 0; }
    [[nodiscard]] auto is_masked() const noexcept -> bool { return (header[1] & 0x80U) != 0; }
    [[nodiscard]] auto is_control() const noexcept -> bool { return (header[0] & 0x08U) != 0; }

    auto take_header(std::span<const char> input) -> std::size_t;
    void check_first_bytes();
    void begin_payload();
    void begin_fragment();
    auto take_payload(std::span<const char> piece) -> std::size_t;
    void take_data(std::span<const char> piece);
    auto take_compressed(std::span<const char> piece) -> std::size_t;
    void check_unpacked(MessageInflater::Result result, std::size_t before);
    void check_text(std::size_t before);
    auto end_frame() -> WebSocketEventKind;
    void end_message();
    void end_close();
};

/// Reads on in the header. @return how many bytes were taken.
auto WebSocketReader::State::take_header(std::span<const char> input) -> std::size_t {
    if (header_size == 0) frame_offset = offset;
    std::size_t taken = 0;
    while (taken < input.size() && header_size < header_needed) {
        header[header_size++] = static_cast<unsigned char>(input[taken++]);
        if (header_size == 2) check_first_bytes();
    }
    offset += taken;
    if (header_size == header_needed) begin_payload();
    return taken;
}

void WebSocketReader::State::check_first_bytes() {
    using enum WebSocketRule;
    const unsigned char first = header[0];
    if ((first & 0x30U) != 0) refuse(reserved_bits);
    const unsigned char what = opcode();
    if ((what > binary && what < close) || what > pong) refuse(unknown_opcode);
    if ((first & 0x40U) != 0) {
        if (!inflater) refuse(reserved_bits);
        if (is_control() || what == continuation) refuse(misplaced_compression_bit);
    }
    if (is_server && !is_masked()) refuse(unmasked_from_client);
    if (!is_server && is_masked()) refuse(masked_from_server);
    const unsigned char length = header[1] & 0x7fU;
    if (is_control()) {
        if (!is_final()) refuse(fragmented_control);
        if (length > control.size()) refuse(control_too_long);
    } else {
        if (what == continuation && fragments == 0) refuse(continuation_without_start);
        if (what != continuation && fragments != 0) refuse(message_inside_message);
    }
    header_needed = 2;
    if (length == 126) header_needed += 2;
    if (length == 127) header_needed += 8;
    if (is_masked()) header_needed += mask.size();
}

/// The header is whole: what does it announce?
void WebSocketReader::State::begin_payload() {
    using enum WebSocketRule;
    const std::span<const unsigned char> bytes(header);
    const unsigned char length = header[1] & 0x7fU;
    left = length;
    if (length == 126) {
        left = big_endian(bytes.subspan(2, 2));
        if (left < 126) refuse(length_not_minimal);
    } else if (length == 127) {
        left = big_endian(bytes.subspan(2, 8));
        if (left >> 63U != 0) refuse(length_overflow);
        if (left <= 0xffff) refuse(length_not_minimal);
    }
    if (is_masked()) std::memcpy(mask.data(), header.data() + header_needed - mask.size(), mask.size());
    at = 0;
    in_payload = true;
    if (is_control()) {
        control_size = 0;
    } else {
        begin_fragment();
    }
}

void WebSocketReader::State::begin_fragment() {
    if (fragments == 0) {
        message.clear();
        utf8 = {};
        wire_bytes = 0;
        is_text = opcode() == text_frame;
        is_compressed = (header[0] & 0x40U) != 0;
    }
    if (fragments == limits.fragments) refuse(WebSocketRule::too_many_fragments);
    ++fragments;
    if (left > limits.message_bytes || wire_bytes > limits.message_bytes - left) refuse(WebSocketRule::message_too_big);
    wire_bytes += left;
}

/// @return how many bytes were taken: all, but of compressed ones as many as one step takes.
auto WebSocketReader::State::take_payload(std::span<const char> piece) -> std::size_t {
    std::size_t taken = piece.size();
    if (is_control()) {
        std::memcpy(control.data() + control_size, piece.data(), piece.size());
        if (is_masked()) internal::apply_mask(control.data() + control_size, piece.size(), mask, at);
        at = (at + piece.size()) % mask.size();
        control_size += piece.size();
    } else if (is_compressed) {
        taken = take_compressed(piece);
    } else {
        take_data(piece);
    }
    left -= taken;
    offset += taken;
    return taken;
}

void WebSocketReader::State::take_data(std::span<const char> piece) {
    const std::size_t before = message.size();
    message.append(piece.data(), piece.size());
    if (is_masked()) internal::apply_mask(message.data() + before, piece.size(), mask, at);
    at = (at + piece.size()) % mask.size();
    check_text(before);
}

auto WebSocketReader::State::take_compressed(std::span<const char> piece) -> std::size_t {
    const auto part = piece.first(std::min(MessageInflater::largest_step, piece.size()));
    std::array<char, MessageInflater::largest_step> plain;
    std::string_view packed(part.data(), part.size());
    if (is_masked()) {
        std::copy(part.begin(), part.end(), plain.begin());
        internal::apply_mask(plain.data(), part.size(), mask, at);
        packed = {plain.data(), part.size()};
    }
    const std::size_t before = message.size();
    const auto result = inflater->step(packed, message, limits.message_bytes);
    check_unpacked(result, before);
    const std::size_t taken = part.size() - packed.size();
    at = (at + taken) % mask.size();
    is_unpacking = result == MessageInflater::Result::more || taken < piece.size();
    return taken;
}

void WebSocketReader::State::check_unpacked(MessageInflater::Result result, std::size_t before) {
    check_text(before);
    if (result == MessageInflater::Result::too_big) refuse(WebSocketRule::inflated_too_big);
    if (result == MessageInflater::Result::bad_data) refuse(WebSocketRule::bad_deflate);
}

/// What was added to the message behind `before` bytes, if it is text.
void WebSocketReader::State::check_text(std::size_t before) {
    if (is_text && !utf8.take(std::string_view(message).substr(before))) refuse(WebSocketRule::bad_utf8);
}

auto WebSocketReader::State::end_frame() -> WebSocketEventKind {
    header_size = 0;
    header_needed = 2;
    in_payload = false;
    switch (opcode()) {
    case ping:
        return WebSocketEventKind::ping;
    case pong:
        return WebSocketEventKind::pong;
    case close:
        end_close();
        return WebSocketEventKind::close;
    default:
        if (!is_final()) return WebSocketEventKind::need_more;
        end_message();
        return WebSocketEventKind::message;
    }
}

void WebSocketReader::State::end_message() {
    if (is_compressed) {
        const std::size_t before = message.size();
        const auto result = inflater->finish(message, limits.message_bytes);
        check_unpacked(result, before);
    }
    if (is_text && !utf8.is_complete()) refuse(WebSocketRule::bad_utf8);
    fragments = 0;
}

void WebSocketReader::State::end_close() {
    if (control_size == 1) refuse(WebSocketRule::close_payload_too_short);
    if (control_size >= 2) {
        code = static_cast<std::uint16_t>(
            static_cast<unsigned char>(control[0]) << 8 | static_cast<unsigned char>(control[1]));
        if (!is_valid_close_code(code)) refuse(WebSocketRule::bad_close_code);
        if (!is_utf8({control.data() + 2, control_size - 2})) refuse(WebSocketRule::bad_utf8_in_close);
    }
    is_closed = true;
}

WebSocketReader::WebSocketReader(
    WebSocketRole role, const WebSocketLimits& limits, const std::optional<WebSocketDeflate>& deflate)
    : state_(std::make_unique<State>(role, limits, deflate)) {}
WebSocketReader::~WebSocketReader() = default;
WebSocketReader::WebSocketReader(WebSocketReader&&) noexcept = default;
auto WebSocketReader::operator=(WebSocketReader&&) noexcept -> WebSocketReader& = default;

auto WebSocketReader::next(std::span<const char> input) -> WebSocketEvent {
    State& state = *state_;
    if (state.failure) throw WebSocketError(*state.failure, state.frame_offset);
    std::size_t taken = 0;
    while (!state.is_closed) {
        if (!state.in_payload) {
            taken += state.take_header(input.subspan(taken));
            if (!state.in_payload) return {WebSocketEventKind::need_more, taken};
        }
        const auto piece = input.subspan(
            taken, static_cast<std::size_t>(std::min<std::uint64_t>(state.left, input.size() - taken)));
        if (!piece.empty() || state.is_unpacking) taken += state.take_payload(piece);
        if (state.is_unpacking) return {WebSocketEventKind::unpacking, taken};
        if (state.left > 0) return {WebSocketEventKind::need_more, taken};
        const auto found = state.end_frame();
        if (found != WebSocketEventKind::need_more) return {found, taken};
    }
    return {WebSocketEventKind::need_more, input.size()};
}

auto WebSocketReader::is_text() const noexcept -> bool { return state_->is_text; }

auto WebSocketReader::take_message() noexcept -> std::string { return std::exchange(state_->message, {}); }

auto WebSocketReader::payload() const noexcept -> std::string_view {
    return {state_->control.data(), state_->control_size};
}

auto WebSocketReader::close_code() const noexcept -> std::uint16_t { return state_->code; }

auto WebSocketReader::close_reason() const noexcept -> std::string_view {
    return state_->control_size > 2 ? payload().substr(2) : std::string_view();
}

auto WebSocketReader::expected() const noexcept -> std::uint64_t { return state_->in_payload ? state_->left : 0; }

auto is_utf8(std::string_view text) noexcept -> bool { return internal::is_utf8(text); }

}  // namespace gyre::http
