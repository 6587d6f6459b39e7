#pragma once

#include <gyre/backend/files.hpp>
#include <gyre/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// Files without blocking the loop: every call runs on a thread of the loop for blocking calls.
namespace gyre::fs {

/// What is known of a file.
struct FileInfo {
    std::uint64_t size = 0;             ///< Bytes.
    std::int64_t modified_seconds = 0;  ///< Since 1970, UTC.
    bool is_regular = false;
    bool is_directory = false;
};

/// An open file. Move-only; destroying it closes it. One call at a time.
///
/// Errors are IoError and name operation and path: "write /tmp/x: No space left on device".
/// On cancel: a call that has begun is waited for, and its result counts; one that has not is not made.
/// Thread: its loop's. Source: aiofiles.
class File {
public:
    File(File&&) noexcept;
    auto operator=(File&&) noexcept -> File&;
    ~File();

    /// Reads at most `buffer.size()` bytes at the position. @return how many; 0 at the end.
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t>;
    /// Writes all of it at the position. On cancel while it runs: all of it is written.
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    [[nodiscard]] auto info() -> Task<FileInfo>;
    /// Closes it and reports what only shows then. Idempotent.
    [[nodiscard]] auto close() -> Task<void>;
    [[nodiscard]] auto path() const noexcept -> const std::string& { return path_; }

private:
    friend class AtomicFile;
    friend auto open(std::filesystem::path path, std::string mode) -> Task<File>;
    friend auto open_beneath(std::filesystem::path root, std::string relative) -> Task<File>;
    friend auto duplicate(int descriptor, std::string name) -> Task<File>;
    File(backend::Files& files, int descriptor, std::string path) noexcept;

    backend::Files* files_;
    int descriptor_;
    std::string path_;
};

/// Opens a file. @param mode as fopen(3): "r", "r+", "w" (made or emptied), "x" (made, must not be there), "a".
/// @throws IoError naming the path; std::invalid_argument for another mode.
[[nodiscard]] auto open(std::filesystem::path path, std::string mode = "r") -> Task<File>;

/// Opens a file for reading whose path comes from an outsider: it cannot leave `root`, and symbolic links are refused.
/// @throws IoError naming the path. Source: openat2(2).
[[nodiscard]] auto open_beneath(std::filesystem::path root, std::string relative) -> Task<File>;

/// A file over a descriptor of the program's: standard output, for instance. It is duplicated, and stays the program's.
/// @param name shown in errors. @throws IoError. Source: dup(2).
[[nodiscard]] auto duplicate(int descriptor, std::string name) -> Task<File>;

/// @throws IoError naming the path.
[[nodiscard]] auto stat(std::filesystem::path path) -> Task<FileInfo>;

/// Makes a directory and the parents that are missing. One that is there is fine. @throws IoError naming the path.
[[nodiscard]] auto create_directories(std::filesystem::path path) -> Task<void>;

/// Removes a file. @throws IoError naming the path.
[[nodiscard]] auto remove(std::filesystem::path path) -> Task<void>;

/// A file that appears under its name only when it is complete: written beside it under another name, then renamed.
///
/// Dropped before `commit`, nothing is left of it. Move-only.
class AtomicFile {
public:
    /// Begins a file that will be called `path`. @throws IoError naming the path.
    [[nodiscard]] static auto create(std::filesystem::path path) -> Task<AtomicFile>;
    AtomicFile(AtomicFile&&) noexcept;
    auto operator=(AtomicFile&&) noexcept -> AtomicFile&;
    /// Removes what was written, unless it was committed.
    ~AtomicFile();

    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;
    /// Closes it and gives it its name, replacing what had it. @throws IoError; nothing is left of it then.
    [[nodiscard]] auto commit() -> Task<void>;
    [[nodiscard]] auto path() const noexcept -> const std::string& { return path_; }

private:
    AtomicFile(File file, std::string path) noexcept;
    void discard() noexcept;

    File file_;
    std::string path_;
    bool pending_ = true;
};

}  // namespace gyre::fs
