#include <gyre/core/frame_pool.hpp>

#include <array>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GYRE_PLAIN_ALLOCATION 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GYRE_PLAIN_ALLOCATION 1
#endif
#endif

namespace gyre::internal {

namespace {

constexpr std::size_t class_bytes = 16;
constexpr std::size_t class_count = 64;  // up to 1 KiB; larger frames are rare and go to the allocator
constexpr std::size_t kept_bytes_per_class = 1024 * 1024;

struct FreeBlock {
    FreeBlock* next;
};

struct FreeList {
    FreeBlock* head = nullptr;
    std::size_t count = 0;
};

struct FramePool {
    std::array<FreeList, class_count> lists{};
    std::ptrdiff_t in_use = 0;

    FramePool() = default;
    FramePool(const FramePool&) = delete;
    auto operator=(const FramePool&) -> FramePool& = delete;
    ~FramePool() {
        for (auto& list : lists) {
            while (list.head != nullptr) {
                FreeBlock* block = list.head;
                list.head = block->next;
                ::operator delete(block);
            }
            // Blocks that a later thread-local destructor frees must not be kept by a pool that is gone.
            list.count = kept_bytes_per_class;
        }
    }
};

// A function that is never inlined: a compiler may otherwise keep the address of the thread-local across a suspension
// that ends on another thread (llvm.org/PR47179).
[[gnu::noinline]] auto this_thread_pool() noexcept -> FramePool& {
    static thread_local FramePool pool;
    return pool;
}

[[maybe_unused]] constexpr auto class_of(std::size_t size) noexcept -> std::size_t { return (size - 1) / class_bytes; }

}  // namespace

auto allocate_frame(std::size_t size) -> void* {
    FramePool& pool = this_thread_pool();
#ifndef GYRE_PLAIN_ALLOCATION
    const std::size_t index = class_of(size);
    if (index < class_count) {
        FreeList& list = pool.lists[index];
        if (FreeBlock* block = list.head) {
            list.head = block->next;
            --list.count;
            ++pool.in_use;
            return block;
        }
        void* fresh = ::operator new((index + 1) * class_bytes);
        ++pool.in_use;
        return fresh;
    }
#endif
    void* fresh = ::operator new(size);
    ++pool.in_use;
    return fresh;
}

void free_frame(void* block, std::size_t size) noexcept {
    FramePool& pool = this_thread_pool();
    --pool.in_use;
#ifndef GYRE_PLAIN_ALLOCATION
    const std::size_t index = class_of(size);
    if (index < class_count) {
        FreeList& list = pool.lists[index];
        if (list.count < kept_bytes_per_class / ((index + 1) * class_bytes)) {
            list.head = ::new (block) FreeBlock{list.head};
            ++list.count;
            return;
        }
    }
#else
    static_cast<void>(size);
#endif
    ::operator delete(block);
}

auto frames_in_use() noexcept -> std::ptrdiff_t { return this_thread_pool().in_use; }

}  // namespace gyre::internal
