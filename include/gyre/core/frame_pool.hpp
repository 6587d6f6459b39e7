#pragma once

#include <cstddef>
#include <new>

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

/// The same for what is made on one thread and destroyed on another: `frames_in_use` does not count it. @throws std::bad_alloc.
[[nodiscard]] auto allocate_for_any_thread(std::size_t size) -> void*;
void free_on_any_thread(void* block, std::size_t size) noexcept;

/// How many blocks of this thread are in use; a leak check compares two readings. Thread: the caller's figure only.
[[nodiscard]] auto frames_in_use() noexcept -> std::ptrdiff_t;

/// Base that puts objects into the frame pool.
struct Pooled {
    static auto operator new(std::size_t size) -> void* { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }
};

/// The same for objects that are made on one thread and destroyed on another, and that may hold anything of a user's.
struct PooledForAnyThread {
    static auto operator new(std::size_t size) -> void* { return allocate_for_any_thread(size); }
    static auto operator new(std::size_t size, std::align_val_t alignment) -> void* {
        return ::operator new(size, alignment);
    }
    static void operator delete(void* block, std::size_t size) noexcept { free_on_any_thread(block, size); }
    static void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
        ::operator delete(block, alignment);
    }
};

}  // namespace gyre::internal
