#pragma once

#include <gyre/backend/files.hpp>

#include <cstddef>
#include <cstdint>

namespace gyre::backend {

/// Does what is asked if that takes no disk: reads what the page cache has, opens a name beneath a directory that the kernel
/// knows already, and closes what was only read. For a thread costs several times as much.
/// @return as `Files::perform`; -EAGAIN: not so, give it to a thread.
[[nodiscard]] auto perform_now(const FileRequest& request) noexcept -> std::int64_t;

/// `Backend::send_file_now` for a socket and a file of the kernel.
[[nodiscard]] auto send_file_now(int socket, int file, std::uint64_t offset, std::size_t size) noexcept -> std::int64_t;

/// Opens `request.target` beneath `request.path`. @param is_known_only only if the disk need not be asked; else -EAGAIN.
[[nodiscard]] auto open_beneath(const FileRequest& request, bool is_known_only) noexcept -> std::int64_t;

}  // namespace gyre::backend
