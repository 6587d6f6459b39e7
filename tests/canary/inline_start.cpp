// relied on: a child is started inside the parent's await_ready, while the parent is not suspended
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

template<class T>
struct Inline {
    explicit Inline(Task<T> t) : task{std::move(t)} {}
    bool await_ready() {
        task.handle().resume();
        return task.handle().done();
    }
    void await_suspend(std::coroutine_handle<> parent) { task.handle().promise().parent = parent; }
    T await_resume() { return task.await_resume(); }
    Task<T> task;
};

Task<Tracked> child(int hops) {
    Tracked local{hops};
    for (int i = 0; i < hops; ++i) co_await Hop{};
    co_return local;
}

Task<> program() {
    for (int hops = 0; hops < 4; ++hops) {
        Tracked got = co_await Inline<Tracked>{child(hops)};
        expect(got.value == hops, "wrong result");
    }
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
