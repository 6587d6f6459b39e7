#pragma once

#include <gyre/gyre.hpp>

#include <cstdint>

/// Programs that do everything in an order that a seed says.
namespace gyre::testing {

/// splitmix64: random programs that are the same each time.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U) {}
    auto roll(std::uint64_t sides) -> std::uint64_t {
        std::uint64_t word = state_ += 0x9e3779b97f4a7c15U;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
        word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
        return (word ^ (word >> 31)) % sides;
    }

private:
    std::uint64_t state_;
};

/// Sleeps, spawns, gathers, fails to be in time and is cancelled, `depth` levels deep.
inline auto wander(Dice& dice, int depth) -> Task<> {
    const auto steps = dice.roll(4);
    for (std::uint64_t i = 0; i <= steps; ++i) {
        const Duration nap{static_cast<Duration::rep>(dice.roll(5'000'000))};
        switch (depth > 0 ? dice.roll(11) : dice.roll(3)) {
        case 0:
            co_await sleep(nap);
            break;
        case 1:
            co_await yield_now();
            break;
        case 2:
            co_await sleep(Duration::zero());
            break;
        case 3:
            co_await wander(dice, depth - 1);
            break;
        case 4:
            co_await gather(wander(dice, depth - 1), sleep(nap));
            break;
        case 5:
            co_await move_on_after(nap, wander(dice, depth - 1));
            break;
        case 6: {
            const auto clean = [nap]() -> Task<> { co_await sleep(nap / 2); };
            co_await move_on_after(nap, try_finally(wander(dice, depth - 1), clean));
            break;
        }
        case 7: {
            static_cast<void>(co_await race(wander(dice, depth - 1), sleep(nap)));
            break;
        }
        case 8: {
            const auto late = spawn(wander(dice, depth - 1), {.deadline = this_loop().now() + nap});
            const auto joined = co_await as_outcome(late.join());
            static_cast<void>(joined);
            break;
        }
        case 9: {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(wander(dice, depth - 1));
                co_await sleep(nap);
                if (dice.roll(2) == 0) group.cancel();
            });
            break;
        }
        default: {
            auto child = spawn(sleep(nap));
            if (dice.roll(2) == 0) child.cancel();
            const auto joined = co_await as_outcome(child.join());
            static_cast<void>(joined);
        }
        }
    }
}

}  // namespace gyre::testing
