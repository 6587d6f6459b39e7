// bug: `new T(co_await x)` destroys the awaited value twice (seen with GCC 12.2; of the family of GCC PR 99576)
// instead: auto value = co_await x; new T(std::move(value)); or std::make_unique
// expect: gcc-12=broken clang=right
#include "canary.hpp"
using namespace canary;

Task<Tracked> make(int value) {
    co_await Hop{};
    co_return Tracked{value};
}

Task<> program() {
    auto* made = new Tracked(co_await make(5));
    expect(made->value == 5, "wrong result");
    delete made;
}

int main() { return run(program); }
