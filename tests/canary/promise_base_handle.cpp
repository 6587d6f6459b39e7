// relied on: a handle made from the promise's first base (same address, same alignment class) resumes and destroys the frame
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

template<class Value>
struct Coroutine {
    struct promise_type : PromiseBase {
        Value value{};
        Coroutine get_return_object() { return {this}; }
        void return_void() {}
    };
    PromiseBase* base;
};

template<class Value>
Coroutine<Value> body(Tracked t) {
    Tracked local{t};
    co_await Hop{};
    local.value += 1;
    co_await Hop{};
}

template<class Value>
void try_one() {
    auto coroutine = body<Value>(Tracked{1});
    auto* derived = static_cast<typename Coroutine<Value>::promise_type*>(coroutine.base);
    expect(static_cast<void*>(derived) == static_cast<void*>(coroutine.base), "the base is not at offset 0");
    auto handle = std::coroutine_handle<PromiseBase>::from_promise(*coroutine.base);
    auto exact = std::coroutine_handle<typename Coroutine<Value>::promise_type>::from_promise(*derived);
    expect(handle.address() == exact.address(), "the base gives another frame");
    handle.resume();
    handle.resume();
    ready.clear();
    handle.destroy();
    expect(Tracked::live == 0, "an object was destroyed twice, or never");
}

int main() {
    try_one<char>();
    try_one<double>();
    try_one<long double>();  // alignment 16: still within the head of the frame
}
