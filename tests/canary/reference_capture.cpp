// relied on: a lambda with [&] alone, built inside an awaited expression: the body of a scope
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

template<class F>
Task<int> scope(F body) {
    int got = co_await body();
    co_return got;
}

Task<> program() {
    Tracked t{1};
    int got = co_await scope([&]() -> Task<int> {
        Tracked inner{t};
        co_await Hop{};
        co_return inner.value + t.value;
    });
    expect(got == 2, "wrong result");
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
