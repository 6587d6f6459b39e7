#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gyre::backend {

/// Seeded random numbers, the same on every machine. Not for secrets. Source: xoshiro256** 1.0 seeded by SplitMix64
/// (Blackman and Vigna).
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept {
        for (std::uint64_t& word : state_) {
            seed += 0x9e37'79b9'7f4a'7c15U;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
            mixed = (mixed ^ (mixed >> 27U)) * 0x94d0'49bb'1331'11ebU;
            word = mixed ^ (mixed >> 31U);
        }
    }

    auto next() noexcept -> std::uint64_t {
        const std::uint64_t result = std::rotl(state_[1] * 5U, 7) * 9U;
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// A number from 1 to `limit`, which is not 0. The bias of the remainder is below 2^-40 for the limits used here.
    auto from_one_to(std::uint64_t limit) noexcept -> std::uint64_t { return next() % limit + 1U; }

    void fill(std::span<std::byte> bytes) noexcept {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (i % sizeof word == 0) word = next();
            bytes[i] = static_cast<std::byte>(word & 0xffU);
            word >>= 8U;
        }
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace gyre::backend
