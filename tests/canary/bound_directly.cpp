// bug: the awaited value behind `auto [a, b] = co_await x` is not destroyed when the frame is (GCC PR 124584: 15, 16)
// instead: auto r = co_await x; auto& [a, b] = r; (see bound_in_two_steps)
// expect: gcc-12=right clang=right
#include "canary.hpp"
using namespace canary;

Task<std::pair<Tracked, Tracked>> two() {
    co_await Hop{};
    co_return std::pair{Tracked{1}, Tracked{2}};
}

Task<> program() {
    for (int i = 0; i < 3; ++i) {
        auto [a, b] = co_await two();
        co_await Hop{};
        expect(a.value + b.value == 3, "wrong result");
    }
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
