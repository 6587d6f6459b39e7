#include "io_uring_files.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace gyre::backend {

namespace {

constexpr unsigned truncate_code = 55;  // IORING_OP_FTRUNCATE, since 6.9; liburing 2.3 does not name it
constexpr unsigned none = 255;

auto code_of(FileCall call) noexcept -> unsigned {
    switch (call) {
    case FileCall::open:
        return IORING_OP_OPENAT;
    case FileCall::close:
        return IORING_OP_CLOSE;
    case FileCall::read:
        return IORING_OP_READ;
    case FileCall::write:
        return IORING_OP_WRITE;
    case FileCall::read_vector:
        return IORING_OP_READV;
    case FileCall::write_vector:
        return IORING_OP_WRITEV;
    case FileCall::sync:
    case FileCall::sync_data:
        return IORING_OP_FSYNC;
    case FileCall::truncate:
        return truncate_code;
    case FileCall::allocate:
        return IORING_OP_FALLOCATE;
    case FileCall::status:
        return IORING_OP_STATX;
    case FileCall::unlink:
        return IORING_OP_UNLINKAT;
    case FileCall::rename:
        return IORING_OP_RENAMEAT;
    case FileCall::make_directory:
        return IORING_OP_MKDIRAT;
    case FileCall::link:
        return IORING_OP_LINKAT;
    case FileCall::symlink:
        return IORING_OP_SYMLINKAT;
    case FileCall::open_beneath:
    case FileCall::read_link:
    case FileCall::change_mode:
    case FileCall::read_directory:
    case FileCall::make_directories:
    case FileCall::remove_tree:
    case FileCall::copy:
    case FileCall::space:
        break;
    }
    return none;
}

/// The kernel moves at most so much in one call, and an entry has 32 bits for it.
auto size_of(const FileRequest& request) noexcept -> unsigned {
    return static_cast<unsigned>(std::min<std::size_t>(request.size, std::size_t{1} << 30));
}

auto vectors_of(const FileRequest& request) noexcept -> const iovec* {
    return static_cast<const iovec*>(request.buffer);
}

void describe_truncate(io_uring_sqe& entry, const FileRequest& request) noexcept {
    io_uring_prep_nop(&entry);
    entry.opcode = truncate_code;
    entry.fd = request.descriptor;
    entry.off = static_cast<std::uint64_t>(request.offset);
}

}  // namespace

RingFiles::RingFiles(io_uring& ring) noexcept {
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
    if (probe == nullptr) return;
    for (unsigned code = 0; code < none; ++code) {
        known_[code] = code <= probe->last_op && (probe->ops[code].flags & IO_URING_OP_SUPPORTED) != 0;
    }
    io_uring_free_probe(probe);
}

auto RingFiles::can(const FileRequest& request) const noexcept -> bool {
    if (request.call == FileCall::allocate && request.size > std::numeric_limits<std::uint32_t>::max()) return false;
    return known_[code_of(request.call)];
}

void RingFiles::describe(io_uring_sqe& entry, const FileRequest& request) noexcept {
    const int at = request.descriptor;
    const auto offset = static_cast<std::uint64_t>(request.offset);
    switch (request.call) {
    case FileCall::open:
        return io_uring_prep_openat(&entry, at, request.path, request.flags | O_CLOEXEC, request.mode);
    case FileCall::close:
        return io_uring_prep_close(&entry, at);
    case FileCall::read:
        return io_uring_prep_read(&entry, at, request.buffer, size_of(request), offset);
    case FileCall::write:
        return io_uring_prep_write(&entry, at, request.buffer, size_of(request), offset);
    case FileCall::read_vector:
        return io_uring_prep_readv(&entry, at, vectors_of(request), request.vector_count, offset);
    case FileCall::write_vector:
        return io_uring_prep_writev(&entry, at, vectors_of(request), request.vector_count, offset);
    case FileCall::sync:
        return io_uring_prep_fsync(&entry, at, 0);
    case FileCall::sync_data:
        return io_uring_prep_fsync(&entry, at, IORING_FSYNC_DATASYNC);
    case FileCall::truncate:
        return describe_truncate(entry, request);
    case FileCall::allocate:
        return io_uring_prep_fallocate(&entry, at, request.flags, request.offset, static_cast<off_t>(request.size));
    case FileCall::status:
        return io_uring_prep_statx(
            &entry, at, request.path, request.flags, STATX_BASIC_STATS | STATX_BTIME, request.status);
    case FileCall::unlink:
        return io_uring_prep_unlinkat(&entry, at, request.path, request.flags);
    case FileCall::rename:
        return io_uring_prep_renameat(
            &entry, at, request.path, request.target_descriptor, request.target, static_cast<unsigned>(request.flags));
    case FileCall::make_directory:
        return io_uring_prep_mkdirat(&entry, at, request.path, request.mode);
    case FileCall::link:
        return io_uring_prep_linkat(&entry, at, request.path, request.target_descriptor, request.target, request.flags);
    case FileCall::symlink:
        return io_uring_prep_symlinkat(&entry, request.target, at, request.path);
    case FileCall::open_beneath:
    case FileCall::read_link:
    case FileCall::change_mode:
    case FileCall::read_directory:
    case FileCall::make_directories:
    case FileCall::remove_tree:
    case FileCall::copy:
    case FileCall::space:
        return io_uring_prep_nop(&entry);  // `can` says no
    }
}

auto RingFiles::outcome(const FileOperation& operation, std::int64_t result, bool is_closing) noexcept -> std::int64_t {
    if (result == -EINTR && operation.cancelling) return -ECANCELED;
    if (is_closing && result >= 0 && operation.request.call == FileCall::open) {
        ::close(static_cast<int>(result));
        return -ECANCELED;
    }
    return result;
}

}  // namespace gyre::backend
