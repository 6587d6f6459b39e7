#include <gyre/backend/ticks.hpp>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace gyre::backend {

auto has_even_ticks() noexcept -> bool {
#if defined(__x86_64__)
    constexpr unsigned power_leaf = 0x80000007;  // AMD64 manual, volume 3, E.4.7; Intel's manual, volume 3B, 18.17.1
    constexpr unsigned invariant = 1U << 8;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(power_leaf, &a, &b, &c, &d) != 0 && (d & invariant) != 0;
#elif defined(__aarch64__)
    return true;  // the generic timer is so by definition
#else
    return false;
#endif
}

}  // namespace gyre::backend
