#pragma once

#include <gyre/os/file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What can be done with whole files and their names. Every error is an IoError that names operation and path; a path with a
/// zero byte in it is std::invalid_argument.
/// On cancel: a call that has not begun does not happen; one that has is waited for, and its result counts.
namespace gyre::fs {

/// Reads a whole file. @throws IoError; LimitError if it has more than `limit` bytes.
[[nodiscard]] auto read_text(std::filesystem::path path, std::size_t limit = default_read_limit) -> Task<std::string>;
[[nodiscard]] auto read_bytes(std::filesystem::path path, std::size_t limit = default_read_limit)
    -> Task<std::vector<std::byte>>;

/// How a whole file is written.
struct WriteOptions {
    bool atomic = false;  ///< Under another name first, then renamed: readers see the old content or the new, never a part.
    bool durable = false;  ///< Returns when it is on the disk; with `atomic` a crash leaves the old content or the new.
    unsigned permissions = 0666;  ///< Of a file that is made; the umask takes away from it.
};

/// Writes a whole file; what was there is replaced. `text` must live until then. @throws IoError.
[[nodiscard]] auto write_text(std::filesystem::path path, std::string_view text, WriteOptions options = {})
    -> Task<void>;
[[nodiscard]] auto write_bytes(std::filesystem::path path, std::span<const std::byte> data, WriteOptions options = {})
    -> Task<void>;

/// What is known of a file. Symbolic links are followed.
[[nodiscard]] auto stat(std::filesystem::path path) -> Task<FileInfo>;
/// The same of a symbolic link itself.
[[nodiscard]] auto lstat(std::filesystem::path path) -> Task<FileInfo>;
/// Whether there is something of that name; a symbolic link that leads nowhere is nothing.
/// @throws IoError if that cannot be known.
[[nodiscard]] auto exists(std::filesystem::path path) -> Task<bool>;

/// Makes a directory. @throws IoError, also if it is there.
[[nodiscard]] auto create_directory(std::filesystem::path path, unsigned permissions = 0777) -> Task<void>;
/// Makes a directory and the parents that are missing. One that is there is fine.
[[nodiscard]] auto create_directories(std::filesystem::path path) -> Task<void>;

/// Removes a file, or a symbolic link itself.
[[nodiscard]] auto remove(std::filesystem::path path) -> Task<void>;
/// Removes a directory, which must be empty.
[[nodiscard]] auto remove_directory(std::filesystem::path path) -> Task<void>;
/// Removes a file, or a directory with everything in it. Symbolic links in it are removed, and never followed, also if
/// somebody puts one there meanwhile. Nothing there is fine.
/// On cancel: stops between two names. @return how many names went.
[[nodiscard]] auto remove_all(std::filesystem::path path) -> Task<std::uint64_t>;

/// Gives a file or directory another name on the same file system. @param replace whether what has the name already goes.
[[nodiscard]] auto rename(std::filesystem::path from, std::filesystem::path to, bool replace = true) -> Task<void>;
/// Makes `link` a symbolic link to `target`, which need not be there.
[[nodiscard]] auto symlink(std::filesystem::path target, std::filesystem::path link) -> Task<void>;
/// What a symbolic link says.
[[nodiscard]] auto read_link(std::filesystem::path path) -> Task<std::filesystem::path>;
/// Makes `link` another name of the file `target`.
[[nodiscard]] auto hard_link(std::filesystem::path target, std::filesystem::path link) -> Task<void>;
/// @param permissions 0 to 07777. Source: chmod(2).
[[nodiscard]] auto set_permissions(std::filesystem::path path, unsigned permissions) -> Task<void>;

struct CopyOptions {
    bool replace = true;           ///< False: a target that is there is an error.
    bool keep_permissions = true;  ///< The target gets those of the source.
};

/// Copies the content of a file, in the kernel where it can: shared blocks, or without passing through the program.
/// On cancel, and after an error: stops, and a target that was not there before is removed. @return how many bytes.
/// Source: copy_file_range(2).
[[nodiscard]] auto copy(std::filesystem::path from, std::filesystem::path to, CopyOptions options = {})
    -> Task<std::uint64_t>;

/// What a file system holds, in bytes.
struct SpaceInfo {
    std::uint64_t capacity = 0;
    std::uint64_t free = 0;
    std::uint64_t available = 0;  ///< Of `free`, what this user may take.
};
[[nodiscard]] auto space(std::filesystem::path path) -> Task<SpaceInfo>;

}  // namespace gyre::fs
