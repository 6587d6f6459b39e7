#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/core/task.hpp>
#include <gyre/os/file_info.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::internal {
class FileState;
}  // namespace gyre::internal

/// Files without blocking the loop: io_uring does the work where it is the backend, threads of the loop elsewhere.
namespace gyre::fs {

/// How much a call that reads "all" gathers at most by default, in bytes.
inline constexpr std::size_t default_read_limit = 64 * 1024 * 1024;
/// How long a line may be by default, in bytes, its end included.
inline constexpr std::size_t default_line_limit = 65'536;

/// More about how a file is opened.
struct OpenOptions {
    unsigned permissions = 0666;  ///< Of a file that is made; the process's umask takes away from it.
    bool direct = false;       ///< Past the page cache; buffers, sizes and offsets must be aligned. Source: O_DIRECT.
    bool synchronous = false;  ///< Each write is on the disk when it returns. Source: O_SYNC.
    bool follow_link = true;   ///< False: a path that ends in a symbolic link is refused. Source: O_NOFOLLOW.
    /// How much is read ahead for small reads and lines, in bytes; 0: nothing. `direct` reads nothing ahead.
    std::size_t read_ahead = 65'536;
};

enum class Whence : std::uint8_t { begin, current, end };

enum class LockKind : std::uint8_t { shared, exclusive };

/// An open file. Move-only; destroying it closes it.
///
/// Calls at the position (`read*`, `write*`, `seek`, `tell`, `truncate`) are for one task at a time. `pread`, `pwrite`, `info`,
/// `sync`, `allocate` and the locks have no position: any number of them may run at once, beside one of the others. The file
/// stays open until the last of them has ended.
///
/// Small reads and lines are served from a buffer that is read ahead. It belongs to the position: a write or a seek drops it.
///
/// Errors are IoError and name operation and path: "write /tmp/x: No space left on device". A closed or moved-from file, and a
/// second task at the position, are InvalidStateError.
/// On cancel: a call that has not begun does not happen; one that has is waited for, and its result counts. What was read
/// ahead stays for the next read.
/// Thread: its loop's. Source: Python's file objects, aiofiles.
class File {
public:
    File(File&&) noexcept;
    auto operator=(File&&) noexcept -> File&;
    ~File();

    /// Reads at most `buffer.size()` bytes at the position. @return how many; 0 at the end.
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t>;
    /// Reads `size` bytes, fewer only at the end of the file.
    [[nodiscard]] auto read(std::size_t size) -> Task<std::string>;
    /// Reads to the end. @throws LimitError if that is more than `limit` bytes; they can be read otherwise then.
    [[nodiscard]] auto read_all(std::size_t limit = default_read_limit) -> Task<std::string>;
    /// Reads a line, without its "\n" or "\r\n". Empty optional at the end; a last line without an end is a line.
    /// @throws LimitError if it is longer than `limit` bytes; it can be read otherwise then.
    [[nodiscard]] auto read_line(std::size_t limit = default_line_limit) -> Task<std::optional<std::string>>;
    /// Reads into several buffers, one after the other, with one call. @return how many bytes. Source: readv(2).
    [[nodiscard]] auto readv(std::vector<std::span<std::byte>> buffers) -> Task<std::size_t>;

    /// Writes all of it at the position; `data` must live until then.
    /// @throws IoError; some of it may be written then, and on cancel too if the kernel takes it in parts, as for a pipe.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;
    /// Writes several buffers, one after the other. Source: writev(2).
    [[nodiscard]] auto writev(std::vector<std::string_view> buffers) -> Task<void>;

    /// Reads `size` bytes at `offset`, fewer only if the file ends before. The position stays. Source: pread(2).
    [[nodiscard]] auto pread(std::size_t size, std::uint64_t offset) -> Task<std::string>;
    /// The same into the caller's memory. @return how many.
    [[nodiscard]] auto pread(std::span<std::byte> buffer, std::uint64_t offset) -> Task<std::size_t>;
    /// Writes all of it at `offset`; a file opened with "a" appends it all the same. The position stays. Source: pwrite(2).
    [[nodiscard]] auto pwrite(std::string_view data, std::uint64_t offset) -> Task<void>;
    [[nodiscard]] auto pwrite(std::span<const std::byte> data, std::uint64_t offset) -> Task<void>;

    /// Moves the position. @return where it is now, from the beginning.
    [[nodiscard]] auto seek(std::int64_t offset, Whence whence = Whence::begin) -> Task<std::uint64_t>;
    /// The position. Never waits.
    [[nodiscard]] auto tell() const -> std::uint64_t;

    /// Returns when everything written is on the disk. @param data_only without what reading does not need, as times.
    /// Source: fsync(2), fdatasync(2).
    [[nodiscard]] auto sync(bool data_only = false) -> Task<void>;
    /// Makes it exactly `size` bytes long; what is new is zeros. Source: ftruncate(2).
    [[nodiscard]] auto truncate(std::uint64_t size) -> Task<void>;
    /// Reserves disk space, so that writing there cannot fail for want of it; the file becomes at least that long.
    /// Source: fallocate(2).
    [[nodiscard]] auto allocate(std::uint64_t offset, std::uint64_t size) -> Task<void>;
    [[nodiscard]] auto info() -> Task<FileInfo>;

    /// Locks the file against other programs, and other openings in this one, that lock it too. Goes with the file.
    /// Waits until it can, looking again after 1 ms, 2 ms ... 100 ms; there is no order among those who wait.
    /// On cancel: not locked. Source: flock(2).
    [[nodiscard]] auto lock(LockKind kind = LockKind::exclusive) -> Task<void>;
    /// @return whether it is locked now. Never waits.
    [[nodiscard]] auto try_lock(LockKind kind = LockKind::exclusive) -> bool;
    void unlock();

    /// Closes it and reports what only shows then. Idempotent. @throws InvalidStateError if another call is under way.
    /// On cancel: closed all the same, if not here then when the File goes.
    [[nodiscard]] auto close() -> Task<void>;
    [[nodiscard]] auto is_closed() const noexcept -> bool;
    /// As it was given.
    [[nodiscard]] auto path() const noexcept -> const std::string&;
    /// The descriptor, which stays the file's; -1 if it is closed.
    [[nodiscard]] auto descriptor() const noexcept -> int;

    /// For the rest of the library: a file over a descriptor that nobody else owns.
    [[nodiscard]] static auto adopt(int descriptor, std::string path, std::size_t read_ahead = 65'536) -> File;

private:
    explicit File(std::shared_ptr<internal::FileState> state) noexcept;

    std::shared_ptr<internal::FileState> state_;
};

/// Opens a file. @param mode as fopen(3): "r" read, "w" write (made or emptied), "x" write (made, must not be there),
/// "a" append (made), and each with "+" for both ways; "b" is allowed and means nothing.
/// @throws IoError naming the path; std::invalid_argument for another mode, or a path with a zero byte in it.
/// On cancel: if the call has begun it is waited for, and the file is given; else it does not happen. So too below.
[[nodiscard]] auto open(std::filesystem::path path, std::string mode = "r", OpenOptions options = {}) -> Task<File>;

/// How a path of an outsider is followed.
struct BeneathOptions {
    bool follow_links = false;  ///< True: symbolic links that stay below the root are followed, others refused.
};

/// Opens a file for reading whose path comes from an outsider: it cannot leave `root`, and symbolic links are refused.
/// Does not wait for the other end of a FIFO. @throws IoError naming the path; "Function not implemented" for `follow_links`
/// on a kernel before 5.6. Source: openat2(2).
[[nodiscard]] auto open_beneath(std::filesystem::path root, std::string relative, BeneathOptions options = {})
    -> Task<File>;

/// A file over a descriptor of the program's: standard output, for instance. It is duplicated, and stays the program's. The
/// position is shared: what was read ahead is read for others too.
/// @param name shown in errors. @throws IoError. Never waits. Source: dup(2).
[[nodiscard]] auto duplicate(int descriptor, std::string name) -> Task<File>;

/// A file without a name, for reading and writing, which is gone when it is closed.
/// @param directory on whose file system it is; empty: the directory for temporary files. @throws IoError.
/// Source: O_TMPFILE, tmpfile(3).
[[nodiscard]] auto temporary_file(std::filesystem::path directory = {}) -> Task<File>;

}  // namespace gyre::fs
