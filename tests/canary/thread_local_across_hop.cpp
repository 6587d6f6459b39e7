// bug: the address of a thread_local is kept over a suspension that changes the thread (clang issues 47179, 47177; fixed
// for this plain case, not for every one: 111257, and see thread_identity_across_hop)
// instead: read it through a noinline function (see thread_local_accessor); gyre's tasks stay on their thread as well
// expect: gcc-12=right clang-19=right
// flags: -O2 -pthread
#include "canary.hpp"

#include <thread>
using namespace canary;

thread_local int number = 0;

struct ToOtherThread {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        std::thread{[handle] { handle.resume(); }}.detach();
    }
    void await_resume() const noexcept {}
};

Task<> program() {
    number = 1;  // of the first thread
    co_await ToOtherThread{};
    int seen = number;  // of the second
    std::_Exit(seen == 0 ? 0 : 1);
}

int main() {
    auto task = program();
    task.handle().resume();
    for (;;) std::this_thread::yield();
}
