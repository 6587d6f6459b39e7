#include <gyre/os/filesystem.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <gyre/os/atomic_file.hpp>

#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace gyre::fs {

namespace {

using backend::FileCall;
using backend::FileRequest;
using internal::FileWait;
using internal::path_text;
using internal::throw_file_error;

/// A call on one or two paths that gives a number. @throws IoError naming the first.
auto call_on_path(std::string_view what, FileRequest request, std::string path, std::string target = {})
    -> Task<std::int64_t> {
    request.path = path.c_str();
    request.target = target.c_str();
    const std::int64_t result = co_await FileWait(what, request);
    if (result < 0) throw_file_error(result, what, path);
    co_return result;
}

auto call_on_path(std::string_view what, FileCall call, std::string path) -> Task<void> {
    FileRequest request;
    request.call = call;
    auto calling = call_on_path(what, request, std::move(path), {});
    co_await std::move(calling);
}

auto status_of(std::filesystem::path path, int flags) -> Task<FileInfo> {
    struct statx status{};
    FileRequest request;
    request.call = FileCall::status;
    request.flags = flags;
    request.status = &status;
    auto calling = call_on_path("stat", request, path_text(path));
    co_await std::move(calling);
    co_return internal::info_of(status);
}

[[noreturn]] void throw_too_large(const std::string& path, std::size_t limit) {
    throw LimitError("read " + path + ": more than the limit of " + std::to_string(limit) + " bytes");
}

/// Reads a file from its beginning into something that can be resized.
template<class Bytes>
auto read_whole(File& file, Bytes bytes, std::size_t limit) -> Task<Bytes> {
    const FileInfo info = co_await file.info();
    if (info.size > limit) throw_too_large(file.path(), limit);
    std::size_t have = 0;
    // One byte more than it says: the end is seen with the last of it, and a file of /proc says 0.
    bytes.resize(info.size > 0 ? info.size + 1 : std::min(limit, std::size_t{4096}) + 1);
    for (;;) {
        const std::span<std::byte> rest = std::as_writable_bytes(std::span(bytes).subspan(have));
        const std::size_t count = co_await file.pread(rest, have);
        have += count;
        if (have > limit) throw_too_large(file.path(), limit);
        if (count < rest.size()) break;
        bytes.resize(have + std::min(have, limit - have) + 1);
    }
    bytes.resize(have);
    co_return bytes;
}

template<class Bytes>
auto read_path(std::filesystem::path path, std::size_t limit) -> Task<Bytes> {
    auto opening = open(std::move(path), "r");
    auto file = co_await std::move(opening);
    auto reading = read_whole<Bytes>(file, Bytes(), limit);
    auto bytes = co_await std::move(reading);
    co_await file.close();
    co_return bytes;
}

auto write_atomically(std::filesystem::path path, std::span<const std::byte> data, WriteOptions options) -> Task<void> {
    auto creating = AtomicFile::create(std::move(path), OpenOptions{.permissions = options.permissions});
    auto file = co_await std::move(creating);
    co_await file.write(data);
    co_await file.commit(options.durable);
}

}  // namespace

auto read_text(std::filesystem::path path, std::size_t limit) -> Task<std::string> {
    return read_path<std::string>(std::move(path), limit);
}

auto read_bytes(std::filesystem::path path, std::size_t limit) -> Task<std::vector<std::byte>> {
    return read_path<std::vector<std::byte>>(std::move(path), limit);
}

auto write_bytes(std::filesystem::path path, std::span<const std::byte> data, WriteOptions options) -> Task<void> {
    if (options.atomic) {
        auto writing = write_atomically(std::move(path), data, options);
        co_await std::move(writing);
        co_return;
    }
    auto opening = open(std::move(path), "w", OpenOptions{.permissions = options.permissions});
    auto file = co_await std::move(opening);
    co_await file.write(data);
    if (options.durable) co_await file.sync();
    co_await file.close();
}

auto write_text(std::filesystem::path path, std::string_view text, WriteOptions options) -> Task<void> {
    return write_bytes(std::move(path), std::as_bytes(std::span(text)), options);
}

auto stat(std::filesystem::path path) -> Task<FileInfo> { return status_of(std::move(path), 0); }

auto lstat(std::filesystem::path path) -> Task<FileInfo> { return status_of(std::move(path), AT_SYMLINK_NOFOLLOW); }

auto exists(std::filesystem::path path) -> Task<bool> {
    const std::string text = path_text(path);
    struct statx status{};
    FileRequest request;
    request.call = FileCall::status;
    request.path = text.c_str();
    request.status = &status;
    const std::int64_t result = co_await FileWait("stat", request);
    if (result == -ENOENT || result == -ENOTDIR) co_return false;
    if (result < 0) throw_file_error(result, "stat", text);
    co_return true;
}

auto create_directory(std::filesystem::path path, unsigned permissions) -> Task<void> {
    FileRequest request;
    request.call = FileCall::make_directory;
    request.mode = static_cast<mode_t>(permissions);
    auto calling = call_on_path("create directory", request, path_text(path));
    co_await std::move(calling);
}

auto create_directories(std::filesystem::path path) -> Task<void> {
    return call_on_path("create directory", FileCall::make_directories, path_text(path));
}

auto remove(std::filesystem::path path) -> Task<void> {
    return call_on_path("remove", FileCall::unlink, path_text(path));
}

auto remove_directory(std::filesystem::path path) -> Task<void> {
    FileRequest request;
    request.call = FileCall::unlink;
    request.flags = AT_REMOVEDIR;
    auto calling = call_on_path("remove directory", request, path_text(path));
    co_await std::move(calling);
}

auto remove_all(std::filesystem::path path) -> Task<std::uint64_t> {
    const std::string text = path_text(path);
    FileRequest request;
    request.call = FileCall::remove_tree;
    request.path = text.c_str();
    const std::int64_t result = co_await FileWait("remove all", request);
    if (result == -ENOENT) co_return 0;
    if (result < 0) throw_file_error(result, "remove all", text);
    co_return static_cast<std::uint64_t>(result);
}

auto rename(std::filesystem::path from, std::filesystem::path to, bool replace) -> Task<void> {
    FileRequest request;
    request.call = FileCall::rename;
    request.flags = replace ? 0 : RENAME_NOREPLACE;
    auto calling = call_on_path("rename", request, path_text(from), path_text(to));
    co_await std::move(calling);
}

auto symlink(std::filesystem::path target, std::filesystem::path link) -> Task<void> {
    FileRequest request;
    request.call = FileCall::symlink;
    auto calling = call_on_path("create symbolic link", request, path_text(link), path_text(target));
    co_await std::move(calling);
}

auto read_link(std::filesystem::path path) -> Task<std::filesystem::path> {
    std::array<char, 4096> buffer;  // PATH_MAX: no link says more
    FileRequest request;
    request.call = FileCall::read_link;
    request.buffer = buffer.data();
    request.size = buffer.size();
    auto calling = call_on_path("read link", request, path_text(path));
    const std::int64_t size = co_await std::move(calling);
    co_return std::filesystem::path(std::string(buffer.data(), static_cast<std::size_t>(size)));
}

auto hard_link(std::filesystem::path target, std::filesystem::path link) -> Task<void> {
    FileRequest request;
    request.call = FileCall::link;
    auto calling = call_on_path("link", request, path_text(target), path_text(link));
    co_await std::move(calling);
}

auto set_permissions(std::filesystem::path path, unsigned permissions) -> Task<void> {
    FileRequest request;
    request.call = FileCall::change_mode;
    request.mode = static_cast<mode_t>(permissions);
    auto calling = call_on_path("set permissions", request, path_text(path));
    co_await std::move(calling);
}

auto space(std::filesystem::path path) -> Task<SpaceInfo> {
    struct statvfs found{};
    FileRequest request;
    request.call = FileCall::space;
    request.buffer = &found;
    request.size = sizeof found;
    auto calling = call_on_path("space", request, path_text(path));
    co_await std::move(calling);
    SpaceInfo info;
    info.capacity = std::uint64_t{found.f_blocks} * found.f_frsize;
    info.free = std::uint64_t{found.f_bfree} * found.f_frsize;
    info.available = std::uint64_t{found.f_bavail} * found.f_frsize;
    co_return info;
}

}  // namespace gyre::fs
