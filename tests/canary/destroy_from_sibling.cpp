// relied on: a suspended frame is destroyed by another coroutine while that one runs
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

Task<> waits() {
    Tracked local{1};
    for (;;) co_await Hop{};
}

Task<> program() {
    auto sibling = waits();
    sibling.handle().resume();  // it waits in the queue now
    ready.clear();
    expect(Tracked::live == 1, "the sibling has no local");
    sibling.destroy();
    expect(Tracked::live == 0, "the sibling's local was not destroyed");
    co_await Hop{};
}

int main() { return run(program); }
