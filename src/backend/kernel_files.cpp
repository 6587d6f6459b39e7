#include <gyre/backend/files.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace gyre::backend {

namespace {

/// Repeats a call that a signal cut short; a negative errno instead of -1.
template<class Call>
auto retried(Call call) noexcept {
    for (;;) {
        const auto result = call();
        if (result >= 0) return result;
        if (errno != EINTR) return static_cast<decltype(result)>(-errno);
    }
}

void copy_status(const struct stat& from, FileStatus& to) noexcept {
    to.size = static_cast<std::uint64_t>(from.st_size);
    to.modified_seconds = from.st_mtim.tv_sec;
    to.modified_nanoseconds = static_cast<std::uint32_t>(from.st_mtim.tv_nsec);
    to.inode = from.st_ino;
    to.device = from.st_dev;
    to.mode = from.st_mode;
}

class KernelFiles final : public Files {
public:
    auto open(const std::string& path, int flags, mode_t mode) noexcept -> int override {
        return retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
    }

    auto open_beneath(const std::string& root, const std::string& relative, int flags) noexcept -> int override {
        const int directory = open(root, O_PATH | O_DIRECTORY, 0);
        if (directory < 0) return directory;
        open_how how{};
        how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        const auto result = retried(
            [&] { return ::syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof how); });
        ::close(directory);
        return static_cast<int>(result);
    }

    auto duplicate(int descriptor) noexcept -> int override {
        return retried([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); });
    }

    auto close(int descriptor) noexcept -> int override { return ::close(descriptor) == 0 ? 0 : -errno; }

    auto read(int descriptor, std::span<std::byte> buffer) noexcept -> std::int64_t override {
        return retried([&] { return ::read(descriptor, buffer.data(), buffer.size()); });
    }

    auto write_all(int descriptor, std::span<const std::byte> data) noexcept -> std::int64_t override {
        const auto total = static_cast<std::int64_t>(data.size());
        while (!data.empty()) {
            const auto count = retried([&] { return ::write(descriptor, data.data(), data.size()); });
            if (count < 0) return count;
            data = data.subspan(static_cast<std::size_t>(count));
        }
        return total;
    }

    auto status(int descriptor, FileStatus& status) noexcept -> int override {
        struct stat found{};
        if (::fstat(descriptor, &found) != 0) return -errno;
        copy_status(found, status);
        return 0;
    }

    auto status(const std::string& path, FileStatus& status) noexcept -> int override {
        struct stat found{};
        if (::stat(path.c_str(), &found) != 0) return -errno;
        copy_status(found, status);
        return 0;
    }

    auto rename(const std::string& from, const std::string& to) noexcept -> int override {
        return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : -errno;
    }

    auto unlink(const std::string& path) noexcept -> int override { return ::unlink(path.c_str()) == 0 ? 0 : -errno; }

    auto make_directories(const std::string& path) noexcept -> int override {
        for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
            const int result = make_directory(path.substr(0, end));
            if (result < 0 || end == std::string::npos) return result;
        }
    }

private:
    static auto make_directory(const std::string& path) noexcept -> int {
        if (path.empty() || ::mkdir(path.c_str(), 0777) == 0) return 0;
        if (errno != EEXIST) return -errno;
        struct stat found{};
        if (::stat(path.c_str(), &found) != 0) return -errno;
        return S_ISDIR(found.st_mode) ? 0 : -ENOTDIR;
    }
};

}  // namespace

auto kernel_files() noexcept -> Files& {
    static KernelFiles files;
    return files;
}

}  // namespace gyre::backend
