#include "failing_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> live{0};

/// What this thread is told to fail.
struct Orders {
    std::size_t countdown = 0;
    std::size_t in_a_row = 1;
    bool has_failed = false;
};

[[gnu::noinline]] auto orders() noexcept -> Orders& {
    thread_local Orders mine;
    return mine;
}

/// Whether this allocation fails.
auto strikes() noexcept -> bool {
    auto& mine = orders();
    if (mine.countdown == 0 || --mine.countdown != 0) return false;
    mine.has_failed = true;
    if (--mine.in_a_row != 0) mine.countdown = 1;
    return true;
}

auto take(std::size_t size, std::size_t alignment) -> void* {
    if (strikes()) throw std::bad_alloc();
    const auto rounded = (size + alignment - 1) / alignment * alignment;
    void* block = alignment <= alignof(std::max_align_t)
                      ? std::malloc(size == 0 ? 1 : size)
                      : std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (block == nullptr) throw std::bad_alloc();
    ++live;
    return block;
}

void give_back(void* block) noexcept {
    if (block == nullptr) return;
    --live;
    std::free(block);
}

auto take_or_null(std::size_t size, std::size_t alignment) noexcept -> void* {
    try {
        return take(size, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

constexpr auto usual = alignof(std::max_align_t);

}  // namespace

auto operator new(std::size_t size) -> void* { return take(size, usual); }
auto operator new[](std::size_t size) -> void* { return take(size, usual); }
auto operator new(std::size_t size, std::align_val_t alignment) -> void* {
    return take(size, static_cast<std::size_t>(alignment));
}
auto operator new[](std::size_t size, std::align_val_t alignment) -> void* {
    return take(size, static_cast<std::size_t>(alignment));
}
auto operator new(std::size_t size, const std::nothrow_t&) noexcept -> void* { return take_or_null(size, usual); }
auto operator new[](std::size_t size, const std::nothrow_t&) noexcept -> void* { return take_or_null(size, usual); }
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { give_back(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { give_back(block); }

namespace gyre::torture {

FailingAllocation::FailingAllocation(std::size_t nth, std::size_t in_a_row) noexcept {
    orders() = {nth, in_a_row, false};
}
FailingAllocation::~FailingAllocation() { orders().countdown = 0; }
auto FailingAllocation::has_failed() const noexcept -> bool { return orders().has_failed; }
auto live_blocks() noexcept -> std::size_t { return live; }

}  // namespace gyre::torture
