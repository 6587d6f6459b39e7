#include "http/file_body.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/body_writer.hpp>

#include <algorithm>
#include <span>
#include <system_error>

namespace gyre::http::internal {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

auto FilePart::read() -> Task<std::string_view> {
    if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<std::byte[]>(piece_bytes);
    const std::span<std::byte> room(buffer_.get(), std::min<std::uint64_t>(left_, piece_bytes));
    const auto count = co_await file_.pread(room, offset_);
    if (count == 0) {
        throw IoError(
            std::make_error_code(std::errc::io_error), "send", file_.path(), "it became shorter while it was sent");
    }
    skip(count);
    co_return std::string_view(reinterpret_cast<const char*>(buffer_.get()), count);
}

auto BodySink::write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> {
    FilePart part(file, offset, size);
    while (part.left() > 0) {
        const auto piece = co_await part.read();
        co_await write(piece);
    }
}

}  // namespace gyre::http::internal
