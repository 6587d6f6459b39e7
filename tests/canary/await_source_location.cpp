// relied on: a defaulted std::source_location argument of await_transform is the line of the co_await
// (on await_suspend it crashes several versions of GCC: PR 114675)
// expect: gcc=right clang=right
#include "canary.hpp"

#include <source_location>
#include <string_view>
using namespace canary;

struct Located {
    struct promise_type : PromiseBase {
        std::source_location where;
        Located get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        void return_void() {}
        template<class Awaitable>
        Awaitable&& await_transform(Awaitable&& a, std::source_location at = std::source_location::current()) {
            where = at;
            return static_cast<Awaitable&&>(a);
        }
    };
    std::coroutine_handle<promise_type> handle;
};

unsigned first, second;

Located program() {
    first = __LINE__ + 1;
    co_await Hop{};
    second = __LINE__ + 1;
    co_await  // the expression has two lines: either will do
        Hop{};
}

int main() {
    auto located = program();
    located.handle.resume();
    auto at = located.handle.promise().where;
    expect(at.line() == first && std::string_view{at.file_name()}.ends_with("await_source_location.cpp"), "wrong line");
    turn(1);
    unsigned line = located.handle.promise().where.line();
    expect(line == second || line == second + 1, "wrong second line");
    turn();
    located.handle.destroy();
}
