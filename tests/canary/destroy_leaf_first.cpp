// relied on: a chain of suspended frames is destroyed from the leaf upward; inner locals die before outer ones, each once
// expect: gcc=right clang=right
#include "canary.hpp"

#include <string>
using namespace canary;

std::string order;
struct Says {
    explicit Says(char c) : letter{c} {}
    ~Says() { order += letter; }
    char letter;
    Tracked tracked;
};

struct Slot {  // an awaiter that owns its child's frame and can be told that the frame is gone
    explicit Slot(Task<>& child) : task{child} {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> parent) { task.await_suspend(parent); }
    void await_resume() const noexcept {}
    Task<>& task;
};

Task<>* frames[3];

Task<> leaf() {
    Says c{'c'};
    try {
        Says inner{'d'};
        for (;;) co_await Hop{};
    } catch (...) {
        broken("destruction is not an exception");
    }
}
Task<> middle() {
    Says b{'b'};
    auto child = leaf();
    frames[2] = &child;
    co_await Slot{child};
}
Task<> top() {
    Says a{'a'};
    auto child = middle();
    frames[1] = &child;
    co_await Slot{child};
}

int main() {
    auto task = top();
    frames[0] = &task;
    ready.push_back(task.handle());
    turn(10);
    ready.clear();
    for (int i = 2; i >= 0; --i) frames[i]->destroy();
    expect(order == "dcba", order.c_str());
    expect(Tracked::live == 0, "an object was destroyed twice, or never");
}
