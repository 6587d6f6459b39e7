#pragma once

#include <atomic>
#include <cstdint>

namespace gyre::backend {

/// Removes a name and, if it is a directory, everything in it, as FileCall::remove_tree says.
///
/// Each directory is opened from its parent's descriptor and without following links, so that nobody who swaps one for a
/// link meanwhile can lead it elsewhere. @param stop may be null. @return how many names went, or a negative errno.
[[nodiscard]] auto remove_tree(int directory, const char* path, const std::atomic<bool>* stop) noexcept -> std::int64_t;

}  // namespace gyre::backend
