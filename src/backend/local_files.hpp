#pragma once

namespace gyre::backend {

/// Is the descriptor that of a file, or of an O_PATH, of a file system on this machine? Opening and closing a file asks nobody
/// else there; over a network, or where a process makes up the file system, both may wait for an answer.
/// It waits for nothing itself. What is not known counts as far away. Thread: any.
[[nodiscard]] auto is_local(int descriptor) noexcept -> bool;

}  // namespace gyre::backend
