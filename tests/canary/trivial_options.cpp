// relied on: designated initialisers of a trivial type in an awaited call
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

struct Options {
    int timeout = 1;
    int limit = 2;
};

Task<int> take(Tracked t, Options options = {}) {
    co_await Hop{};
    co_return t.value + options.timeout + options.limit;
}

Task<> program() {
    int got = co_await take(Tracked{1}, {.timeout = 5});
    expect(got == 8, "wrong result");
    got = co_await take(Tracked{1});
    expect(got == 4, "wrong result");
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
