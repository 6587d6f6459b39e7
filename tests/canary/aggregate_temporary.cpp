// bug: an aggregate with an owning member, built inside an awaited expression, is destroyed twice (GCC PR 100611, 101976)
// instead: a user-declared constructor in the type (see constructed_temporary), or a named object
// expect: gcc-12=broken gcc=right clang=right
#include "canary.hpp"
using namespace canary;

struct Options {
    Tracked name;
    int number = 0;
};

Task<int> take(Options options) {
    co_await Hop{};
    co_return options.name.value + options.number;
}

Task<> program() {
    int got = co_await take({.name = Tracked{1}, .number = 2});
    expect(got == 3, "wrong result");
    got = co_await take(Options{Tracked{1}, 3});
    expect(got == 4, "wrong result");
}

int main() { return run(program); }
