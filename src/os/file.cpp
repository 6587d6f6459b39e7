#include <gyre/os/file.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/blocking.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace gyre::fs {

namespace {

using internal::run_blocking;

[[noreturn]] void fail(std::int64_t result, std::string_view operation, std::string_view path) {
    throw IoError(std::error_code(static_cast<int>(-result), std::generic_category()), operation, path);
}

auto open_flags(std::string_view mode) -> int {
    if (mode == "r") return O_RDONLY;
    if (mode == "r+") return O_RDWR;
    if (mode == "w") return O_WRONLY | O_CREAT | O_TRUNC;
    if (mode == "x") return O_WRONLY | O_CREAT | O_EXCL;
    if (mode == "a") return O_WRONLY | O_CREAT | O_APPEND;
    throw std::invalid_argument("fs::open: unknown mode '" + std::string(mode) + "'; known are r, r+, w, x and a");
}

auto info_of(const backend::FileStatus& status) noexcept -> FileInfo {
    return {status.size, status.modified_seconds, S_ISREG(status.mode), S_ISDIR(status.mode)};
}

/// Closes what a thread opened for a task that is gone by then.
class OpenedDescriptor {
public:
    OpenedDescriptor(backend::Files& files, int descriptor) noexcept : files_(&files), descriptor_(descriptor) {}
    OpenedDescriptor(OpenedDescriptor&& other) noexcept
        : files_(other.files_), descriptor_(std::exchange(other.descriptor_, -1)) {}
    auto operator=(OpenedDescriptor&&) -> OpenedDescriptor& = delete;
    ~OpenedDescriptor() {
        if (descriptor_ >= 0) files_->close(descriptor_);
    }
    /// A negative errno if the call failed.
    [[nodiscard]] auto result() const noexcept -> int { return descriptor_; }
    [[nodiscard]] auto release() noexcept -> int { return std::exchange(descriptor_, -1); }

private:
    backend::Files* files_;
    int descriptor_;
};

auto loop_files() -> backend::Files& { return this_loop().backend().files(); }

auto random_suffix() -> std::string {
    std::array<std::byte, 6> bytes{};
    this_loop().backend().fill_random(bytes);
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
        text += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
    }
    return text;
}

}  // namespace

File::File(backend::Files& files, int descriptor, std::string path) noexcept
    : files_(&files), descriptor_(descriptor), path_(std::move(path)) {}

File::File(File&& other) noexcept
    : files_(other.files_), descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

auto File::operator=(File&& other) noexcept -> File& {
    std::swap(files_, other.files_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
}

File::~File() {
    if (descriptor_ >= 0) files_->close(descriptor_);
}

auto File::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    auto call = run_blocking(
        "read", [files = files_, descriptor = descriptor_, buffer] { return files->read(descriptor, buffer); });
    const std::int64_t result = co_await std::move(call);
    if (result < 0) fail(result, "read", path_);
    co_return static_cast<std::size_t>(result);
}

auto File::write(std::span<const std::byte> data) -> Task<void> {
    auto call = run_blocking(
        "write", [files = files_, descriptor = descriptor_, data] { return files->write_all(descriptor, data); });
    const std::int64_t result = co_await std::move(call);
    if (result < 0) fail(result, "write", path_);
}

auto File::write(std::string_view data) -> Task<void> { return write(std::as_bytes(std::span(data))); }

auto File::info() -> Task<FileInfo> {
    backend::FileStatus status;
    auto call = run_blocking(
        "stat", [files = files_, descriptor = descriptor_, &status] { return files->status(descriptor, status); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "stat", path_);
    co_return info_of(status);
}

auto File::close() -> Task<void> {
    if (descriptor_ < 0) co_return;
    auto call = run_blocking(
        "close", [files = files_, descriptor = std::exchange(descriptor_, -1)] { return files->close(descriptor); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "close", path_);
}

auto open(std::filesystem::path path, std::string mode) -> Task<File> {
    const int flags = open_flags(mode);
    auto& files = loop_files();
    const std::string text = path.string();
    auto call = run_blocking(
        "open", [&files, text, flags] { return OpenedDescriptor(files, files.open(text, flags, 0666)); });
    auto opened = co_await std::move(call);
    if (opened.result() < 0) fail(opened.result(), "open", text);
    co_return File(files, opened.release(), text);
}

auto open_beneath(std::filesystem::path root, std::string relative) -> Task<File> {
    auto& files = loop_files();
    const std::string root_text = root.string();
    auto call = run_blocking("open", [&files, root_text, relative] {
        // Not blocking on a FIFO that an outsider names; regular files ignore the flag.
        return OpenedDescriptor(files, files.open_beneath(root_text, relative, O_RDONLY | O_NONBLOCK));
    });
    auto opened = co_await std::move(call);
    const std::string text = (root / relative).string();
    if (opened.result() == -EXDEV)
        throw IoError(std::make_error_code(std::errc::permission_denied), "open", text, "the path leaves its directory");
    if (opened.result() == -ELOOP)
        throw IoError(std::make_error_code(std::errc::too_many_symbolic_link_levels), "open", text,
            "a symbolic link is in the path");
    if (opened.result() < 0) fail(opened.result(), "open", text);
    co_return File(files, opened.release(), text);
}

auto duplicate(int descriptor, std::string name) -> Task<File> {
    auto& files = loop_files();
    const int copy = files.duplicate(descriptor);
    if (copy < 0) fail(copy, "duplicate", name);
    co_return File(files, copy, std::move(name));
}

auto stat(std::filesystem::path path) -> Task<FileInfo> {
    auto& files = loop_files();
    const std::string text = path.string();
    backend::FileStatus status;
    auto call = run_blocking("stat", [&files, &text, &status] { return files.status(text, status); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "stat", text);
    co_return info_of(status);
}

auto create_directories(std::filesystem::path path) -> Task<void> {
    auto& files = loop_files();
    const std::string text = path.string();
    auto call = run_blocking("create directory", [&files, &text] { return files.make_directories(text); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "create directory", text);
}

auto remove(std::filesystem::path path) -> Task<void> {
    auto& files = loop_files();
    const std::string text = path.string();
    auto call = run_blocking("remove", [&files, &text] { return files.unlink(text); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "remove", text);
}

auto AtomicFile::create(std::filesystem::path path) -> Task<AtomicFile> {
    const std::string final_path = path.string();
    const std::string hidden = "." + path.filename().string().substr(0, 200) + "." + random_suffix() + ".part";
    auto opening = open(path.parent_path() / hidden, "x");
    auto file = co_await std::move(opening);
    co_return AtomicFile(std::move(file), final_path);
}

AtomicFile::AtomicFile(File file, std::string path) noexcept : file_(std::move(file)), path_(std::move(path)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::move(other.path_)), pending_(std::exchange(other.pending_, false)) {}

auto AtomicFile::operator=(AtomicFile&& other) noexcept -> AtomicFile& {
    std::swap(file_, other.file_);
    std::swap(path_, other.path_);
    std::swap(pending_, other.pending_);
    return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
    if (std::exchange(pending_, false)) file_.files_->unlink(file_.path_);
}

auto AtomicFile::write(std::string_view data) -> Task<void> { return file_.write(data); }

auto AtomicFile::write(std::span<const std::byte> data) -> Task<void> { return file_.write(data); }

auto AtomicFile::commit() -> Task<void> {
    co_await file_.close();
    auto call = internal::run_blocking("rename", [this] { return file_.files_->rename(file_.path_, path_); });
    const int result = co_await std::move(call);
    if (result < 0) fail(result, "rename", path_);
    pending_ = false;
}

}  // namespace gyre::fs
