#include "net/unix_path.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace gyre::internal {

namespace {

/// What stands at `path` now, symbolic links not followed; false if that is no socket.
auto find_socket(const std::string& path, struct stat& found) noexcept -> bool {
    return ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

}  // namespace

UnixPath::UnixPath(const net::Address& address, const LoopSockets& sockets) {
    if (sockets.backend.name() == "sim" || address.path().starts_with('\0')) return;
    std::string path(address.path());
    struct stat found{};
    if (path.empty() || !find_socket(path, found)) return;
    device_ = found.st_dev;
    inode_ = found.st_ino;
    path_ = std::move(path);
}

UnixPath::UnixPath(UnixPath&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

auto UnixPath::operator=(UnixPath&& other) noexcept -> UnixPath& {
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
    return *this;
}

void UnixPath::remove() noexcept {
    if (path_.empty()) return;
    struct stat found{};
    if (find_socket(path_, found) && found.st_dev == device_ && found.st_ino == inode_) {
        ::unlink(path_.c_str());  // seam: the name belongs to the socket, which is the backend's
    }
    path_.clear();
}

auto address_of_path(const std::string& path, std::string_view operation) -> net::Address {
    try {
        return net::Address::from_path(path);
    } catch (const std::invalid_argument& error) {
        const auto code = path.empty() ? std::errc::invalid_argument : std::errc::filename_too_long;
        throw IoError(std::make_error_code(code), operation, "unix:" + path, error.what());
    }
}

auto is_stale_socket(net::Address address) -> Task<bool> {
    const UnixPath path(address, loop_sockets());
    if (!path.exists()) co_return false;
    const auto probe = Socket::open(address, SOCK_STREAM, "listen");
    sockaddr_storage target = address.storage();
    const auto result = co_await probe.connect(target, address.length());
    co_return result == -ECONNREFUSED;
}

}  // namespace gyre::internal
