// bug: a lambda with an owning capture, built inside an awaited expression, is destroyed twice (GCC PR 99576, 101367)
// instead: name the lambda first, then std::move it in
// expect: gcc-12=broken gcc=right clang=right
#include "canary.hpp"
using namespace canary;

template<class F>
Task<int> call(F f) {
    co_await Hop{};
    co_return f();
}

Task<> program() {
    Tracked t{1};
    int got = co_await call([t] { return t.value; });
    expect(got == 1, "wrong result");
}

int main() { return run(program); }
