// bug: symmetric transfer is not a tail call at -O0 and with sanitizers, and the stack overflows (GCC PR 94794)
// instead: await_suspend returns void or bool, and the loop resumes what is next (see trampoline)
// expect: gcc=broken clang=right
// flags: -O0
#include "canary.hpp"
using namespace canary;

struct Ping {
    struct promise_type {
        std::coroutine_handle<> parent;
        struct Back {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
                return h.promise().parent;
            }
            void await_resume() const noexcept {}
        };
        Ping get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Back final_suspend() const noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
        handle.promise().parent = parent;
        return handle;
    }
    void await_resume() { handle.destroy(); }
};

Ping ping() { co_return; }

Task<> program() {
    for (int i = 0; i < 1'000'000; ++i) {
        auto once = ping();
        co_await once;
    }
}

int main() { return run(program); }
