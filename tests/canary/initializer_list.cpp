// bug: a braced list of class type in an awaited expression does not compile (GCC PR 103871, 109227)
// instead: build the list in a statement before
// expect: gcc-12=broken gcc=right clang=right
#include "canary.hpp"

#include <vector>
using namespace canary;

Task<int> sum(std::vector<Tracked> all) {
    co_await Hop{};
    int total = 0;
    for (auto& each : all) total += each.value;
    co_return total;
}

Task<> program() {
    int got = co_await sum({Tracked{1}, Tracked{2}});
    expect(got == 3, "wrong result");
}

int main() { return run(program); }
