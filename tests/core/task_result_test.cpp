// Results of every kind come out of every awaitable.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <gyre/backend/sim.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace gyre::testing {

namespace {

struct alignas(64) Wide {
    std::array<int, 16> values{};
    explicit Wide(int value) { values.fill(value); }
};

/// Its move throws once it has been moved often enough.
struct Brittle {
    int moves_left;
    explicit Brittle(int count) : moves_left(count) {}
    Brittle(Brittle&& other) : moves_left(other.moves_left - 1) {
        if (moves_left < 0) throw std::runtime_error("brittle");
    }
    auto operator=(Brittle&&) -> Brittle& = delete;
};

struct Immovable {
    Immovable() = default;
    Immovable(const Immovable&) = delete;
    auto operator=(const Immovable&) -> Immovable& = delete;
    int value = 5;
};

auto give_unique(int value) -> Task<std::unique_ptr<int>> {
    co_await yield_now();
    co_return std::make_unique<int>(value);
}

auto give_reference(Immovable& object) -> Task<Immovable&> {
    co_await yield_now();
    co_return object;
}

auto give_wide(int value) -> Task<Wide> {
    co_await yield_now();
    co_return Wide(value);
}

auto give_brittle(int moves) -> Task<Brittle> {
    co_await yield_now();
    co_return Brittle(moves);
}

auto is_aligned(const Wide& wide) -> bool {
    return reinterpret_cast<std::uintptr_t>(&wide) % 64 == 0 && wide.values[7] == wide.values[0];
}

}  // namespace

GYRE_TEST(TaskResult, move_only) {
    auto awaited = co_await give_unique(1);
    EXPECT_EQ(*awaited, 1);
    auto handle = spawn(give_unique(2));
    auto joined = co_await handle.join();
    EXPECT_EQ(*joined, 2);
    auto limited = co_await timeout(1s, give_unique(3));
    EXPECT_EQ(*limited, 3);
    auto maybe = co_await move_on_after(1s, give_unique(4));
    EXPECT_EQ(**maybe, 4);
    auto both = co_await gather(give_unique(5), give_unique(6));
    EXPECT_EQ(*std::get<0>(both) + *std::get<1>(both), 11);
    auto first = co_await race(give_unique(7), give_unique(8));
    EXPECT_EQ(*std::get<0>(first), 7);
    auto grouped = co_await task_group([](TaskGroup&) -> Task<std::unique_ptr<int>> {
        auto inner = co_await give_unique(9);
        co_return inner;
    });
    EXPECT_EQ(*grouped, 9);
    auto finally = co_await try_finally(give_unique(10), []() -> Task<> { co_return; });
    EXPECT_EQ(*finally, 10);
    auto outcome = co_await as_outcome(give_unique(11));
    EXPECT_EQ(*outcome.value(), 11);
    auto shielded = co_await shield(give_unique(12));
    EXPECT_EQ(*shielded, 12);
}

GYRE_TEST(TaskResult, reference) {
    Immovable object;
    auto& awaited = co_await give_reference(object);
    EXPECT_EQ(&awaited, &object);
    auto handle = spawn(give_reference(object));
    auto& joined = co_await handle.join();
    EXPECT_EQ(&joined, &object);
    auto& limited = co_await timeout(1s, give_reference(object));
    EXPECT_EQ(&limited, &object);
    const auto maybe = co_await move_on_after(1s, give_reference(object));
    EXPECT_EQ(*maybe, &object);
    const auto gathered = co_await gather(give_reference(object));
    EXPECT_EQ(std::get<0>(gathered), &object);
    auto outcome = co_await as_outcome(give_reference(object));
    EXPECT_EQ(&std::move(outcome).value(), &object);
    auto& finally = co_await try_finally(give_reference(object), []() -> Task<> { co_return; });
    EXPECT_EQ(&finally, &object);
}

// Looked at outside of coroutines: GCC 12 does not align their over-aligned locals (GCC 104177).
TEST(TaskResult, over_aligned) {
    EventLoop loop(backend::make_sim_backend());
    const auto awaited = loop.run_until_complete(give_wide(1));
    EXPECT_TRUE(is_aligned(awaited));
    const auto gathered = loop.run_until_complete(gather(give_wide(3), give_wide(4)));
    EXPECT_TRUE(is_aligned(std::get<0>(gathered)));
    EXPECT_EQ(std::get<1>(gathered).values[15], 4);
    const auto limited = loop.run_until_complete(timeout(1s, give_wide(5)));
    EXPECT_TRUE(is_aligned(limited));
}

GYRE_TEST(TaskResult, a_throwing_move_is_an_error_of_whoever_moves) {
    int errors = 0;
    // However many moves each way needs, one move fewer is an error and never the end of the program.
    for (int moves = 0; moves < 12; ++moves) {
        const auto joined = co_await as_outcome([&]() -> Task<> {
            auto handle = spawn(give_brittle(moves));
            co_await handle.join();
        });
        const auto limited = co_await as_outcome([&]() -> Task<> { co_await timeout(1s, give_brittle(moves)); });
        const auto gathered = co_await as_outcome([&]() -> Task<> { co_await gather(give_brittle(moves)); });
        const auto raced = co_await as_outcome([&]() -> Task<> { co_await race(give_brittle(moves)); });
        const auto finally = co_await as_outcome(
            [&]() -> Task<> { co_await try_finally(give_brittle(moves), []() -> Task<> { co_return; }); });
        const auto grouped = co_await as_outcome(
            [&]() -> Task<> { co_await task_group([&](TaskGroup&) -> Task<Brittle> { return give_brittle(moves); }); });
        const bool all[] = {joined.is_error(), limited.is_error(), gathered.is_error(), raced.is_error(),
            finally.is_error(), grouped.is_error()};
        for (const bool failed : all) errors += failed ? 1 : 0;
        EXPECT_TRUE(moves > 0 || errors == 6);
    }
    EXPECT_LT(errors, 60) << "with enough moves it works";
}

GYRE_TEST(TaskResult, an_error_after_the_value_counts) {
    struct Bomb {
        ~Bomb() noexcept(false) { throw std::runtime_error("destructor"); }
    };
    int alive = 0;
    const auto outcome = co_await as_outcome([&alive]() -> Task<Counted> {
        const Bomb bomb;
        co_return Counted(alive);
    });
    EXPECT_TRUE(failed_with<std::runtime_error>(outcome));
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(TaskResult, a_value_nobody_takes_is_destroyed_with_its_task) {
    int alive = 0;
    {
        auto handle = spawn([&alive]() -> Task<Counted> { co_return Counted(alive); });
        co_await yield_now();
        EXPECT_TRUE(handle.done());
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

}  // namespace gyre::testing
