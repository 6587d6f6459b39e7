#include <gyre/exec/job.hpp>

#include "core/plain_allocation.hpp"

#include <array>
#include <new>

namespace gyre::internal {

#ifdef GYRE_PLAIN_ALLOCATION

auto allocate_job(std::size_t size) -> void* { return ::operator new(size); }
void free_job(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 4;  // larger jobs go to the allocator
constexpr std::size_t batch_size = 64;  // so many blocks travel at once
constexpr std::size_t shared_batches = 512;

struct Block {
    Block* next;        ///< In its batch.
    Block* next_batch;  ///< Of the first block of a batch.
};

/// Batches of free blocks that any thread may take.
struct SharedBlocks {
    std::atomic<Block*> batches{nullptr};
    std::atomic<std::size_t> count{0};

    /// @return false if there are enough.
    auto put(Block& batch) noexcept -> bool {
        if (count.fetch_add(1, std::memory_order_relaxed) >= shared_batches) {
            count.fetch_sub(1, std::memory_order_relaxed);
            return false;
        }
        batch.next_batch = batches.load(std::memory_order_relaxed);
        while (!batches.compare_exchange_weak(
            batch.next_batch, &batch, std::memory_order_release, std::memory_order_relaxed)) {}
        return true;
    }
    /// All of them: taking a single one would need protection against its return meanwhile.
    auto take_all() noexcept -> Block* {
        if (batches.load(std::memory_order_relaxed) == nullptr) return nullptr;
        Block* taken = batches.exchange(nullptr, std::memory_order_acquire);
        std::size_t taken_count = 0;
        for (Block* batch = taken; batch != nullptr; batch = batch->next_batch) ++taken_count;
        count.fetch_sub(taken_count, std::memory_order_relaxed);
        return taken;
    }
};

void delete_blocks(Block* block) noexcept {
    while (block != nullptr) ::operator delete(std::exchange(block, block->next));
}

auto shared_blocks(std::size_t index) noexcept -> SharedBlocks& {
    // Never destroyed: threads that end late still give blocks back.
    alignas(SharedBlocks) static unsigned char storage[class_count * sizeof(SharedBlocks)];
    static auto* const all = [] {
        auto* first = reinterpret_cast<SharedBlocks*>(storage);
        for (std::size_t i = 0; i < class_count; ++i) ::new (static_cast<void*>(first + i)) SharedBlocks;
        return first;
    }();
    return all[index];
}

/// The free blocks of one thread and one size.
struct Cache {
    Block* taking = nullptr;   ///< What the next allocations get.
    Block* batches = nullptr;  ///< Whole batches for later.
    Block* giving = nullptr;   ///< What was freed: less than a batch.
    std::size_t giving_count = 0;

    auto allocate(std::size_t index) noexcept -> Block* {
        if (taking == nullptr) refill(index);
        if (taking == nullptr) return nullptr;
        return std::exchange(taking, taking->next);
    }
    void refill(std::size_t index) noexcept {
        if (giving != nullptr) {
            taking = std::exchange(giving, nullptr);
            giving_count = 0;
            return;
        }
        if (batches == nullptr) batches = shared_blocks(index).take_all();
        if (batches != nullptr) taking = std::exchange(batches, batches->next_batch);
    }
    void free(void* memory, std::size_t index) noexcept {
        giving = ::new (memory) Block{giving, nullptr};
        if (++giving_count < batch_size) return;
        Block* batch = std::exchange(giving, nullptr);
        giving_count = 0;
        if (!shared_blocks(index).put(*batch)) delete_blocks(batch);
    }
    void clear() noexcept {
        delete_blocks(std::exchange(taking, nullptr));
        delete_blocks(std::exchange(giving, nullptr));
        giving_count = 0;
        while (batches != nullptr) delete_blocks(std::exchange(batches, batches->next_batch));
    }
};

struct Caches {
    std::array<Cache, class_count> caches{};
    bool open = true;

    Caches() = default;
    Caches(const Caches&) = delete;
    auto operator=(const Caches&) -> Caches& = delete;
    ~Caches() {
        open = false;  // a later thread-local destructor may still free a job
        for (Cache& cache : caches) cache.clear();
    }
};

// Never inlined: the address of a thread-local must not be kept across a suspension (llvm.org/PR47179).
[[gnu::noinline]] auto this_thread_caches() noexcept -> Caches& {
    static thread_local Caches caches;
    return caches;
}

constexpr auto class_of(std::size_t size) noexcept -> std::size_t { return (size - 1) / class_bytes; }

}  // namespace

auto allocate_job(std::size_t size) -> void* {
    const std::size_t index = class_of(size);
    if (index >= class_count) return ::operator new(size);
    Caches& caches = this_thread_caches();
    if (caches.open) {
        if (Block* block = caches.caches[index].allocate(index)) return block;
    }
    return ::operator new((index + 1) * class_bytes);
}

void free_job(void* block, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (index < class_count) {
        Caches& caches = this_thread_caches();
        if (caches.open) return caches.caches[index].free(block, index);
    }
    ::operator delete(block);
}

#endif

}  // namespace gyre::internal
