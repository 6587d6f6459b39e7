#include <gyre/testing/seeded_order.hpp>

namespace gyre::testing {

auto SeededOrder::choose(std::size_t count) noexcept -> std::size_t {
    if (seed_ == 0) return 0;
    std::uint64_t word = state_ += increment;
    word = (word ^ (word >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    word = (word ^ (word >> 27)) * 0x94d0'49bb'1331'11ebU;
    return static_cast<std::size_t>((word ^ (word >> 31)) % count);
}

}  // namespace gyre::testing
