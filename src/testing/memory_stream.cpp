#include <gyre/testing/memory_stream.hpp>

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <cstring>
#include <system_error>

namespace gyre::testing {

void MemoryPipe::end() noexcept {
    ended_ = true;
    changed_.set();
}

void MemoryPipe::refuse() noexcept {
    refused_ = true;
    bytes_.clear();
    changed_.set();
}

void MemoryPipe::put(std::string_view bytes) {
    bytes_ += bytes;
    changed_.set();
}

auto MemoryPipe::take() -> std::string {
    changed_.set();
    return std::exchange(bytes_, {});
}

auto MemoryPipe::room_before(std::size_t limit, std::size_t passed, const char* operation) const -> std::size_t {
    if (passed >= limit) throw IoError(std::make_error_code(options_.error), operation, "memory");
    return limit - passed;
}

void MemoryPipe::check_readable() const {
    if (refused_) {
        throw IoError(std::make_error_code(std::errc::bad_file_descriptor), "read", "memory", "closed on this side");
    }
}

auto MemoryPipe::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    check_readable();
    while (bytes_.empty() && read_ < options_.fail_after) {
        if (ended_ || read_ >= options_.end_after) co_return 0;
        changed_.clear();
        co_await changed_.wait();
        check_readable();
    }
    if (read_ >= options_.end_after) co_return 0;
    auto count = std::min(
        {buffer.size(), bytes_.size(), room_before(options_.fail_after, read_, "read"), options_.end_after - read_});
    if (options_.longest_transfer > 0) count = std::min(count, 1 + chance_.choose(options_.longest_transfer));
    std::memcpy(buffer.data(), bytes_.data(), count);
    bytes_.erase(0, count);
    read_ += count;
    changed_.set();
    co_return count;
}

auto MemoryPipe::write_all(std::span<const std::byte> data) -> Task<void> {
    while (!data.empty()) {
        if (refused_ || ended_) throw IoError(std::make_error_code(std::errc::broken_pipe), "write", "memory");
        const auto passes = room_before(options_.refuse_after, written_, "write");
        const auto room = options_.capacity - std::min(options_.capacity, bytes_.size());
        const auto count = std::min({room, data.size(), passes});
        if (count == 0) {
            changed_.clear();
            co_await changed_.wait();
            continue;
        }
        put({reinterpret_cast<const char*>(data.data()), count});
        written_ += count;
        data = data.subspan(count);
    }
}

auto MemoryTransport::read_some(std::span<std::byte> buffer) -> Task<std::size_t> { return in_->read_some(buffer); }

auto MemoryTransport::write_all(std::span<const std::byte> data) -> Task<void> { return out_->write_all(data); }

auto MemoryTransport::shutdown_write() -> Task<void> {
    out_->end();
    co_return;
}

auto MemoryTransport::close() -> Task<void> {
    abort();
    co_return;
}

void MemoryTransport::abort() noexcept {
    if (std::exchange(closed_, true)) return;
    in_->refuse();
    out_->end();
}

MemoryConnection::MemoryConnection(MemoryOptions client_to_server, MemoryOptions server_to_client)
    : to_server(std::make_shared<MemoryPipe>(client_to_server)),
      to_client(std::make_shared<MemoryPipe>(server_to_client)),
      client(std::make_unique<MemoryTransport>(to_client, to_server)),
      server(std::make_unique<MemoryTransport>(to_server, to_client)) {}

auto memory_streams(MemoryOptions left_to_right, MemoryOptions right_to_left) -> std::pair<net::Stream, net::Stream> {
    MemoryConnection connection(left_to_right, right_to_left);
    return {net::Stream(std::move(connection.client)), net::Stream(std::move(connection.server))};
}

}  // namespace gyre::testing
