// bug: an awaiter that is an aggregate with an owning member is destroyed twice (GCC PR 101976)
// instead: a user-declared constructor in every awaiter
// expect: gcc-12=broken gcc=right clang=right
#include "canary.hpp"
using namespace canary;

struct Wait : Hop {
    Tracked state;
};

Task<> program() { co_await Wait{{}, Tracked{1}}; }

int main() { return run(program); }
