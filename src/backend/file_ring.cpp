#include "file_ring.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace gyre::backend {

FileRing::FileRing() : news_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
    if (news_.get() < 0) throw std::system_error{errno, std::generic_category(), "eventfd, for a ring of files"};
    ring_.check_usable();
    if (const int result = ring_.notify(news_.get()); result < 0) {
        throw std::system_error{-result, std::generic_category(), "io_uring_register_eventfd"};
    }
}

auto FileRing::start(FileOperation& operation) noexcept -> bool {
    return files_.can(operation.request) && submit(operation);
}

auto FileRing::submit(FileOperation& operation) noexcept -> bool {
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) return false;
    RingFiles::describe(*entry, operation.request);
    io_uring_sqe_set_data64(entry, reinterpret_cast<std::uintptr_t>(&operation));
    ++with_kernel_;
    return true;
}

void FileRing::cancel(FileOperation& operation) noexcept { ring_.cancel(reinterpret_cast<std::uintptr_t>(&operation)); }

}  // namespace gyre::backend
