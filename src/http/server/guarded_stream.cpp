#include "guarded_stream.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>

#include <optional>
#include <system_error>
#include <utility>

namespace gyre::http::internal {

void GuardedStream::check(const char* operation) const {
    if (is_broken()) throw IoError(std::make_error_code(std::errc::not_connected), operation, "the client");
}

auto GuardedStream::fill(Time deadline) -> Task<Fill> {
    if (is_broken_) check("read");
    std::optional<std::size_t> count;
    try {
        count = co_await move_on_at(deadline, stream_.fill(piece_bytes));
    } catch (const IoError&) {
        is_broken_ = true;
        throw;
    }
    if (!count) co_return Fill::late;
    co_return *count == 0 ? Fill::end : Fill::bytes;
}

auto GuardedStream::write(std::string_view data) -> Task<void> {
    check("write");
    is_writing_ = true;
    while (!data.empty()) {
        const auto piece = data.substr(0, piece_bytes);
        const bool taken = co_await move_on_after(write_timeout_, stream_.write(piece));
        if (!taken) {
            is_broken_ = true;
            throw IoError(std::make_error_code(std::errc::timed_out), "write", stream_.peer_address().text(),
                "the client does not take it");
        }
        data.remove_prefix(piece.size());
    }
    is_writing_ = false;
}

auto GuardedStream::discard(std::size_t limit_bytes) -> Task<bool> {
    std::size_t dropped = 0;
    co_await stream_.shutdown_write();
    while (true) {
        dropped += stream_.buffered().size();
        stream_.consume(stream_.buffered().size());
        if (dropped > limit_bytes) co_return false;
        const auto count = co_await stream_.fill(piece_bytes);
        if (count == 0) co_return true;
    }
}

auto GuardedStream::linger(Duration limit, std::size_t limit_bytes) -> Task<void> {
    if (is_broken()) co_return abort();
    std::optional<bool> ended;
    try {
        ended = co_await move_on_after(limit, discard(limit_bytes));
    } catch (const IoError&) {
        ended = false;
    }
    if (!ended.value_or(false)) co_return abort();
    co_await close();
}

auto GuardedStream::close() -> Task<void> {
    try {
        const bool closed = co_await move_on_after(write_timeout_, stream_.close());
        if (!closed) stream_.abort();
    } catch (const IoError&) {
        stream_.abort();
    }
    is_broken_ = true;
}

void GuardedStream::abort() noexcept {
    stream_.abort();
    is_broken_ = true;
}

auto GuardedStream::release() noexcept -> net::Stream {
    is_broken_ = true;
    return std::move(stream_);
}

}  // namespace gyre::http::internal
