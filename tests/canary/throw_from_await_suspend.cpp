// relied on: an exception that leaves await_suspend is thrown in the coroutine, which counts as not suspended
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

struct Refuse {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) { throw 7; }
    void await_resume() const noexcept {}
};

Task<> program() {
    Tracked outer{1};
    int caught = 0;
    try {
        Tracked inner{2};
        co_await Refuse{};
    } catch (int number) {
        caught = number;
    }
    expect(caught == 7, "the exception was lost");
    co_await Hop{};
}

int main() { return run(program); }
