#pragma once

#include <chrono>
#include <cstdint>

namespace gyre::fs {

/// What a name stands for.
enum class FileType : std::uint8_t {
    unknown,
    regular,
    directory,
    symlink,
    fifo,
    socket,
    character_device,
    block_device
};

/// A point in time of a file's history. Source: statx(2).
using FileTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What is known of a file. Source: statx(2).
struct FileInfo {
    FileType type = FileType::unknown;
    bool is_regular = false;
    bool is_directory = false;
    bool is_symlink = false;
    std::uint64_t size = 0;            ///< Bytes.
    std::uint64_t allocated_size = 0;  ///< Bytes that it takes on the disk: less than `size` for a file with holes.
    unsigned permissions = 0;          ///< 0 to 07777.
    unsigned owner = 0;                ///< User id.
    unsigned group = 0;                ///< Group id.
    std::uint64_t device = 0;          ///< With `inode`: two names that agree in both are one file.
    std::uint64_t inode = 0;
    std::uint64_t link_count = 0;
    FileTime modified;  ///< The content.
    FileTime accessed;
    FileTime changed;  ///< The content, or what stands here.
    FileTime created;  ///< 1970 where the file system does not know.
};

}  // namespace gyre::fs
