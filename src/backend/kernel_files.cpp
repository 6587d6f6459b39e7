#include "file_now.hpp"
#include "local_files.hpp"
#include "remove_tree.hpp"

#include <gyre/backend/files.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <new>
#include <string_view>

namespace gyre::backend {

namespace {

constexpr std::size_t copy_step = std::size_t{8} << 20;      // between two looks at `stop`
constexpr std::size_t copy_buffer = std::size_t{256} << 10;  // where the kernel cannot copy by itself

/// Repeats a call that a signal cut short; a negative errno instead of -1.
template<class Call>
auto retried(Call call) noexcept -> std::int64_t {
    for (;;) {
        const auto result = call();
        if (result >= 0) return result;
        if (errno != EINTR) return -errno;
    }
}

/// O_NONBLOCK was for the opening of what is no regular file. On one, a ring would answer EAGAIN for what is not cached.
void settle(int descriptor) noexcept {
    struct stat found{};
    if (::fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) return;
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags >= 0) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}

auto is_link(int directory, const char* name) noexcept -> bool {
    struct stat found{};
    return ::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

auto resolve_beneath(int directory, const FileRequest& request, std::uint64_t how_else) noexcept -> std::int64_t {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(request.flags) | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | how_else;
    if ((request.flags & O_NOFOLLOW) != 0) how.resolve |= RESOLVE_NO_SYMLINKS;
    std::int64_t result = -EAGAIN;
    // EAGAIN: something was renamed meanwhile, and the kernel is not sure any more where the path leads.
    const int most_tries = (how_else & RESOLVE_CACHED) != 0 ? 1 : 8;
    for (int tries = 0; result == -EAGAIN && tries < most_tries; ++tries) {
        result = retried([&] { return ::syscall(SYS_openat2, directory, request.target, &how, sizeof how); });
    }
    return result;
}

/// The same name by name, where the kernel has no openat2: neither ".." nor a link is ever followed.
auto walk_beneath(int directory, const FileRequest& request) noexcept -> std::int64_t {
    std::string_view rest = request.target;
    if (rest.empty()) return -ENOENT;
    if (rest.front() == '/') return -EXDEV;
    std::array<char, NAME_MAX + 1> name{};
    int parent = -1;  // the one that is ours to close
    for (;;) {
        const auto slash = std::min(rest.find('/'), rest.size());
        const bool is_last = slash == rest.size();
        const auto part = is_last || slash > 0 ? rest.substr(0, slash) : std::string_view(".");
        std::int64_t next = -ENAMETOOLONG;
        if (part == "..") {
            next = -EXDEV;
        } else if (part.size() <= NAME_MAX) {
            *std::copy(part.begin(), part.end(), name.begin()) = '\0';
            const int flags = is_last ? request.flags : O_PATH | O_DIRECTORY | O_NOFOLLOW;
            const char* const text = part.empty() ? "." : name.data();  // a slash at the end
            next = retried([&] { return ::openat(parent < 0 ? directory : parent, text, flags | O_CLOEXEC); });
            if (next == -ENOTDIR && !is_last && is_link(parent < 0 ? directory : parent, text)) next = -ELOOP;
        }
        if (parent >= 0) ::close(parent);
        if (is_last || next < 0) return next;
        parent = static_cast<int>(next);
        rest.remove_prefix(slash + 1);
    }
}

auto open_root(const FileRequest& request, bool is_known_only) noexcept -> int {
    constexpr int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    if (!is_known_only) {
        return static_cast<int>(retried([&] { return ::openat(request.descriptor, request.path, flags); }));
    }
    open_how how{};
    how.flags = flags;
    how.resolve = RESOLVE_CACHED;
    const auto result = ::syscall(SYS_openat2, request.descriptor, request.path, &how, sizeof how);
    return result < 0 ? -EAGAIN : static_cast<int>(result);
}

/// What an `open_beneath` is told of, besides the descriptor. @return the descriptor, or -errno with it closed.
auto described(int descriptor, const FileRequest& request, bool is_known_only) noexcept -> std::int64_t {
    const bool is_non_blocking = (request.flags & O_NONBLOCK) != 0;
    if (is_non_blocking) settle(descriptor);
    if (request.status == nullptr) return descriptor;
    // Attributes are as fresh as the opening has made them; no server is asked on the loop.
    const int flags = AT_EMPTY_PATH | (is_known_only ? AT_STATX_DONT_SYNC : 0);
    const auto result = retried(
        [&] { return ::statx(descriptor, "", flags, STATX_BASIC_STATS | STATX_BTIME, request.status); });
    if (result == 0) return descriptor;
    ::close(descriptor);
    return result;
}

auto read(const FileRequest& request) noexcept -> std::int64_t {
    return retried([&] {
        return request.offset < 0 ? ::read(request.descriptor, request.buffer, request.size)
                                  : ::pread(request.descriptor, request.buffer, request.size, request.offset);
    });
}

auto write(const FileRequest& request) noexcept -> std::int64_t {
    return retried([&] {
        return request.offset < 0 ? ::write(request.descriptor, request.buffer, request.size)
                                  : ::pwrite(request.descriptor, request.buffer, request.size, request.offset);
    });
}

auto transfer_vector(const FileRequest& request) noexcept -> std::int64_t {
    const auto* const vectors = static_cast<const iovec*>(request.buffer);
    const int count = static_cast<int>(request.vector_count);
    const bool is_read = request.call == FileCall::read_vector;
    return retried([&] {
        if (request.offset < 0) {
            return is_read ? ::readv(request.descriptor, vectors, count) : ::writev(request.descriptor, vectors, count);
        }
        return is_read ? ::preadv(request.descriptor, vectors, count, request.offset)
                       : ::pwritev(request.descriptor, vectors, count, request.offset);
    });
}

auto make_directory(const char* path) noexcept -> int {
    if (*path == 0 || ::mkdir(path, 0777) == 0) return 0;
    if (errno != EEXIST) return -errno;
    struct stat found{};
    if (::stat(path, &found) != 0) return -errno;
    return S_ISDIR(found.st_mode) ? 0 : -ENOTDIR;
}

auto make_directories(const char* path) noexcept -> std::int64_t {
    try {
        const std::string text = path;
        for (std::size_t end = text.find('/', 1);; end = text.find('/', end + 1)) {
            const int result = make_directory(text.substr(0, end).c_str());
            if (result < 0 || end == std::string::npos) return result;
        }
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
}

auto should_stop(const FileRequest& request) noexcept -> bool {
    return request.stop != nullptr && request.stop->load();
}

auto write_all(int descriptor, const char* data, std::size_t size) noexcept -> std::int64_t {
    while (size > 0) {
        const auto count = retried([&] { return ::write(descriptor, data, size); });
        if (count < 0) return count;
        data += count;
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

auto copy_through_memory(const FileRequest& request, std::int64_t copied) noexcept -> std::int64_t {
    const std::unique_ptr<char[]> buffer(new (std::nothrow) char[copy_buffer]);
    if (buffer == nullptr) return -ENOMEM;
    while (!should_stop(request)) {
        const auto count = retried([&] { return ::read(request.descriptor, buffer.get(), copy_buffer); });
        if (count < 0) return count;
        if (count == 0) return copied;
        const auto result = write_all(request.target_descriptor, buffer.get(), static_cast<std::size_t>(count));
        if (result < 0) return result;
        copied += count;
    }
    return -ECANCELED;
}

/// Where a file system, or two of them together, cannot do it in the kernel.
auto is_refusal(std::int64_t result) noexcept -> bool {
    return result == -EXDEV || result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP || result == -EBADF ||
           result == -ETXTBSY || result == -EPERM || result == -EIO;
}

auto copy(const FileRequest& request) noexcept -> std::int64_t {
    std::int64_t copied = 0;
    while (!should_stop(request)) {
        const auto count = retried([&] {
            return ::copy_file_range(request.descriptor, nullptr, request.target_descriptor, nullptr, copy_step, 0);
        });
        // Files of /proc say that they are empty; reading tells.
        if (is_refusal(count) || (count == 0 && copied == 0)) return copy_through_memory(request, copied);
        if (count <= 0) return count < 0 ? count : copied;
        copied += count;
    }
    return -ECANCELED;
}

}  // namespace

auto open_beneath(const FileRequest& request, bool is_known_only) noexcept -> std::int64_t {
    const int directory = open_root(request, is_known_only);
    if (directory < 0) return directory;
    if (is_known_only && !is_local(directory)) {
        ::close(directory);
        return -EAGAIN;
    }
    // What is mounted below may be of elsewhere again.
    auto result = resolve_beneath(directory, request, is_known_only ? RESOLVE_CACHED | RESOLVE_NO_XDEV : 0);
    // Before 5.6, and under the filters of older containers.
    if ((result == -ENOSYS || result == -EPERM) && (request.flags & O_NOFOLLOW) != 0 && !is_known_only) {
        result = walk_beneath(directory, request);
    }
    ::close(directory);
    return result < 0 ? result : described(static_cast<int>(result), request, is_known_only);
}

namespace {

class KernelFiles final : public Files {
public:
    auto perform(const FileRequest& request) noexcept -> std::int64_t override;

    auto duplicate(int descriptor) noexcept -> int override {
        return static_cast<int>(retried([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }));
    }
    // Never retried: after EINTR the number is free already, and may be somebody else's.
    auto close(int descriptor) noexcept -> int override { return ::close(descriptor) == 0 ? 0 : -errno; }
    auto unlink(const std::string& path) noexcept -> int override { return ::unlink(path.c_str()) == 0 ? 0 : -errno; }
    auto seek(int descriptor, std::int64_t offset, int whence) noexcept -> std::int64_t override {
        return retried([&] { return ::lseek(descriptor, offset, whence); });
    }
    auto lock(int descriptor, int operation) noexcept -> int override {
        return static_cast<int>(retried([&] { return ::flock(descriptor, operation | LOCK_NB); }));
    }
    auto open_watch() noexcept -> int override {
        return static_cast<int>(retried([] { return ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }));
    }
    auto add_watch(int descriptor, const std::string& path, std::uint32_t mask) noexcept -> int override {
        return static_cast<int>(retried([&] { return ::inotify_add_watch(descriptor, path.c_str(), mask); }));
    }
    auto remove_watch(int descriptor, int watch) noexcept -> int override {
        return static_cast<int>(retried([&] { return ::inotify_rm_watch(descriptor, watch); }));
    }
    auto read_watch(int descriptor, void* buffer, std::size_t size) noexcept -> std::int64_t override {
        return retried([&] { return ::read(descriptor, buffer, size); });
    }
};

auto KernelFiles::perform(const FileRequest& request) noexcept -> std::int64_t {
    const int at = request.descriptor;
    const int target_at = request.target_descriptor;
    switch (request.call) {
    case FileCall::open:
        return retried([&] { return ::openat(at, request.path, request.flags | O_CLOEXEC, request.mode); });
    case FileCall::open_beneath:
        return open_beneath(request, false);
    case FileCall::close:
        return close(at);
    case FileCall::read:
        return read(request);
    case FileCall::write:
        return write(request);
    case FileCall::read_vector:
    case FileCall::write_vector:
        return transfer_vector(request);
    case FileCall::sync:
        return retried([&] { return ::fsync(at); });
    case FileCall::sync_data:
        return retried([&] { return ::fdatasync(at); });
    case FileCall::truncate:
        return retried([&] { return ::ftruncate(at, request.offset); });
    case FileCall::allocate:
        return retried([&] { return ::fallocate(at, request.flags, request.offset, static_cast<off_t>(request.size)); });
    case FileCall::status:
        return retried(
            [&] { return ::statx(at, request.path, request.flags, STATX_BASIC_STATS | STATX_BTIME, request.status); });
    case FileCall::unlink:
        return retried([&] { return ::unlinkat(at, request.path, request.flags); });
    case FileCall::rename:
        return retried([&] {
            return ::renameat2(at, request.path, target_at, request.target, static_cast<unsigned>(request.flags));
        });
    case FileCall::make_directory:
        return retried([&] { return ::mkdirat(at, request.path, request.mode); });
    case FileCall::link:
        return retried([&] { return ::linkat(at, request.path, target_at, request.target, request.flags); });
    case FileCall::symlink:
        return retried([&] { return ::symlinkat(request.target, at, request.path); });
    case FileCall::read_link:
        return retried([&] { return ::readlinkat(at, request.path, static_cast<char*>(request.buffer), request.size); });
    case FileCall::change_mode:
        return retried([&] { return ::fchmodat(at, request.path, request.mode, 0); });
    case FileCall::read_directory:
        return retried([&] { return ::syscall(SYS_getdents64, at, request.buffer, request.size); });
    case FileCall::make_directories:
        return make_directories(request.path);
    case FileCall::remove_tree:
        return remove_tree(at, request.path, request.stop);
    case FileCall::copy:
        return copy(request);
    case FileCall::space:
        return retried([&] { return ::statvfs(request.path, static_cast<struct statvfs*>(request.buffer)); });
    }
    return -EINVAL;
}

}  // namespace

auto kernel_files() noexcept -> Files& {
    static KernelFiles files;
    return files;
}

}  // namespace gyre::backend
