// bug: an await in the branch of && or || that is not taken is half evaluated (GCC PR 112360)
// instead: nested ifs
// expect: gcc-12=right clang=right
#include "canary.hpp"
using namespace canary;

Task<bool> yes(Tracked t) {
    co_await Hop{};
    co_return t.value == 1;
}

Task<> program(bool first) {
    bool both = first && co_await yes(Tracked{1});
    bool one = first || co_await yes(Tracked{1});
    expect(both == first && one, "wrong result");
}

int main() {
    run([] { return program(true); });
    return run([] { return program(false); });
}
