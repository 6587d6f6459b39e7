// The smallest coroutine type on which a compiler bug shows, independent of gyre: a lazy task on a queue of handles.
//
// A canary is right when its program ends with status 0: what it made was destroyed once, and results are as written.
// The head of each file says which bug it is about and what is expected of which compiler; tools/run_canaries reads that.
#pragma once

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

namespace canary {

[[noreturn]] inline void broken(const char* what) {
    std::printf("%s\n", what);
    std::exit(1);
}

inline void expect(bool holds, const char* what) {
    if (!holds) broken(what);
}

/// Counts how many of it live; a second destruction or a use after it is seen at once.
class Tracked {
public:
    explicit Tracked(int v = 0) : value{v} { ++live; }
    Tracked(const Tracked& other) : value{other.checked().value} { ++live; }
    Tracked(Tracked&& other) noexcept : value{other.checked().value} { ++live; }
    Tracked& operator=(const Tracked& other) {
        value = other.checked().value;
        return *this;
    }
    ~Tracked() {
        checked();
        mark_ = 0;
        --live;
    }

    int value;
    inline static int live = 0;

private:
    const Tracked& checked() const {
        if (mark_ != 0x600DCAFE) broken("an object was used or destroyed after its destruction");
        return *this;
    }

    volatile unsigned mark_ = 0x600DCAFE;
};

inline std::deque<std::coroutine_handle<>> ready;

/// A wait that really suspends: the queue resumes it.
struct Hop {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { ready.push_back(handle); }
    void await_resume() const noexcept {}
};

struct PromiseBase {
    std::coroutine_handle<> parent;
    std::exception_ptr error;

    struct Final {
        bool await_ready() const noexcept { return false; }
        template<class Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            if (handle.promise().parent) ready.push_back(handle.promise().parent);
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() { error = std::current_exception(); }
};

template<class T>
struct Result : PromiseBase {
    std::optional<T> value;
    void return_value(T v) { value.emplace(std::move(v)); }
    T take() { return std::move(*value); }
};

template<>
struct Result<void> : PromiseBase {
    void return_void() {}
    void take() {}
};

template<class T = void>
class [[nodiscard]] Task {
public:
    struct promise_type : Result<T> {
        Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    };

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_{handle} {}
    Task(Task&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> parent) {
        handle_.promise().parent = parent;
        ready.push_back(handle_);
    }
    T await_resume() {
        if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
        return handle_.promise().take();
    }

    std::coroutine_handle<promise_type> handle() const { return handle_; }
    std::coroutine_handle<promise_type> release() { return std::exchange(handle_, nullptr); }
    void destroy() { std::exchange(handle_, nullptr).destroy(); }

private:
    std::coroutine_handle<promise_type> handle_;
};

/// Resumes what is ready, `steps` times at most; true if something is left.
inline bool turn(int steps = 1'000'000) {
    for (; steps > 0 && !ready.empty(); --steps) {
        auto next = ready.front();
        ready.pop_front();
        next.resume();
    }
    return !ready.empty();
}

/// Runs a task to its end and checks that nothing is left of it.
template<class Make>
int run(Make make) {
    int live = Tracked::live;
    {
        auto task = make();
        ready.push_back(task.handle());
        turn();
        expect(task.handle().done(), "the task did not end");
        if (task.handle().promise().error) broken("the task threw");
    }
    expect(Tracked::live == live, "an object was destroyed twice, or never");
    return 0;
}

/// Destroys the task after 1, 2, 3 ... resumptions and checks each time that nothing is left of it.
template<class Make>
int destroy_everywhere(Make make) {
    for (int steps = 0;; ++steps) {
        int live = Tracked::live;
        bool more;
        {
            auto task = make();
            ready.push_back(task.handle());
            more = turn(steps);
            ready.clear();
        }
        expect(Tracked::live == live, "an object was destroyed twice, or never");
        if (!more) return 0;
    }
}

}  // namespace canary
