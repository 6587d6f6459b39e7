// bug: `c ? co_await a : co_await b` with a class result is destroyed twice (GCC PR 112360; clang issue 59181)
// instead: if and else, or choose the task and await it in the next statement
// expect: gcc-12=broken clang=right
#include "canary.hpp"
using namespace canary;

Task<Tracked> make(int value) {
    co_await Hop{};
    co_return Tracked{value};
}

Task<> program(bool first) {
    Tracked got = first ? co_await make(1) : co_await make(2);
    expect(got.value == (first ? 1 : 2), "wrong result");
}

int main() {
    run([] { return program(true); });
    return run([] { return program(false); });
}
