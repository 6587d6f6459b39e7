#pragma once

// The n-th allocation fails: this program's operator new and malloc count, and refuse when they are told to.

#include <cstddef>

namespace gyre::torture {

/// Whose allocations: those of this program, by operator new, or those of the libraries in C below it, by malloc.
enum class Memory { of_program, of_libraries };

/// Whether malloc is this program's own here: a sanitizer has its own, and does not share.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define GYRE_TORTURE_SANITIZED 1
#endif
#endif
#if defined(GYRE_TORTURE_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool libraries_can_fail = false;
#else
#define GYRE_TORTURE_MALLOC 1
inline constexpr bool libraries_can_fail = true;
#endif

/// While it lives, the n-th allocation of this thread from now on fails, and `in_a_row - 1` after it; 0: none.
class FailingAllocation {
public:
    explicit FailingAllocation(std::size_t nth, std::size_t in_a_row = 1, Memory memory = Memory::of_program) noexcept;
    FailingAllocation(const FailingAllocation&) = delete;
    auto operator=(const FailingAllocation&) -> FailingAllocation& = delete;
    ~FailingAllocation();

    [[nodiscard]] auto has_failed() const noexcept -> bool;

private:
    Memory memory_;
};

/// While it lives, brotli's encoder tells at each call that it has no memory. Where it is built to end the program instead, as
/// Debian's is, that cannot be had by refusing it memory.
class BrotliWithoutMemory {
public:
    BrotliWithoutMemory() noexcept;
    BrotliWithoutMemory(const BrotliWithoutMemory&) = delete;
    auto operator=(const BrotliWithoutMemory&) -> BrotliWithoutMemory& = delete;
    ~BrotliWithoutMemory();
};

/// Blocks that are not freed.
[[nodiscard]] auto live_blocks(Memory memory = Memory::of_program) noexcept -> std::size_t;

/// Calls `run()` with the first allocation failing, then with the second, and so on until none fails any more.
/// `run` may throw std::bad_alloc, or do its work. @return how many allocations there are.
template<typename Run>
auto fail_each_allocation(Run run, Memory memory = Memory::of_program) -> std::size_t {
    for (std::size_t nth = 1;; ++nth) {
        FailingAllocation failing(nth, 1, memory);
        run();
        if (!failing.has_failed()) return nth - 1;
    }
}

}  // namespace gyre::torture
