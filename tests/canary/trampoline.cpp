// relied on: a million awaits through a queue of handles need no stack, at -O0 too
// expect: gcc=right clang=right
// flags: -O0
#include "canary.hpp"
using namespace canary;

Task<int> leaf(int i) { co_return i; }

Task<> program() {
    for (int i = 0; i < 300'000; ++i) {
        int got = co_await leaf(i);
        expect(got == i, "wrong result");
    }
}

int main() { return run(program); }
