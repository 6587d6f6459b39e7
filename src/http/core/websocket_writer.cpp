#include "websocket_deflate.hpp"
#include "websocket_mask.hpp"

#include <gyre/http/core/websocket_codec.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http {
namespace {

using internal::MessageDeflater;

constexpr unsigned continuation = 0;
constexpr unsigned text = 1;
constexpr unsigned binary = 2;
constexpr unsigned close_frame = 8;
constexpr unsigned ping_frame = 9;
constexpr unsigned pong_frame = 10;
constexpr unsigned final_bit = 0x80;
constexpr unsigned compression_bit = 0x40;
constexpr std::size_t longest_control = 125;
constexpr std::size_t longest_head = 14;  // of a frame

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
}

auto make_deflater(WebSocketRole role, const std::optional<WebSocketDeflate>& deflate,
    const WebSocketCompression& compression) -> std::optional<MessageDeflater> {
    for (const int level : {compression.level, compression.memory_level}) {
        if (level < 1 || level > 9) {
            throw std::invalid_argument("WebSocket: a level of compression is 1 to 9, not " + std::to_string(level));
        }
    }
    if (!deflate) return std::nullopt;
    const bool is_server = role == WebSocketRole::server;
    const bool forgets = is_server ? deflate->server_no_context_takeover : deflate->client_no_context_takeover;
    const int bits = is_server ? deflate->server_window_bits : deflate->client_window_bits;
    return MessageDeflater(bits, !forgets, compression.level, compression.memory_level);
}

}  // namespace

struct WebSocketWriter::State {
    State(WebSocketRole role, const std::optional<WebSocketDeflate>& deflate, const WebSocketCompression& compression)
        : deflater(make_deflater(role, deflate, compression)), masks(role == WebSocketRole::client) {}

    std::optional<MessageDeflater> deflater;
    std::string compressed;
    bool masks;
    bool in_message = false;
    bool is_compressed = false;  // the message

    void frame(std::string& out, unsigned first, std::string_view payload, const WebSocketMask& mask) const {
        out.reserve(out.size() + longest_head + payload.size());  // half a frame would swallow what comes after it
        out.push_back(static_cast<char>(first));
        const unsigned mask_bit = masks ? 0x80 : 0;
        if (payload.size() < 126) {
            out.push_back(static_cast<char>(mask_bit | payload.size()));
        } else if (payload.size() <= 0xffff) {
            out.push_back(static_cast<char>(mask_bit | 126U));
            append_number(out, payload.size(), 2);
        } else {
            out.push_back(static_cast<char>(mask_bit | 127U));
            append_number(out, payload.size(), 8);
        }
        if (masks) out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
        const std::size_t start = out.size();
        out.append(payload);
        if (masks) internal::apply_mask(out.data() + start, payload.size(), mask, 0);
    }

    void control(std::string& out, unsigned opcode, std::string_view payload, const WebSocketMask& mask) const {
        if (payload.size() > longest_control) {
            throw std::invalid_argument(
                "WebSocket: a control frame of " + std::to_string(payload.size()) + " bytes; it may have 125");
        }
        frame(out, final_bit | opcode, payload, mask);
    }
};

WebSocketWriter::WebSocketWriter(
    WebSocketRole role, const std::optional<WebSocketDeflate>& deflate, const WebSocketCompression& compression)
    : state_(std::make_unique<State>(role, deflate, compression)) {}
WebSocketWriter::~WebSocketWriter() = default;
WebSocketWriter::WebSocketWriter(WebSocketWriter&&) noexcept = default;
auto WebSocketWriter::operator=(WebSocketWriter&&) noexcept -> WebSocketWriter& = default;

void WebSocketWriter::fragment(std::string& out, std::string_view payload, Fragment form, const WebSocketMask& mask) {
    State& state = *state_;
    const bool is_first = !state.in_message;
    const bool compresses = is_first ? form.compress && state.deflater : state.is_compressed;
    unsigned first = form.is_last ? final_bit : 0;
    if (is_first) {
        first |= form.is_text ? text : binary;
        if (compresses) first |= compression_bit;
    } else {
        first |= continuation;
    }
    if (compresses) {
        state.compressed.clear();
        try {
            state.deflater->take(payload, form.is_last, state.compressed);
            state.frame(out, first, state.compressed, mask);
        } catch (...) {
            state.deflater->forget();
            throw;
        }
    } else {
        state.frame(out, first, payload, mask);
    }
    state.in_message = !form.is_last;
    state.is_compressed = compresses;
    if (state.compressed.capacity() > 64 * 1024) std::string().swap(state.compressed);
}

void WebSocketWriter::ping(std::string& out, std::string_view payload, const WebSocketMask& mask) {
    state_->control(out, ping_frame, payload, mask);
}

void WebSocketWriter::pong(std::string& out, std::string_view payload, const WebSocketMask& mask) {
    state_->control(out, pong_frame, payload, mask);
}

void WebSocketWriter::close(std::string& out, std::uint16_t code, std::string_view reason, const WebSocketMask& mask) {
    std::string payload;
    if (code != close_code::none) {
        if (!is_valid_close_code(code)) {
            throw std::invalid_argument("WebSocket: close code " + std::to_string(code) + " must not be sent");
        }
        append_number(payload, code, 2);
    } else if (!reason.empty()) {
        throw std::invalid_argument("WebSocket: a close reason needs a close code");
    }
    if (!is_utf8(reason)) throw std::invalid_argument("WebSocket: the close reason is not UTF-8");
    payload.append(reason);
    state_->control(out, close_frame, payload, mask);
}

auto WebSocketWriter::in_message() const noexcept -> bool { return state_->in_message; }

}  // namespace gyre::http
