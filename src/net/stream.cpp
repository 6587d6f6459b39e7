#include <gyre/net/stream.hpp>

#include "net/busy.hpp"
#include "net/socket_transport.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gyre::net {

namespace {

constexpr std::size_t read_size = 16'384;         // what is asked of the transport at least
constexpr std::size_t largest_read = 256 * 1024;  // and at most: memory follows what came, not what was announced
constexpr std::size_t kept_storage = 64 * 1024;   // of an empty buffer
constexpr const char* two_readers = "read: another task is reading this stream";

auto limit_error(std::string_view what, std::size_t limit) -> LimitError {
    return LimitError("read: " + std::string(what) + " within the limit of " + std::to_string(limit) + " bytes");
}

[[noreturn]] void throw_changed() {
    throw InvalidStateError("read: this Stream was moved from, or its transport was released, before the read began");
}

}  // namespace

Stream::Stream(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {
    if (!transport_) throw std::invalid_argument("Stream: it needs a transport");
    socket_ = dynamic_cast<SocketTransport*>(transport_.get());
}

Stream::Stream(Stream&& other) noexcept
    : transport_(std::move(other.transport_)),
      socket_(std::exchange(other.socket_, nullptr)),
      buffer_(std::exchange(other.buffer_, {})),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

auto Stream::operator=(Stream&& other) noexcept -> Stream& {
    transport_ = std::move(other.transport_);
    socket_ = std::exchange(other.socket_, nullptr);
    buffer_ = std::exchange(other.buffer_, {});
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
}

Stream::~Stream() = default;

auto Stream::layer() const -> Transport& {
    if (!transport_) throw InvalidStateError("this Stream is empty: it was moved from, or its transport was released");
    return *transport_;
}

/// Room behind what is buffered, at least `size` bytes.
auto Stream::make_room(std::size_t size) -> std::span<std::byte> {
    const std::size_t have = end_ - begin_;
    if (have == 0) {
        begin_ = end_ = 0;
        if (buffer_.size() > kept_storage && size <= kept_storage) std::string().swap(buffer_);
    }
    if (buffer_.size() - end_ < size) {
        // Moving to the front is paid for by the room that it makes; else the storage doubles: linear time in both cases.
        if (have <= buffer_.size() / 2 && buffer_.size() - have >= size) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, have);
        } else {
            std::string larger(std::max(2 * have, have + size), '\0');
            std::memcpy(larger.data(), buffer_.data() + begin_, have);
            buffer_ = std::move(larger);
        }
        begin_ = 0;
        end_ = have;
    }
    return std::as_writable_bytes(std::span(buffer_).subspan(end_));
}

/// Takes `count` bytes off the front as a string of their own.
auto Stream::take(std::size_t count) -> std::string {
    const bool is_all = begin_ == 0 && count == end_;
    if (is_all && count >= read_size && count >= buffer_.size() / 2) {
        std::string all = std::exchange(buffer_, {});
        all.resize(count);
        begin_ = end_ = 0;
        return all;
    }
    std::string taken(buffer_, begin_, count);
    consume(count);
    return taken;
}

auto Stream::buffered() const noexcept -> std::span<const char> {
    return std::span(buffer_).subspan(begin_, end_ - begin_);
}

void Stream::consume(std::size_t count) noexcept { begin_ = std::min(begin_ + count, end_); }

/// Copies out of what is buffered, as much as there is room for.
auto Stream::take_into(std::span<std::byte> buffer) noexcept -> std::size_t {
    const std::size_t taken = std::min(buffer.size(), end_ - begin_);
    if (taken > 0) std::memcpy(buffer.data(), buffer_.data() + begin_, taken);
    consume(taken);
    return taken;
}

// A plain socket has ways of its own: there the wait stands in the frame of the stream's coroutine, and no second frame is
// made, resumed and touched for each read.

auto Stream::fill(std::size_t size_hint) -> Task<std::size_t> {
    return socket_ != nullptr ? fill_from_socket(size_hint) : fill_from_layer(size_hint);
}

auto Stream::fill_from_layer(std::size_t size_hint) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    const auto room = make_room(std::max<std::size_t>(size_hint, 1));
    const auto count = co_await layer().read_some(room);
    end_ += count;
    co_return count;
}

auto Stream::fill_from_socket(std::size_t size_hint) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    if (socket_ == nullptr) throw_changed();
    const internal::Busy reading = socket_->begin_read();
    const auto room = make_room(std::max<std::size_t>(size_hint, 1));
    const auto result = co_await socket_->receive(room);
    const std::size_t count = socket_->check_read(result);
    end_ += count;
    co_return count;
}

auto Stream::fill_late(std::size_t size_hint) -> Task<std::size_t> {
    return socket_ != nullptr ? fill_late_from_socket(size_hint) : fill_late_from_layer(size_hint);
}

auto Stream::fill_late_from_layer(std::size_t size_hint) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    if (begin_ == end_) {
        trim();
        co_await layer().wait_for_input();
    }
    const auto room = make_room(std::max<std::size_t>(size_hint, 1));
    const auto count = co_await layer().read_some(room);
    end_ += count;
    co_return count;
}

auto Stream::fill_late_from_socket(std::size_t size_hint) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    if (socket_ == nullptr) throw_changed();
    const internal::Busy reading = socket_->begin_read();
    if (begin_ == end_) {
        trim();
        const auto ready = co_await socket_->readable();
        static_cast<void>(socket_->check_read(ready));
    }
    const auto room = make_room(std::max<std::size_t>(size_hint, 1));
    const auto result = co_await socket_->receive(room);
    const std::size_t count = socket_->check_read(result);
    end_ += count;
    co_return count;
}

/// Gives the memory of an empty buffer back.
void Stream::trim() noexcept {
    std::string().swap(buffer_);
    begin_ = end_ = 0;
}

auto Stream::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    // A buffer that is large enough does without the copy.
    return socket_ != nullptr && buffer.size() >= read_size ? read_socket(buffer) : read_layer(buffer);
}

auto Stream::read_layer(std::span<std::byte> buffer) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    if (buffer.empty()) co_return 0;
    if (begin_ == end_) {
        if (buffer.size() >= read_size) {
            const auto direct = co_await layer().read_some(buffer);
            co_return direct;
        }
        const auto room = make_room(read_size);
        const auto count = co_await layer().read_some(room);
        end_ += count;
    }
    co_return take_into(buffer);
}

auto Stream::read_socket(std::span<std::byte> buffer) -> Task<std::size_t> {
    const internal::Busy busy(is_reading_, two_readers);
    if (begin_ != end_) co_return take_into(buffer);
    if (socket_ == nullptr) throw_changed();
    const internal::Busy reading = socket_->begin_read();
    const auto result = co_await socket_->receive(buffer);
    co_return socket_->check_read(result);
}

auto Stream::read_some(std::size_t limit) -> Task<std::string> {
    const internal::Busy busy(is_reading_, two_readers);
    if (begin_ == end_ && limit > 0) {
        const auto room = make_room(std::clamp(limit, read_size, largest_read));
        const auto count = co_await layer().read_some(room);
        end_ += count;
    }
    co_return take(std::min(limit, end_ - begin_));
}

auto Stream::read_exactly(std::size_t size) -> Task<std::string> {
    const internal::Busy busy(is_reading_, two_readers);
    while (end_ - begin_ < size) {
        const auto room = make_room(std::clamp(size - (end_ - begin_), read_size, largest_read));
        const auto count = co_await layer().read_some(room);
        end_ += count;
        if (count > 0) continue;
        std::string partial = take(end_ - begin_);
        const std::string text = "read_exactly: the stream ended after " + std::to_string(partial.size()) + " of " +
                                 std::to_string(size) + " bytes";
        throw IncompleteReadError(text, std::move(partial));
    }
    co_return take(size);
}

/// The end of the first `delimiter` among the first `limit` bytes, counted from the front; 0: none. `start` bytes are
/// known not to hold a whole one.
auto Stream::find(std::string_view delimiter, std::size_t start, std::size_t limit) const noexcept -> std::size_t {
    const char* const front = buffer_.data() + begin_;
    const std::size_t have = std::min(end_ - begin_, limit);
    const std::size_t skipped = start >= delimiter.size() ? start - (delimiter.size() - 1) : 0;
    if (have < skipped + delimiter.size()) return 0;
    // memmem takes linear time, whatever the bytes.
    const void* const found = ::memmem(front + skipped, have - skipped, delimiter.data(), delimiter.size());
    if (found == nullptr) return 0;
    return static_cast<std::size_t>(static_cast<const char*>(found) - front) + delimiter.size();
}

auto Stream::read_until(std::string_view delimiter, std::size_t limit) -> Task<std::string> {
    const internal::Busy busy(is_reading_, two_readers);
    if (delimiter.empty()) throw std::invalid_argument("read_until: the delimiter is empty");
    const std::string wanted(delimiter);
    std::size_t searched = 0;
    for (;;) {
        const std::size_t size = find(wanted, searched, limit);
        if (size > 0) co_return take(size);
        searched = end_ - begin_;
        if (searched >= limit) throw limit_error("the delimiter did not come", limit);
        const auto room = make_room(read_size);
        const auto count = co_await layer().read_some(room);
        end_ += count;
        if (count > 0) continue;
        std::string partial = take(end_ - begin_);
        const std::string text = "read_until: the stream ended after " + std::to_string(partial.size()) +
                                 " bytes, before the delimiter";
        throw IncompleteReadError(text, std::move(partial));
    }
}

auto Stream::read_line(std::size_t limit) -> Task<std::optional<std::string>> {
    const internal::Busy busy(is_reading_, two_readers);
    std::size_t searched = 0;
    for (;;) {
        const std::size_t size = find("\n", searched, limit);
        if (size > 0) {
            std::string line = take(size);
            line.pop_back();
            if (line.ends_with('\r')) line.pop_back();
            co_return line;
        }
        searched = end_ - begin_;
        if (searched >= limit) throw limit_error("the line did not end", limit);
        const auto room = make_room(read_size);
        const auto count = co_await layer().read_some(room);
        end_ += count;
        if (count > 0) continue;
        if (begin_ == end_) co_return std::nullopt;
        co_return take(end_ - begin_);
    }
}

auto Stream::read_all(std::size_t limit) -> Task<std::string> {
    const internal::Busy busy(is_reading_, two_readers);
    for (;;) {
        const std::size_t have = end_ - begin_;
        if (have > limit) throw limit_error("the stream did not end", limit);
        const auto room = make_room(std::clamp(have, read_size, largest_read));
        const auto count = co_await layer().read_some(room);
        end_ += count;
        if (count == 0) co_return take(end_ - begin_);
    }
}

auto Stream::write(std::string_view data) -> Task<void> { return layer().write_all(std::as_bytes(std::span(data))); }

auto Stream::write(std::span<const std::byte> data) -> Task<void> { return layer().write_all(data); }

auto Stream::write_now(std::string_view data) -> std::size_t {
    return layer().write_now(std::as_bytes(std::span(data)));
}

auto Stream::send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t> {
    return layer().send_file(file, offset, size);
}

auto Stream::shutdown_write() -> Task<void> { return layer().shutdown_write(); }

auto Stream::close() -> Task<void> { return layer().close(); }

void Stream::abort() noexcept {
    if (transport_) transport_->abort();
}

auto Stream::has_input() const noexcept -> bool {
    return !buffered().empty() || (transport_ && transport_->has_input());
}

auto Stream::is_closed() const noexcept -> bool { return !transport_ || transport_->is_closed(); }

auto Stream::local_address() const -> Address { return layer().local_address(); }

auto Stream::peer_address() const -> Address { return layer().peer_address(); }

auto Stream::release_transport() -> std::unique_ptr<Transport> {
    if (begin_ != end_) {
        throw InvalidStateError(
            "release_transport: " + std::to_string(end_ - begin_) + " bytes are buffered and would be lost");
    }
    if (is_reading_) throw InvalidStateError(two_readers);
    static_cast<void>(layer());
    socket_ = nullptr;
    return std::move(transport_);
}

}  // namespace gyre::net
