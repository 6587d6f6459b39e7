#include <gyre/os/file.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace gyre::internal {

auto open_beneath(std::filesystem::path root, std::string relative, int flags) -> Task<OpenedBeneath> {
    const std::string root_text = path_text(root);
    const std::string relative_text = path_text(relative);
    backend::FileRequest request;
    request.call = backend::FileCall::open_beneath;
    request.path = root_text.c_str();
    request.target = relative_text.c_str();
    request.flags = flags | O_RDONLY | O_NONBLOCK;  // not blocking on a FIFO that an outsider names
    struct statx status{};
    request.status = &status;
    const std::int64_t result = co_await FileWait("open", request);
    OpenedBeneath opened;
    if (result >= 0) opened.descriptor = OwnedDescriptor(static_cast<int>(result));
    opened.path = (root / relative).string();
    opened.info = info_of(status);
    if (result == -EXDEV) {
        throw IoError(
            std::make_error_code(std::errc::permission_denied), "open", opened.path, "the path leaves its directory");
    }
    if (result == -ELOOP) {
        throw IoError(std::make_error_code(std::errc::too_many_symbolic_link_levels), "open", opened.path,
            "a symbolic link is in the path");
    }
    if (result == -ENOSYS) {
        throw IoError(std::make_error_code(std::errc::function_not_supported), "open", opened.path,
            "following links below a directory needs openat2(2), which this kernel, or its filter, does not have");
    }
    if (result < 0) throw_file_error(result, "open", opened.path);
    co_return opened;
}

}  // namespace gyre::internal

namespace gyre::fs {

namespace {

using backend::FileCall;
using backend::FileRequest;
using internal::FileWait;
using internal::path_text;
using internal::throw_file_error;

[[noreturn]] void refuse_mode(std::string_view mode) {
    throw std::invalid_argument(
        "fs::open: unknown mode '" + std::string(mode) + "'; known are r, w, x and a, each with or without +, and b");
}

auto flags_of(std::string_view mode) -> int {
    if (mode.empty()) refuse_mode(mode);
    const std::string_view more = mode.substr(1);
    const bool both = more == "+" || more == "+b" || more == "b+";
    if (!both && !more.empty() && more != "b") refuse_mode(mode);
    switch (mode.front()) {
    case 'r':
        return both ? O_RDWR : O_RDONLY;
    case 'w':
        return (both ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
    case 'x':
        return (both ? O_RDWR : O_WRONLY) | O_CREAT | O_EXCL;
    case 'a':
        return (both ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
    default:
        refuse_mode(mode);
    }
}

auto flags_of(const OpenOptions& options) noexcept -> int {
    return (options.direct ? O_DIRECT : 0) | (options.synchronous ? O_SYNC : 0) | (options.follow_link ? 0 : O_NOFOLLOW);
}

auto open_with(std::string path, int flags, unsigned permissions, std::size_t read_ahead) -> Task<File> {
    FileRequest request;
    request.call = FileCall::open;
    request.path = path.c_str();
    request.flags = flags;
    request.mode = static_cast<mode_t>(permissions);
    const std::int64_t result = co_await FileWait("open", request);
    if (result < 0) throw_file_error(result, "open", path);
    co_return File::adopt(static_cast<int>(result), std::move(path), read_ahead);
}

}  // namespace

auto open(std::filesystem::path path, std::string mode, OpenOptions options) -> Task<File> {
    const int flags = flags_of(mode) | flags_of(options);
    auto opening = open_with(path_text(path), flags, options.permissions, options.direct ? 0 : options.read_ahead);
    auto file = co_await std::move(opening);
    co_return file;
}

auto open_beneath(std::filesystem::path root, std::string relative, BeneathOptions options) -> Task<File> {
    auto opening = internal::open_beneath(std::move(root), std::move(relative), options.follow_links ? 0 : O_NOFOLLOW);
    auto opened = co_await std::move(opening);
    co_return File::adopt(opened.descriptor.release(), std::move(opened.path));
}

auto duplicate(int descriptor, std::string name) -> Task<File> {
    const int copy = internal::loop_files().duplicate(descriptor);
    if (copy < 0) throw_file_error(copy, "duplicate", name);
    co_return File::adopt(copy, std::move(name));
}

auto temporary_file(std::filesystem::path directory) -> Task<File> {
    directory = internal::or_temporary_directory(std::move(directory));
    const std::string text = path_text(directory);
    FileRequest request;
    request.call = FileCall::open;
    request.path = text.c_str();
    request.flags = O_RDWR | O_TMPFILE | O_EXCL;
    request.mode = 0600;
    std::string name_of_file = text + " (temporary file)";  // what may throw comes before there is a descriptor
    const std::int64_t result = co_await FileWait("open temporary file", request);
    if (result >= 0) co_return File::adopt(static_cast<int>(result), std::move(name_of_file));
    // EISDIR: a kernel that does not know the flag.
    if (result != -EOPNOTSUPP && result != -EISDIR) throw_file_error(result, "open temporary file", text);
    const std::string name = path_text(directory / (".gyre-" + internal::random_name()));
    auto opening = open_with(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, 65'536);
    auto file = co_await std::move(opening);
    internal::loop_files().unlink(name);
    co_return file;
}

}  // namespace gyre::fs
