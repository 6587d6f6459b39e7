#pragma once

#include <cstdint>

namespace gyre::backend {

/// Whether `ticks` counts evenly, on all cores together and while they sleep, so that it can stand for a clock.
[[nodiscard]] auto has_even_ticks() noexcept -> bool;

/// The processor's counter: a reading costs a third of one of the clock. It tells time only against two readings of that.
[[nodiscard]] inline auto ticks() noexcept -> std::uint64_t {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t count = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return 0;
#endif
}

}  // namespace gyre::backend
