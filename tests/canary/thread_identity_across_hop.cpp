// bug: what a function of attribute const gives (pthread_self, the address of errno) was kept over a suspension that changes
// the thread (clang issues 47177, 47179; not seen with 19.1.7 nor with GCC 12.2)
// instead: a noinline function that is not const around it (see thread_local_accessor)
// expect: gcc-12=right clang-19=right
// flags: -O2 -pthread
#include "canary.hpp"

#include <pthread.h>
#include <thread>
using namespace canary;

struct ToOtherThread {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        std::thread{[handle] { handle.resume(); }}.detach();
    }
    void await_resume() const noexcept {}
};

pthread_t first;

Task<> program() {
    first = pthread_self();
    co_await ToOtherThread{};
    std::_Exit(pthread_equal(first, pthread_self()) ? 1 : 0);
}

int main() {
    auto task = program();
    task.handle().resume();
    for (;;) std::this_thread::yield();
}
