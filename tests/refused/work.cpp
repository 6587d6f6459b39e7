// What is given as work and is none, or cannot be taken over: the compiler stops with one error that says what to write.
// tools/check_refusals compiles each case by itself; the comment beside it is in that error. Case 0 is right.

#include <gyre/gyre.hpp>

using namespace gyre;
using namespace std::chrono_literals;

namespace {

auto number() -> Task<int> { co_return 1; }
auto plain() -> int { return 1; }

}  // namespace

auto use(TaskGroup& group) -> Task<int> {
    auto task = number();
    auto other = number();
#if CASE == 0
    auto handle = spawn(std::move(task));
    const auto both = co_await gather(std::move(other), handle);
    const auto& [a, b] = both;
    co_return a + b;
#elif CASE == 1   // hand it over with std::move(task)
    auto handle = spawn(task);
    const int value = co_await handle;
    co_return value;
#elif CASE == 2   // hand it over with std::move(task)
    auto handle = group.spawn(task, {.name = "one"});
    const int value = co_await handle;
    co_return value;
#elif CASE == 3   // hand it over with std::move(task)
    const auto both = co_await gather(std::move(other), task);
    const auto& [a, b] = both;
    co_return a + b;
#elif CASE == 4   // hand it over with std::move(task)
    auto won = co_await race(task, sleep(1s));
    co_return std::get<0>(won);
#elif CASE == 5   // hand it over with std::move(task)
    const int value = co_await timeout(1s, task);
    co_return value;
#elif CASE == 6   // hand it over with std::move(task)
    const auto value = co_await move_on_after(1s, {.shield = true}, task);
    co_return *value;
#elif CASE == 7   // hand it over with std::move(task)
    const int value = co_await shield(task);
    co_return value;
#elif CASE == 8   // this function is no coroutine
    auto handle = spawn(plain);
    const int value = co_await handle;
    co_return value;
#elif CASE == 10  // this function is no coroutine
    auto handle = group.spawn(plain);
    const int value = co_await handle;
    co_return value;
#elif CASE == 11  // this function is no coroutine
    const int value = co_await timeout(1s, [] { return 1; });
    co_return value;
#elif CASE == 12  // this function is no coroutine
    co_await move_on_after(1s, [](CancelScope& scope) { scope.cancel(); });
    co_return 1;
#elif CASE == 13  // this function is no coroutine
    const auto both = co_await gather(std::move(task), plain);
    const auto& [a, b] = both;
    co_return a + b;
#elif CASE == 14  // this function is no coroutine
    auto won = co_await race(std::move(task), plain);
    co_return std::get<1>(won);
#elif CASE == 15  // this is no work
    co_await timeout(1s, 5);
    co_return 1;
#elif CASE == 9   // this is no work
    spawn([](int) -> Task<> { co_return; });
    co_return 1;
#endif
}
