#pragma once

#include <gyre/core/scheduler.hpp>

#include <cstddef>
#include <cstdint>

namespace gyre::testing {

/// Chooses by a seed which of the ready tasks runs next: the same choices on every machine. Seed 0 is the plain order, first
/// in, first out. Source of the numbers: SplitMix64 (Steele, Lea, Flood).
class SeededOrder : public internal::Order {
public:
    explicit SeededOrder(std::uint64_t seed) noexcept : seed_(seed), state_(seed * increment) {}

    [[nodiscard]] auto choose(std::size_t count) noexcept -> std::size_t override;
    [[nodiscard]] auto seed() const noexcept -> std::uint64_t { return seed_; }

private:
    static constexpr std::uint64_t increment = 0x9e37'79b9'7f4a'7c15U;

    std::uint64_t seed_;
    std::uint64_t state_;
};

}  // namespace gyre::testing
