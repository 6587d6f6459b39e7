// relied on: a lambda coroutine with captures lives as long as the wrapper's frame that holds it (spawn, scopes)
// expect: gcc=right clang=right
// flags: -fsanitize=address
#include "canary.hpp"
using namespace canary;

template<class F>
Task<int> keep(F f) {
    int got = co_await f();
    co_return got;
}

Task<int> started() {
    Tracked t{3};
    auto body = [t]() -> Task<int> {
        co_await Hop{};
        co_return t.value;
    };
    return keep(std::move(body));
}

Task<> program() {
    auto task = started();
    int got = co_await std::move(task);
    expect(got == 3, "wrong result");
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
