#pragma once

#include <gyre/core/task.hpp>
#include <gyre/os/file.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace gyre::http::internal {

/// A part of a file that is sent, where it has to be read.
class FilePart {
public:
    /// `file` must live as long as this.
    FilePart(fs::File& file, std::uint64_t offset, std::uint64_t size) noexcept
        : file_(file), offset_(offset), left_(size) {}

    [[nodiscard]] auto offset() const noexcept -> std::uint64_t { return offset_; }
    /// Bytes that are still to be sent.
    [[nodiscard]] auto left() const noexcept -> std::uint64_t { return left_; }
    /// They have been sent otherwise.
    void skip(std::uint64_t count) noexcept {
        offset_ += count;
        left_ -= count;
    }
    /// Reads the next piece; it lives until the next call. @throws IoError, also if the file has become shorter.
    [[nodiscard]] auto read() -> Task<std::string_view>;

private:
    fs::File& file_;
    std::uint64_t offset_;
    std::uint64_t left_;
    std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace gyre::http::internal
