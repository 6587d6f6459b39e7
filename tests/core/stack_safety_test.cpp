// No shape of a program grows the native stack: each of these runs on a stack of 256 KiB (1 MiB under sanitizers).

#include "support/loops.hpp"
#include "support/small_stack.hpp"

namespace gyre::testing {

namespace {

constexpr int many_awaits = sanitized ? 1'000'000 : 10'000'000;  // a byte of the stack for each would be too much
constexpr int deep = 1'000'000;

auto leaf(int value) -> Task<int> { co_return value; }

auto two_levels(int value) -> Task<int> { co_return co_await leaf(value); }

auto chain(int depth, Event& bottom, int& reached) -> Task<int> {
    if (depth == 0) {
        ++reached;
        co_await bottom.wait();
        co_return 0;
    }
    const int below = co_await chain(depth - 1, bottom, reached);
    co_return below + 1;
}

/// Counts how many of its frames are alive.
struct Alive {
    int& count;
    explicit Alive(int& counter) : count(counter) { ++count; }
    Alive(const Alive&) = delete;
    auto operator=(const Alive&) -> Alive& = delete;
    ~Alive() { --count; }
};

enum class Shape { timeouts, shields, finallies, outcomes, gathers, races, groups, scopes, handles };

auto nest(Shape shape, int depth, Event& bottom, int& alive) -> Task<> {
    const Alive here(alive);
    if (depth == 0) {
        co_await bottom.wait();
        co_return;
    }
    switch (shape) {
    case Shape::timeouts:
        co_await timeout(1h, nest(shape, depth - 1, bottom, alive));
        break;
    case Shape::shields:
        co_await move_on_after(Duration::max(), nest(shape, depth - 1, bottom, alive));
        break;
    case Shape::finallies: {
        const auto nothing = []() -> Task<> { co_return; };
        co_await try_finally(nest(shape, depth - 1, bottom, alive), nothing);
        break;
    }
    case Shape::outcomes: {
        const auto outcome = co_await as_outcome(nest(shape, depth - 1, bottom, alive));
        if (outcome.is_cancelled()) co_await sleep(1h);
        break;
    }
    case Shape::gathers:
        co_await gather(nest(shape, depth - 1, bottom, alive), leaf(1));
        break;
    case Shape::races:
        co_await race(nest(shape, depth - 1, bottom, alive), sleep(1h));
        break;
    case Shape::groups: {
        const auto body = [&](TaskGroup& group) { group.spawn(nest(shape, depth - 1, bottom, alive)); };
        co_await task_group(body);
        break;
    }
    case Shape::scopes: {
        const auto body = [&](CancelScope&) -> Task<> { co_await nest(shape, depth - 1, bottom, alive); };
        co_await cancel_scope(body);
        break;
    }
    case Shape::handles: {
        auto handle = spawn(nest(shape, depth - 1, bottom, alive));
        co_await handle.join();
        break;
    }
    }
}

struct Nesting {
    const char* name;
    Shape shape;
    int depth;
};

void run_on_small_stack(const std::function<Task<>()>& work) {
    on_small_stack([&] {
        TestLoop loop;
        loop.run(work());
    });
}

class StackSafety : public ::testing::TestWithParam<Nesting> {};

INSTANTIATE_TEST_SUITE_P(Shapes, StackSafety,
    ::testing::Values(Nesting{"timeouts", Shape::timeouts, deep / 5}, Nesting{"plain_scopes", Shape::shields, deep / 5},
        Nesting{"finallies", Shape::finallies, deep / 5}, Nesting{"outcomes", Shape::outcomes, 20'000},
        Nesting{"gathers", Shape::gathers, 100'000}, Nesting{"races", Shape::races, 10'000},
        Nesting{"groups", Shape::groups, 100'000}, Nesting{"cancel_scopes", Shape::scopes, 100'000},
        Nesting{"handles", Shape::handles, 100'000}),
    [](const auto& test) { return test.param.name; });

}  // namespace

TEST(StackSafety, many_awaits_that_complete_at_once) {
    run_on_small_stack([]() -> Task<> {
        long sum = 0;
        for (int i = 0; i < many_awaits; ++i) {
            const int one = co_await leaf(1);
            sum += one;
        }
        EXPECT_EQ(sum, many_awaits);
        sum = 0;
        for (int i = 0; i < many_awaits / 4; ++i) {
            const int one = co_await two_levels(1);
            sum += one;
        }
        EXPECT_EQ(sum, many_awaits / 4);
    });
}

TEST(StackSafety, many_awaits_that_suspend) {
    run_on_small_stack([]() -> Task<> {
        const auto turn = []() -> Task<> { co_await yield_now(); };
        for (int i = 0; i < many_awaits / 10; ++i) co_await turn();
    });
}

TEST(StackSafety, a_deep_chain_that_suspends_and_completes) {
    run_on_small_stack([]() -> Task<> {
        Event bottom;
        int reached = 0;
        auto handle = spawn(chain(deep, bottom, reached));
        co_await all_blocked();
        EXPECT_EQ(reached, 1);
        bottom.set();
        const int depth = co_await handle.join();
        EXPECT_EQ(depth, deep);
    });
}

TEST(StackSafety, a_deep_chain_that_is_cancelled) {
    run_on_small_stack([]() -> Task<> {
        Event bottom;
        int reached = 0;
        auto handle = spawn(chain(deep, bottom, reached));
        co_await all_blocked();
        EXPECT_EQ(reached, 1);
        handle.cancel();
        const auto outcome = co_await as_outcome(handle.join());
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
    });
}

TEST(StackSafety, a_deep_chain_that_never_suspends) {
    run_on_small_stack([]() -> Task<> {
        Event bottom;
        bottom.set();
        int reached = 0;
        const int depth = co_await chain(deep, bottom, reached);
        EXPECT_EQ(depth, deep);
    });
}

TEST(StackSafety, a_deep_chain_that_fails) {
    run_on_small_stack([]() -> Task<> {
        const auto fail = [](auto&& self, int depth) -> Task<> {
            if (depth == 0) throw std::runtime_error("bottom");
            co_await self(self, depth - 1);
        };
        const auto outcome = co_await as_outcome(fail(fail, sanitized ? 10'000 : 100'000));
        EXPECT_TRUE(outcome.is_error());
    });
}

TEST_P(StackSafety, nested_deeply_and_completed) {
    run_on_small_stack([]() -> Task<> {
        Event bottom;
        int alive = 0;
        const Nesting nesting = GetParam();
        auto handle = spawn(nest(nesting.shape, nesting.depth, bottom, alive));
        co_await all_blocked();
        EXPECT_EQ(alive, nesting.depth + 1);
        bottom.set();
        co_await handle.join();
        EXPECT_EQ(alive, 0);
    });
}

TEST_P(StackSafety, nested_deeply_and_cancelled) {
    run_on_small_stack([]() -> Task<> {
        Event bottom;
        int alive = 0;
        const Nesting nesting = GetParam();
        auto handle = spawn(nest(nesting.shape, nesting.depth, bottom, alive));
        co_await all_blocked();
        EXPECT_EQ(alive, nesting.depth + 1);
        handle.cancel();
        const auto outcome = co_await as_outcome(handle.join());
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
        bottom.set();  // for the shape of handles, whose tasks go on
        co_await all_blocked();
        EXPECT_EQ(alive, 0);
    });
}

TEST(StackSafety, wide_and_nested_gathers) {
    run_on_small_stack([]() -> Task<> {
        const auto tree = [](auto&& self, int depth) -> Task<int> {
            if (depth == 0) {
                co_await yield_now();
                co_return 1;
            }
            const auto both = co_await gather(self(self, depth - 1), self(self, depth - 1));
            co_return std::get<0>(both) + std::get<1>(both);
        };
        const int leaves = co_await tree(tree, 15);
        EXPECT_EQ(leaves, 32'768);
    });
}

}  // namespace gyre::testing
