// bug: a frame destroyed under its own await_suspend is touched afterwards (GCC PR 121961: 15.2; clang issues 62335, 67828: 15)
// instead: hand the frame to the loop, which destroys it when nothing of it runs
// expect: gcc-12=right clang=right
// flags: -fsanitize=address
#include "canary.hpp"
using namespace canary;

struct Leave {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { handle.destroy(); }
    void await_resume() const noexcept {}
};

Task<> leaves() {
    Tracked local{1};
    co_await Hop{};
    co_await Leave{};
}

int main() {
    auto task = leaves();
    ready.push_back(task.release());  // the coroutine destroys itself
    turn();
    expect(Tracked::live == 0, "the local was not destroyed");
}
