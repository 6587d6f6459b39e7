// relied on: a thread_local read through a noinline function is that of the thread that runs
// expect: gcc=right clang=right
// flags: -O2 -pthread
#include "canary.hpp"

#include <thread>
using namespace canary;

thread_local int number = 0;

[[gnu::noinline]] int& current_number() {
    asm volatile("");  // not a pure function: each call is made
    return number;
}

struct ToOtherThread {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        std::thread{[handle] { handle.resume(); }}.detach();
    }
    void await_resume() const noexcept {}
};

Task<> program() {
    current_number() = 1;
    co_await ToOtherThread{};
    std::_Exit(current_number() == 0 ? 0 : 1);
}

int main() {
    auto task = program();
    task.handle().resume();
    for (;;) std::this_thread::yield();
}
