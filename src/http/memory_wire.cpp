#include "memory_wire.hpp"

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <cstring>
#include <system_error>

namespace gyre::http::internal {

namespace {

[[noreturn]] void throw_closed(const char* operation) {
    throw IoError(std::make_error_code(std::errc::broken_pipe), operation, "a connection in memory");
}

}  // namespace

auto MemoryLane::read(std::span<std::byte> buffer) -> Task<std::size_t> {
    while (bytes_.empty() && !is_ended_ && !is_refused_) {
        readable_.clear();
        co_await readable_.wait();
    }
    if (is_refused_) throw_closed("read");
    const auto count = std::min(buffer.size(), bytes_.size());
    if (count > 0) std::memcpy(buffer.data(), bytes_.data(), count);
    bytes_.erase(0, count);
    writable_.set();
    co_return count;
}

auto MemoryLane::write(std::span<const std::byte> data) -> Task<void> {
    while (!data.empty()) {
        if (is_refused_ || is_ended_) throw_closed("write");
        const auto count = std::min(capacity - bytes_.size(), data.size());
        if (count == 0) {
            writable_.clear();
            co_await writable_.wait();
            continue;
        }
        bytes_.append(reinterpret_cast<const char*>(data.data()), count);
        readable_.set();
        data = data.subspan(count);
    }
}

void MemoryLane::end() noexcept {
    is_ended_ = true;
    readable_.set();
    writable_.set();
}

void MemoryLane::refuse() noexcept {
    is_refused_ = true;
    bytes_.clear();
    readable_.set();
    writable_.set();
}

auto MemoryEnd::read_some(std::span<std::byte> buffer) -> Task<std::size_t> { return in_->read(buffer); }
auto MemoryEnd::write_all(std::span<const std::byte> data) -> Task<void> { return out_->write(data); }

auto MemoryEnd::shutdown_write() -> Task<void> {
    out_->end();
    co_return;
}

auto MemoryEnd::close() -> Task<void> {
    abort();
    co_return;
}

void MemoryEnd::abort() noexcept {
    if (std::exchange(is_closed_, true)) return;
    in_->refuse();
    out_->end();
}

auto memory_wire(const net::Address& client, const net::Address& server) -> std::pair<net::Stream, net::Stream> {
    auto there = std::make_shared<MemoryLane>();
    auto back = std::make_shared<MemoryLane>();
    return {net::Stream(std::make_unique<MemoryEnd>(back, there, client, server)),
        net::Stream(std::make_unique<MemoryEnd>(there, back, server, client))};
}

}  // namespace gyre::http::internal
