#pragma once

#include <gyre/os/file.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gyre::fs {

/// Gathers small writes and makes large ones of them. Move-only.
///
/// What was not flushed is lost when it is dropped: end with `close`. For one task at a time. After an IoError nobody knows
/// how much of what was gathered is in the file, and it is gathered no longer.
/// On cancel: the data of that call was taken or not, as a whole. A pipe or socket that took a part of what was gathered gets that
/// part again with the next flush: end what is cancelled there. Source: Python's io.BufferedWriter.
class BufferedWriter {
public:
    /// @param capacity how much is gathered, in bytes. Larger writes go straight to the file.
    explicit BufferedWriter(File file, std::size_t capacity = 65'536);
    BufferedWriter(BufferedWriter&&) noexcept;
    auto operator=(BufferedWriter&&) noexcept -> BufferedWriter&;
    ~BufferedWriter();

    /// Takes all of it. Does not wait while there is room. @throws IoError.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    /// Writes what was gathered. @throws IoError.
    [[nodiscard]] auto flush() -> Task<void>;
    /// Flushes and closes the file. @throws IoError.
    [[nodiscard]] auto close() -> Task<void>;

    /// How many bytes are gathered.
    [[nodiscard]] auto buffered() const noexcept -> std::size_t { return buffer_.size(); }
    [[nodiscard]] auto file() noexcept -> File& { return file_; }

private:
    class Mark;

    void forget() noexcept;

    File file_;
    std::string buffer_;
    std::size_t capacity_;
    std::unique_ptr<Mark> mark_;  ///< For who reports what is left at the end of a run.
};

}  // namespace gyre::fs
