#include <gyre/backend/own_process.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

namespace gyre::backend {

namespace {

[[noreturn]] void fail(int error, const std::string& text) {
    throw std::system_error(error, std::generic_category(), text);
}

}  // namespace

auto process_number() noexcept -> int { return ::getpid(); }

auto user_number() noexcept -> unsigned { return ::geteuid(); }

auto program_name() -> std::string {
    std::ifstream file("/proc/self/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

auto environment_value(const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

auto is_own_folder(const std::string& path) noexcept -> bool {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
           ::access(path.c_str(), W_OK | X_OK) == 0;
}

void make_private_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail(errno, "mkdir " + path);
    // Opened without following a link, so that what is looked at is what is changed.
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) fail(errno, path + ": this has to be a folder of yours, and nothing else; remove it");
    struct stat found{};
    int error = ::fstat(folder, &found) != 0 ? errno : 0;
    if (error == 0 && found.st_uid != ::geteuid()) {
        ::close(folder);
        fail(EPERM, path + ": belongs to user " + std::to_string(found.st_uid) +
                        ", who could read what is inside: remove it, or set XDG_RUNTIME_DIR to a folder of yours");
    }
    if (error == 0 && (found.st_mode & 0777U) != 0700 && ::fchmod(folder, 0700) != 0) error = errno;
    ::close(folder);
    if (error != 0) fail(error, path + ": cannot be closed to other users");
}

void make_private_file(const std::string& path) {
    if (::chmod(path.c_str(), 0600) != 0) fail(errno, "chmod " + path);
}

}  // namespace gyre::backend
