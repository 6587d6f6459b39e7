#pragma once

// The n-th allocation fails: this program's operator new counts, and throws std::bad_alloc when it is told to.

#include <cstddef>

namespace gyre::torture {

/// While it lives, the n-th allocation of this thread from now on fails, and `in_a_row - 1` after it; 0: none.
class FailingAllocation {
public:
    explicit FailingAllocation(std::size_t nth, std::size_t in_a_row = 1) noexcept;
    FailingAllocation(const FailingAllocation&) = delete;
    auto operator=(const FailingAllocation&) -> FailingAllocation& = delete;
    ~FailingAllocation();

    [[nodiscard]] auto has_failed() const noexcept -> bool;
};

/// Blocks of this program that are not freed.
[[nodiscard]] auto live_blocks() noexcept -> std::size_t;

/// Calls `run()` with the first allocation failing, then with the second, and so on until none fails any more.
/// `run` may throw std::bad_alloc, or do its work. @return how many allocations there are.
template<typename Run>
auto fail_each_allocation(Run run) -> std::size_t {
    for (std::size_t nth = 1;; ++nth) {
        FailingAllocation failing(nth);
        run();
        if (!failing.has_failed()) return nth - 1;
    }
}

}  // namespace gyre::torture
