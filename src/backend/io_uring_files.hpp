#pragma once

#include <gyre/backend/files.hpp>

#include <liburing.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace gyre::backend {

/// What a ring of this kernel can do with files.
class RingFiles {
public:
    /// Asks the kernel. What cannot be asked is taken as missing.
    explicit RingFiles(io_uring& ring) noexcept;

    /// Whether the ring can do this without blocking the loop.
    [[nodiscard]] auto can(const FileRequest& request) const noexcept -> bool;

    /// Writes what the kernel is to do; for requests that it can. The tag is not touched.
    static void describe(io_uring_sqe& entry, const FileRequest& request) noexcept;

    /// What the kernel's answer means. @param is_closing nobody will hear of it: a file that it opened is closed.
    [[nodiscard]] static auto outcome(const FileOperation& operation, std::int64_t result, bool is_closing) noexcept
        -> std::int64_t;

    /// Whether the kernel may be asked again after that answer. A close that was interrupted has freed the number, which may be
    /// somebody else's by now.
    [[nodiscard]] static auto may_repeat(const FileRequest& request, std::int64_t answer) noexcept -> bool {
        return request.call != FileCall::close || answer != -EINTR;
    }

private:
    std::array<bool, 256> known_{};
};

}  // namespace gyre::backend
