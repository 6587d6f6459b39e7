#include <gyre/http/websocket.hpp>

#include "state.hpp"

#include <utility>

namespace gyre::http {

WebSocketPieces::WebSocketPieces(std::shared_ptr<internal::WebSocketState> socket, LockGuard turn, bool is_text) noexcept
    : socket_(std::move(socket)), turn_(std::move(turn)), is_text_(is_text) {}

WebSocketPieces::WebSocketPieces(WebSocketPieces&& other) noexcept
    : socket_(std::move(other.socket_)),
      turn_(std::move(other.turn_)),
      is_text_(other.is_text_),
      has_begun_(other.has_begun_) {}

auto WebSocketPieces::operator=(WebSocketPieces&& other) noexcept -> WebSocketPieces& {
    WebSocketPieces old(std::move(*this));
    socket_ = std::move(other.socket_);
    turn_ = std::move(other.turn_);
    is_text_ = other.is_text_;
    has_begun_ = other.has_begun_;
    return *this;
}

WebSocketPieces::~WebSocketPieces() {
    if (socket_ && has_begun_ && socket_->is_open())
        socket_->lose("a message that was sent in pieces was not finished");
}

auto WebSocketPieces::write(std::string piece) -> Task<void> {
    if (!socket_) throw InvalidStateError("WebSocketPieces: the message is finished");
    const WebSocketWriter::Fragment form{.is_text = is_text_, .is_last = false};
    co_await socket_->send_piece(std::move(piece), form);
    has_begun_ = true;
}

auto WebSocketPieces::finish(std::string piece) -> Task<void> {
    if (!socket_) throw InvalidStateError("WebSocketPieces: the message is finished");
    const WebSocketWriter::Fragment form{.is_text = is_text_, .is_last = true};
    co_await socket_->send_piece(std::move(piece), form);
    turn_.release();
    socket_.reset();
}

WebSocket::WebSocket(
    net::Stream stream, WebSocketRole role, WebSocketParameters parameters, const WebSocketOptions& options)
    : state_(std::make_shared<internal::WebSocketState>(std::move(stream), role, std::move(parameters), options)) {}

WebSocket::WebSocket(WebSocket&&) noexcept = default;

auto WebSocket::operator=(WebSocket&& other) noexcept -> WebSocket& {
    if (state_ && state_ != other.state_) state_->lose("this end dropped it");
    state_ = std::move(other.state_);
    return *this;
}

WebSocket::~WebSocket() {
    if (state_) state_->lose("this end dropped it");
}

auto WebSocket::state() const -> internal::WebSocketState& {
    if (!state_) throw InvalidStateError("this WebSocket is empty: it was moved from");
    return *state_;
}

auto WebSocket::receive() -> Task<std::optional<WebSocketMessage>> { return state().receive(); }
auto WebSocket::send(std::string text) -> Task<void> { return state().send(std::move(text), true); }
auto WebSocket::send_binary(std::string bytes) -> Task<void> { return state().send(std::move(bytes), false); }
auto WebSocket::send_binary(std::span<const std::byte> bytes) -> Task<void> {
    return state().send(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), false);
}
auto WebSocket::start_text() -> Task<WebSocketPieces> { return state().start_pieces(true); }
auto WebSocket::start_binary() -> Task<WebSocketPieces> { return state().start_pieces(false); }
auto WebSocket::ping(std::string payload) -> Task<void> { return state().ping(std::move(payload)); }
auto WebSocket::close(std::uint16_t code, std::string reason) -> Task<void> {
    return state().close(code, std::move(reason));
}

void WebSocket::abort() noexcept {
    if (state_) state_->lose("this end dropped it");
}

auto WebSocket::is_open() const noexcept -> bool { return state_ && state_->is_open(); }
auto WebSocket::close_code() const noexcept -> std::uint16_t { return state_ ? state_->code() : 0; }
auto WebSocket::close_reason() const -> const std::string& { return state().reason(); }
auto WebSocket::subprotocol() const -> const std::string& { return state().parameters().subprotocol; }
auto WebSocket::compresses() const -> bool { return state().parameters().deflate.has_value(); }
auto WebSocket::peer() const -> const net::Address& { return state().peer(); }
auto WebSocket::statistics() const -> WebSocketStatistics { return state().statistics(); }

}  // namespace gyre::http
