#pragma once

#include <gyre/backend/operation.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gyre::backend {

/// What is asked of the file system. The man page named is the contract of the arguments and errors.
enum class FileCall : std::uint8_t {
    open,  ///< openat(2), always close-on-exec: the new descriptor.
    open_beneath,  ///< openat2(2) of `target` under the directory `path`, which it cannot leave; no links if O_NOFOLLOW. What it
                   ///< has opened is told in `status`, if that is not null.
    close,             ///< close(2).
    read,              ///< pread(2), or read(2) if `offset` is -1: the number of bytes.
    write,             ///< pwrite(2), or write(2) if `offset` is -1: the number of bytes.
    read_vector,       ///< preadv(2) into `vectors`; -1 as for read.
    write_vector,      ///< pwritev(2) from `vectors`; -1 as for write.
    sync,              ///< fsync(2).
    sync_data,         ///< fdatasync(2).
    truncate,          ///< ftruncate(2) to `offset` bytes.
    allocate,          ///< fallocate(2), mode `flags`, `size` bytes at `offset`.
    status,            ///< statx(2) of `path` (empty: of the descriptor), with `flags`, into `status`.
    unlink,            ///< unlinkat(2), with `flags`.
    rename,            ///< renameat2(2) of `path` to `target`, with `flags`.
    make_directory,    ///< mkdirat(2).
    link,              ///< linkat(2) of `path` to `target`, with `flags`.
    symlink,           ///< symlinkat(2): `target` will point at `path`.
    read_link,         ///< readlinkat(2) into `buffer`: the number of bytes.
    change_mode,       ///< fchmodat(2).
    read_directory,    ///< getdents64(2) into `buffer`: the number of bytes.
    make_directories,  ///< mkdir(2), with the parents that are missing; a directory that is there is fine.
    remove_tree,       ///< Removes `path` and what is in it, never through a symbolic link: how many names went.
    copy,   ///< copy_file_range(2) of all that follows the positions, to `target_descriptor`: how many bytes.
    space,  ///< statvfs(3) of `path` into `buffer`, a struct statvfs.
};

/// One call. The memory that it names stays where it is until the call has ended.
struct FileRequest {
    FileCall call = FileCall::read;
    int descriptor = AT_FDCWD;         ///< The file, or the directory at which a relative `path` begins.
    int target_descriptor = AT_FDCWD;  ///< The same for `target`.
    int flags = 0;
    mode_t mode = 0;
    unsigned vector_count = 0;
    const char* path = "";
    const char* target = "";
    void* buffer = nullptr;    ///< read_vector, write_vector: const iovec[vector_count].
    std::size_t size = 0;      ///< Of `buffer`, in bytes.
    std::int64_t offset = -1;  ///< -1: the file's own position.
    struct statx* status = nullptr;
    const std::atomic<bool>* stop = nullptr;  ///< remove_tree, copy: looked at between steps; then -ECANCELED.
};

/// A request that a backend carries out by itself, living in the frame that awaits it.
class FileOperation : public Operation {
public:
    FileOperation() noexcept { kind = OperationKind::file; }
    FileRequest request;

protected:
    ~FileOperation() = default;
};

/// What became of a file operation that a backend was to start.
enum class FileStart : std::uint8_t {
    ended,      ///< `result` is set; `completed` will not be called.
    in_flight,  ///< `completed` will be called, from `wait`.
    elsewhere,  ///< This backend cannot do it without blocking: give it to `Files::perform` on another thread.
};

/// The calls on files of a backend: the seam between the library and the disk.
///
/// Every call gives >= 0, or a negative errno; nothing throws. Calls cut short by a signal are repeated.
class Files {
public:
    virtual ~Files() = default;

    /// Does what is asked, and blocks meanwhile. Thread: any, for the library calls it on its threads for blocking calls.
    [[nodiscard]] virtual auto perform(const FileRequest& request) noexcept -> std::int64_t = 0;

    // These do not wait for a disk; the loop's thread may make them.

    /// dup(2), close-on-exec.
    [[nodiscard]] virtual auto duplicate(int descriptor) noexcept -> int = 0;
    virtual auto close(int descriptor) noexcept -> int = 0;
    virtual auto unlink(const std::string& path) noexcept -> int = 0;
    /// lseek(2) from the beginning or from the position.
    [[nodiscard]] virtual auto seek(int descriptor, std::int64_t offset, int whence) noexcept -> std::int64_t = 0;
    /// flock(2); never waits: LOCK_NB is added.
    [[nodiscard]] virtual auto lock(int descriptor, int operation) noexcept -> int = 0;

    /// inotify_init1(2), non-blocking.
    [[nodiscard]] virtual auto open_watch() noexcept -> int = 0;
    /// inotify_add_watch(2).
    [[nodiscard]] virtual auto add_watch(int descriptor, const std::string& path, std::uint32_t mask) noexcept
        -> int = 0;
    /// inotify_rm_watch(2).
    virtual auto remove_watch(int descriptor, int watch) noexcept -> int = 0;
    /// read(2) of what has happened; -EAGAIN if nothing has.
    [[nodiscard]] virtual auto read_watch(int descriptor, void* buffer, std::size_t size) noexcept -> std::int64_t = 0;
};

/// The files of the kernel. Lives as long as the program.
[[nodiscard]] auto kernel_files() noexcept -> Files&;

}  // namespace gyre::backend
