#include "os/file_state.hpp"

#include "core/hex_text.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace gyre::internal {

void FileState::forget_ahead() {
    if (ahead.empty()) return;
    const std::int64_t result = files.seek(descriptor, -static_cast<std::int64_t>(ahead.size()), SEEK_CUR);
    if (result == -ESPIPE) return;  // a terminal or a pipe: reading and writing have nothing to do with one another
    if (result < 0) throw_file_error(result, "seek", path);
    ahead.clear();
}

FileTurn::FileTurn(const std::shared_ptr<FileState>& file, std::string_view operation, Kind kind)
    : file_(file.get()), kind_(kind) {
    if (file_ == nullptr) throw InvalidStateError(std::string(operation) + ": this File was moved from");
    if (file_->descriptor < 0)
        throw InvalidStateError(std::string(operation) + " " + file_->path + ": the file is closed");
    if (kind == Kind::positioned && file_->is_positioned) {
        throw InvalidStateError(std::string(operation) + " " + file_->path +
                                ": another task is at the position of this file; one at a time, or pread and pwrite");
    }
    ++file_->calls;
    if (kind == Kind::positioned) file_->is_positioned = true;
}

FileTurn::~FileTurn() {
    --file_->calls;
    if (kind_ == Kind::positioned) file_->is_positioned = false;
}

void throw_file_error(std::int64_t result, std::string_view operation, std::string_view path) {
    throw IoError(std::error_code(static_cast<int>(-result), std::generic_category()), operation, path);
}

auto path_text(const std::filesystem::path& path) -> std::string {
    std::string text = path.string();
    if (text.find('\0') != std::string::npos) throw std::invalid_argument("a path has a zero byte in it: " + text);
    return text;
}

auto random_name() -> std::string { return random_hex<6>(); }

auto or_temporary_directory(std::filesystem::path directory) -> std::filesystem::path {
    if (!directory.empty()) return directory;
    const char* const chosen = std::getenv("TMPDIR");
    return chosen != nullptr && *chosen != 0 ? chosen : "/tmp";
}

auto loop_files() -> backend::Files& { return this_loop().backend().files(); }

auto file_type(std::uint32_t mode) noexcept -> fs::FileType {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return fs::FileType::regular;
    case S_IFDIR:
        return fs::FileType::directory;
    case S_IFLNK:
        return fs::FileType::symlink;
    case S_IFIFO:
        return fs::FileType::fifo;
    case S_IFSOCK:
        return fs::FileType::socket;
    case S_IFCHR:
        return fs::FileType::character_device;
    case S_IFBLK:
        return fs::FileType::block_device;
    default:
        return fs::FileType::unknown;
    }
}

auto info_of(const struct statx& status) noexcept -> fs::FileInfo {
    const auto time = [](const statx_timestamp& stamp) {
        return fs::FileTime(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
    };
    fs::FileInfo info;
    info.type = file_type(status.stx_mode);
    info.is_regular = info.type == fs::FileType::regular;
    info.is_directory = info.type == fs::FileType::directory;
    info.is_symlink = info.type == fs::FileType::symlink;
    info.size = status.stx_size;
    info.allocated_size = std::uint64_t{status.stx_blocks} * 512;
    info.permissions = status.stx_mode & 07777U;
    info.owner = status.stx_uid;
    info.group = status.stx_gid;
    info.device = (std::uint64_t{status.stx_dev_major} << 32) | status.stx_dev_minor;
    info.inode = status.stx_ino;
    info.link_count = status.stx_nlink;
    info.modified = time(status.stx_mtime);
    info.accessed = time(status.stx_atime);
    info.changed = time(status.stx_ctime);
    if ((status.stx_mask & STATX_BTIME) != 0) info.created = time(status.stx_btime);
    return info;
}

}  // namespace gyre::internal
