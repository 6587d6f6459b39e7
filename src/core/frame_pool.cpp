#include <gyre/core/frame_pool.hpp>

#include "core/plain_allocation.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <new>

#include <pthread.h>

namespace gyre::internal {

namespace {

constinit thread_local std::ptrdiff_t in_use = 0;

#ifdef GYRE_PLAIN_ALLOCATION

auto allocate(std::size_t size) -> void* { return ::operator new(size); }
void free(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

// Blocks of one size class are cut from slabs. A thread has a list of free blocks for each class, and takes and gives them
// in batches; behind the lists are the slabs, which all threads share under one mutex. Of those with nothing in use a few
// are kept, for blocks of any size, and the others go back to the allocator.
constexpr std::size_t class_bytes = 16;
constexpr std::size_t class_count = 65;  // up to 1 KiB; larger frames are rare and go to the allocator
// Large, since the allocator touches pages of its own beside each; and of its own pages one takes only those it needs.
constexpr std::size_t slab_alignment = 512 * 1024;
constexpr std::size_t slab_bytes = slab_alignment - 16;  // the allocator's own words
constexpr std::size_t kept_slabs = 32;  // 16 MiB at most: what is needed again soon has its pages already
constexpr std::size_t kept_bytes_per_class = 128 * 1024;
constexpr std::size_t batch = 32;

constexpr auto class_of(std::size_t size) noexcept -> std::size_t { return (size + class_bytes - 1) / class_bytes; }

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
    bool opened;
    bool closed;
};

constinit thread_local FramePool pool{};

/// Stands at the start of its own memory.
struct alignas(class_bytes) Slab {
    Slab* next;
    Slab* previous;
    FreeBlock* free;
    std::uint32_t used;   ///< Blocks that threads have, in use or in their lists.
    std::uint32_t fresh;  ///< Where those begin that nobody has had yet.
};

[[nodiscard]] auto slab_of(FreeBlock& block) noexcept -> Slab& {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(&block) & ~(slab_alignment - 1));
}

/// Where all threads get blocks from and leave those they do not keep.
class Slabs {
public:
    /// Up to `count` blocks, at least one, in front of `list`. @return how many. @throws std::bad_alloc.
    auto take(std::size_t index, std::size_t count, FreeBlock*& list) -> std::size_t {
        const std::lock_guard lock(mutex_);
        const std::size_t bytes = index * class_bytes;
        Slab* slab = with_room_[index];
        if (slab == nullptr) {
            slab = make_slab();
            link(index, *slab);
        }
        FreeBlock** end = &list;  // in front of what is there, the lowest address first
        FreeBlock* rest = list;
        std::size_t taken = 0;
        for (; taken < count && !full(*slab, bytes); ++taken) {
            void* place = slab->free;
            if (place != nullptr) {
                slab->free = slab->free->next;
            } else {
                place = reinterpret_cast<std::byte*>(slab) + slab->fresh;
                slab->fresh += static_cast<std::uint32_t>(bytes);
            }
            *end = ::new (place) FreeBlock{nullptr};
            end = &(*end)->next;
        }
        *end = rest;
        slab->used += static_cast<std::uint32_t>(taken);
        if (full(*slab, bytes)) unlink(index, *slab);
        return taken;
    }

    /// Takes back the first `count` blocks of `list`.
    void give(std::size_t index, std::size_t count, FreeBlock*& list) noexcept {
        const std::lock_guard lock(mutex_);
        const std::size_t bytes = index * class_bytes;
        for (; count > 0; --count) {
            FreeBlock& block = *list;
            list = block.next;
            Slab& slab = slab_of(block);
            if (full(slab, bytes)) link(index, slab);
            block.next = slab.free;
            slab.free = &block;
            if (--slab.used > 0) continue;
            unlink(index, slab);
            drop(slab);
        }
    }

    void lock() noexcept { mutex_.lock(); }
    void unlock() noexcept { mutex_.unlock(); }

private:
    auto make_slab() -> Slab* {
        void* place = empty_;
        if (empty_ != nullptr) {
            empty_ = empty_->next;
            --empty_count_;
        } else {
            place = ::operator new(slab_bytes, std::align_val_t{slab_alignment});
        }
        auto* slab = ::new (place) Slab{};
        slab->fresh = sizeof(Slab);
        return slab;
    }
    void drop(Slab& slab) noexcept {
        if (empty_count_ == kept_slabs) return ::operator delete(&slab, std::align_val_t{slab_alignment});
        slab.next = empty_;
        empty_ = &slab;
        ++empty_count_;
    }
    static auto full(const Slab& slab, std::size_t bytes) noexcept -> bool {
        return slab.free == nullptr && slab.fresh + bytes > slab_bytes;
    }
    void link(std::size_t index, Slab& slab) noexcept {
        slab.next = with_room_[index];
        slab.previous = nullptr;
        if (slab.next != nullptr) slab.next->previous = &slab;
        with_room_[index] = &slab;
    }
    void unlink(std::size_t index, Slab& slab) noexcept {
        if (slab.next != nullptr) slab.next->previous = slab.previous;
        (slab.previous != nullptr ? slab.previous->next : with_room_[index]) = slab.next;
    }

    std::mutex mutex_;
    std::array<Slab*, class_count> with_room_{};
    Slab* empty_ = nullptr;
    std::size_t empty_count_ = 0;
};

constinit Slabs slabs;

/// Empties the pool at the end of its thread. What a later thread-local destructor frees or allocates is not kept.
struct PoolCloser {
    [[gnu::noinline]] PoolCloser() noexcept {
        pool.opened = true;
        for (std::size_t i = 1; i < class_count; ++i) pool.lists[i].room = kept_bytes_per_class / (i * class_bytes);
    }
    PoolCloser(const PoolCloser&) = delete;
    auto operator=(const PoolCloser&) -> PoolCloser& = delete;
    [[gnu::noinline]] ~PoolCloser() {
        pool.closed = true;
        for (std::size_t i = 1; i < class_count; ++i) {
            auto& list = pool.lists[i];
            slabs.give(i, kept_bytes_per_class / (i * class_bytes) - list.room, list.head);
            list.room = 0;
        }
    }
};

void open_pool() noexcept {
    // A child must not find the slabs locked by a thread that it does not have.
    [[maybe_unused]] static const int registered = pthread_atfork(
        [] { slabs.lock(); }, [] { slabs.unlock(); }, [] { slabs.unlock(); });
    static thread_local const PoolCloser closer;
}

// Never inlined, as everything here that touches the thread-local: its address must not be kept across a suspension that
// ends on another thread (llvm.org/PR47179).
[[gnu::noinline]] auto allocate_slowly(std::size_t index) -> void* {
    if (!pool.opened) open_pool();
    FreeList& list = pool.lists[index];
    const std::size_t taken = slabs.take(index, pool.closed ? 1 : batch, list.head);
    FreeBlock* block = list.head;
    list.head = block->next;
    list.room -= taken - 1;
    return block;
}

[[gnu::noinline]] void free_slowly(void* block, std::size_t index) noexcept {
    if (!pool.opened) open_pool();
    FreeList& list = pool.lists[index];
    list.head = ::new (block) FreeBlock{list.head};
    if (list.room > 0) {
        --list.room;
        return;
    }
    const std::size_t given = pool.closed ? 1 : batch;
    slabs.give(index, given, list.head);
    list.room += given - 1;
}

[[gnu::always_inline]] inline auto allocate(std::size_t size) -> void* {
    const std::size_t index = class_of(size);
    if (index >= class_count) [[unlikely]]
        return ::operator new(size);
    FreeList& list = pool.lists[index];
    FreeBlock* block = list.head;
    if (block == nullptr) [[unlikely]]
        return allocate_slowly(index);
    list.head = block->next;
    ++list.room;
    return block;
}

[[gnu::always_inline]] inline void free(void* block, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (index >= class_count) [[unlikely]]
        return ::operator delete(block);
    FreeList& list = pool.lists[index];
    if (list.room == 0) [[unlikely]]
        return free_slowly(block, index);
    list.head = ::new (block) FreeBlock{list.head};
    --list.room;
}

#endif

}  // namespace

[[gnu::noinline]] auto allocate_frame(std::size_t size) -> void* {
    void* block = allocate(size);
    ++in_use;
    return block;
}

[[gnu::noinline]] void free_frame(void* block, std::size_t size) noexcept {
    --in_use;
    free(block, size);
}

[[gnu::noinline]] auto allocate_for_any_thread(std::size_t size) -> void* { return allocate(size); }

[[gnu::noinline]] void free_on_any_thread(void* block, std::size_t size) noexcept { free(block, size); }

[[gnu::noinline]] auto frames_in_use() noexcept -> std::ptrdiff_t { return in_use; }

}  // namespace gyre::internal
