// relied on: a structured binding to a named result, in a loop, destroyed at every suspension point
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

Task<std::pair<Tracked, Tracked>> two() {
    co_await Hop{};
    co_return std::pair{Tracked{1}, Tracked{2}};
}

Task<> program() {
    for (int i = 0; i < 3; ++i) {
        auto both = co_await two();
        auto& [a, b] = both;
        co_await Hop{};
        expect(a.value + b.value == 3, "wrong result");
        try {
            Tracked inner{4};
            co_await Hop{};
        } catch (...) {
            broken("nothing throws here");
        }
    }
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
