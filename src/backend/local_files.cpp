#include "local_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

namespace gyre::backend {

namespace {

constexpr std::array<std::string_view, 27> local_kinds = {"bcachefs", "btrfs", "cramfs", "devtmpfs", "erofs", "exfat",
    "ext2", "ext3", "ext4", "f2fs", "hfsplus", "iso9660", "jffs2", "jfs", "minix", "msdos", "nilfs2", "ntfs3",
    "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "udf", "vfat"};

/// A mount, as far as it can be told from others without asking its file system: its number is used again when it has gone.
struct Mount {
    std::uint64_t number = 0;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    bool is_known = false;
    bool is_local = false;

    [[nodiscard]] auto is(const Mount& other) const noexcept -> bool {
        return is_known && number == other.number && major == other.major && minor == other.minor;
    }
};

/// What a thread has found out. Trivial, so that it is there at any time in the life of a thread.
struct Mounts {
    std::array<Mount, 16> known;
    std::size_t next;
};

constinit thread_local Mounts mounts{};

auto mount_of(int descriptor, Mount& mount) noexcept -> bool {
    struct statx found{};
    const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    const bool is_told = ::statx(descriptor, "", flags, STATX_MNT_ID, &found) == 0 &&
                         (found.stx_mask & STATX_MNT_ID) != 0;
    if (!is_told) return false;
    mount.number = found.stx_mnt_id;
    mount.major = found.stx_dev_major;
    mount.minor = found.stx_dev_minor;
    return true;
}

auto read_mounts() -> std::string {
    std::string text;
    const int file = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (file < 0) return text;
    std::array<char, 16 * 1024> piece{};
    ssize_t count = 0;
    do {
        count = ::read(file, piece.data(), piece.size());
        if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    } while (count > 0 || (count < 0 && errno == EINTR));
    ::close(file);
    return text;
}

/// The kind of file system of a line of mountinfo(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw".
auto kind_in(std::string_view line) noexcept -> std::string_view {
    constexpr std::string_view before = " - ";
    const auto at = line.find(before);
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + before.size());
    return line.substr(0, line.find(' '));
}

auto kind_of(std::uint64_t mount) -> std::string {
    const std::string text = read_mounts();
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size() - 1, mount).ptr;
    *end = ' ';
    const std::string_view number(digits.data(), static_cast<std::size_t>(end + 1 - digits.data()));
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        if (line.starts_with(number)) return std::string(kind_in(line));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return {};
}

}  // namespace

[[gnu::noinline]] auto is_local(int descriptor) noexcept -> bool {
    Mount mount;
    if (!mount_of(descriptor, mount)) return false;
    for (const auto& known : mounts.known) {
        if (known.is(mount)) return known.is_local;
    }
    try {
        const auto kind = kind_of(mount.number);
        mount.is_local = std::find(local_kinds.begin(), local_kinds.end(), kind) != local_kinds.end();
    } catch (const std::bad_alloc&) {
        return false;
    }
    mount.is_known = true;
    mounts.known[mounts.next++ % mounts.known.size()] = mount;
    return mount.is_local;
}

}  // namespace gyre::backend
