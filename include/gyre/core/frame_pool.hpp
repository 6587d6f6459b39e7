#pragma once

#include <cstddef>

namespace gyre::internal {

/// Memory for coroutine frames and small runtime objects: size classes with a free list for each thread.
///
/// Blocks may be freed on another thread than the one that allocated them; they then serve that thread.
/// Under AddressSanitizer and ThreadSanitizer every block comes from and goes to the global allocator, so that their
/// reports stay exact.
/// @throws std::bad_alloc.
[[nodiscard]] auto allocate_frame(std::size_t size) -> void*;

/// Gives back what `allocate_frame(size)` gave.
void free_frame(void* block, std::size_t size) noexcept;

/// How many blocks of this thread are in use; a leak check compares two readings. Thread: the caller's figure only.
[[nodiscard]] auto frames_in_use() noexcept -> std::ptrdiff_t;

/// Base that puts objects into the frame pool.
struct Pooled {
    static auto operator new(std::size_t size) -> void* { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
};

}  // namespace gyre::internal
