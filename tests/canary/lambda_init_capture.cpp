// bug: as lambda_capture, with an init capture that moves (GCC PR 99576)
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
    co_await call([t = std::move(t)] { return t.value; });
}

int main() { return run(program); }
