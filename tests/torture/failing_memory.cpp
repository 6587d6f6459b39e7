#include "failing_memory.hpp"

#include <brotli/encode.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef GYRE_TORTURE_MALLOC
extern "C" {
auto __libc_malloc(std::size_t size) -> void*;
auto __libc_calloc(std::size_t count, std::size_t size) -> void*;
auto __libc_realloc(void* block, std::size_t size) -> void*;
void __libc_free(void* block);
}
#else
#define __libc_malloc std::malloc
#define __libc_free std::free
#endif

namespace {

using gyre::torture::Memory;

/// Of each kind of memory.
std::atomic<std::size_t> live[2];

auto live_of(Memory memory) noexcept -> std::atomic<std::size_t>& { return live[memory == Memory::of_libraries]; }

/// What this thread is told to fail.
struct Orders {
    std::size_t countdown = 0;
    std::size_t in_a_row = 1;
    bool has_failed = false;
};

[[gnu::noinline]] auto orders(Memory memory) noexcept -> Orders& {
    thread_local Orders mine[2];
    return mine[memory == Memory::of_libraries];
}

/// Whether this allocation fails.
auto strikes(Memory memory) noexcept -> bool {
    auto& mine = orders(memory);
    if (mine.countdown == 0 || --mine.countdown != 0) return false;
    mine.has_failed = true;
    if (--mine.in_a_row != 0) mine.countdown = 1;
    return true;
}

auto take(std::size_t size, std::size_t alignment) -> void* {
    if (strikes(Memory::of_program)) throw std::bad_alloc();
    const auto rounded = (size + alignment - 1) / alignment * alignment;
    void* block = alignment <= alignof(std::max_align_t)
                      ? __libc_malloc(size == 0 ? 1 : size)
                      : std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (block == nullptr) throw std::bad_alloc();
    ++live_of(Memory::of_program);
    return block;
}

void give_back(void* block) noexcept {
    if (block == nullptr) return;
    --live_of(Memory::of_program);
    __libc_free(block);
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

#ifdef GYRE_TORTURE_MALLOC

namespace {

auto taken(void* block) noexcept -> void* {
    if (block != nullptr) ++live_of(Memory::of_libraries);
    return block;
}

}  // namespace

extern "C" {

auto malloc(std::size_t size) noexcept -> void* {
    return strikes(Memory::of_libraries) ? nullptr : taken(__libc_malloc(size));
}
auto calloc(std::size_t count, std::size_t size) noexcept -> void* {
    return strikes(Memory::of_libraries) ? nullptr : taken(__libc_calloc(count, size));
}
auto realloc(void* block, std::size_t size) noexcept -> void* {
    if (block == nullptr) return malloc(size);
    return strikes(Memory::of_libraries) ? nullptr : __libc_realloc(block, size);
}
void free(void* block) noexcept {
    if (block == nullptr) return;
    --live_of(Memory::of_libraries);
    __libc_free(block);
}

}  // extern "C"

#endif

namespace {

std::atomic<bool> brotli_has_memory = true;

}  // namespace

// The linker puts the first in the place of the library's function, which the second is (--wrap).
extern "C" {

auto __real_BrotliEncoderCompressStream(BrotliEncoderState* state, BrotliEncoderOperation operation,
    std::size_t* available_in, const std::uint8_t** next_in, std::size_t* available_out, std::uint8_t** next_out,
    std::size_t* total_out) -> BROTLI_BOOL;

auto __wrap_BrotliEncoderCompressStream(BrotliEncoderState* state, BrotliEncoderOperation operation,
    std::size_t* available_in, const std::uint8_t** next_in, std::size_t* available_out, std::uint8_t** next_out,
    std::size_t* total_out) -> BROTLI_BOOL {
    if (!brotli_has_memory) return BROTLI_FALSE;
    return __real_BrotliEncoderCompressStream(
        state, operation, available_in, next_in, available_out, next_out, total_out);
}

}  // extern "C"

namespace gyre::torture {

BrotliWithoutMemory::BrotliWithoutMemory() noexcept { brotli_has_memory = false; }
BrotliWithoutMemory::~BrotliWithoutMemory() { brotli_has_memory = true; }

FailingAllocation::FailingAllocation(std::size_t nth, std::size_t in_a_row, Memory memory) noexcept : memory_(memory) {
    orders(memory_) = {nth, in_a_row, false};
}
FailingAllocation::~FailingAllocation() { orders(memory_).countdown = 0; }
auto FailingAllocation::has_failed() const noexcept -> bool { return orders(memory_).has_failed; }
auto live_blocks(Memory memory) noexcept -> std::size_t { return live_of(memory); }

}  // namespace gyre::torture
