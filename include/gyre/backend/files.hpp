#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gyre::backend {

/// What is known of a file. Source: stat(2).
struct FileStatus {
    std::uint64_t size = 0;             ///< Bytes.
    std::int64_t modified_seconds = 0;  ///< Since 1970, UTC.
    std::uint32_t modified_nanoseconds = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    mode_t mode = 0;
};

/// The calls on files of a backend: the seam between the library and the disk.
///
/// They block. Thread: any, for the library makes them on its threads for blocking calls.
/// Every call gives >= 0, or a negative errno; nothing throws. Calls cut short by a signal are repeated.
class Files {
public:
    virtual ~Files() = default;

    /// openat(2) from the working directory, close-on-exec.
    [[nodiscard]] virtual auto open(const std::string& path, int flags, mode_t mode) noexcept -> int = 0;
    /// openat2(2): `relative` cannot leave `root`, and no symbolic link on the way is followed.
    [[nodiscard]] virtual auto open_beneath(const std::string& root, const std::string& relative, int flags) noexcept
        -> int = 0;
    /// dup(2), close-on-exec.
    [[nodiscard]] virtual auto duplicate(int descriptor) noexcept -> int = 0;
    virtual auto close(int descriptor) noexcept -> int = 0;
    /// read(2), at most `buffer.size()` bytes.
    [[nodiscard]] virtual auto read(int descriptor, std::span<std::byte> buffer) noexcept -> std::int64_t = 0;
    /// write(2) until all of it is written.
    [[nodiscard]] virtual auto write_all(int descriptor, std::span<const std::byte> data) noexcept -> std::int64_t = 0;
    [[nodiscard]] virtual auto status(int descriptor, FileStatus& status) noexcept -> int = 0;
    [[nodiscard]] virtual auto status(const std::string& path, FileStatus& status) noexcept -> int = 0;
    [[nodiscard]] virtual auto rename(const std::string& from, const std::string& to) noexcept -> int = 0;
    virtual auto unlink(const std::string& path) noexcept -> int = 0;
    /// mkdir(2), with the parents that are missing; a directory that is there is fine.
    [[nodiscard]] virtual auto make_directories(const std::string& path) noexcept -> int = 0;
};

/// The files of the kernel. Lives as long as the program.
[[nodiscard]] auto kernel_files() noexcept -> Files&;

}  // namespace gyre::backend
