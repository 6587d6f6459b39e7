#include <gyre/core/frame_pool.hpp>

#include "core/plain_allocation.hpp"

#include <array>
#include <new>

namespace gyre::internal {

namespace {

// Sizes of 16 n + 8 waste nothing: glibc's blocks are 16 n bytes with 8 of its own in front.
constexpr std::size_t class_bytes = 16;
constexpr std::size_t class_count = 64;  // up to 1 KiB; larger frames are rare and go to the allocator
constexpr std::size_t kept_bytes_per_class = 1024 * 1024;

[[maybe_unused]] constexpr auto class_of(std::size_t size) noexcept -> std::size_t { return (size + 7) / class_bytes; }
constexpr auto bytes_of(std::size_t index) noexcept -> std::size_t { return index * class_bytes + 8; }

struct FreeBlock {
    FreeBlock* next;
};

struct FreeList {
    FreeBlock* head;
    std::size_t room;  ///< How many more it keeps; zero in a thread that has not opened its pool yet, or closed it.
};

/// Zero from the start and trivially destroyed, so that it is there at any time in the life of a thread, without a check.
struct FramePool {
    std::array<FreeList, class_count> lists;
    std::ptrdiff_t in_use;
    bool opened;
};

constinit thread_local FramePool pool{};

/// Empties the pool at the end of its thread. Blocks that a later thread-local destructor frees find no room.
struct PoolCloser {
    [[gnu::noinline]] PoolCloser() noexcept { pool.opened = true; }
    PoolCloser(const PoolCloser&) = delete;
    auto operator=(const PoolCloser&) -> PoolCloser& = delete;
    [[gnu::noinline]] ~PoolCloser() {
        for (auto& list : pool.lists) {
            while (list.head != nullptr) {
                FreeBlock* block = list.head;
                list.head = block->next;
                ::operator delete(block);
            }
            list.room = 0;
        }
    }
};

// Never inlined, as everything here that touches the thread-local: its address must not be kept across a suspension that
// ends on another thread (llvm.org/PR47179).
[[maybe_unused, gnu::noinline]] void free_slowly(void* block, std::size_t index) noexcept {
    if (!pool.opened) {
        static thread_local const PoolCloser closer;
        for (std::size_t i = 0; i < class_count; ++i) pool.lists[i].room = kept_bytes_per_class / bytes_of(i);
        FreeList& list = pool.lists[index];
        list.head = ::new (block) FreeBlock{list.head};
        --list.room;
    } else {
        ::operator delete(block);
    }
}

}  // namespace

[[gnu::noinline]] auto allocate_frame(std::size_t size) -> void* {
#ifndef GYRE_PLAIN_ALLOCATION
    const std::size_t index = class_of(size);
    if (index < class_count) {
        FreeList& list = pool.lists[index];
        ++pool.in_use;
        if (FreeBlock* block = list.head) {
            list.head = block->next;
            ++list.room;
            return block;
        }
        size = bytes_of(index);
        --pool.in_use;  // until it is had
    }
#endif
    void* fresh = ::operator new(size);
    ++pool.in_use;
    return fresh;
}

[[gnu::noinline]] void free_frame(void* block, std::size_t size) noexcept {
    --pool.in_use;
#ifndef GYRE_PLAIN_ALLOCATION
    const std::size_t index = class_of(size);
    if (index < class_count) {
        FreeList& list = pool.lists[index];
        if (list.room == 0) return free_slowly(block, index);
        list.head = ::new (block) FreeBlock{list.head};
        --list.room;
        return;
    }
#else
    static_cast<void>(size);
#endif
    ::operator delete(block);
}

[[gnu::noinline]] auto frames_in_use() noexcept -> std::ptrdiff_t { return pool.in_use; }

}  // namespace gyre::internal
