// relied on: a temporary with an owning member is right in an awaited expression if its type has a user-declared constructor
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

class Options {
public:
    explicit Options(Tracked name) : name_{std::move(name)} {}
    Options&& number(int n) && {
        number_ = n;
        return std::move(*this);
    }
    int sum() const { return name_.value + number_; }

private:
    Tracked name_;
    int number_ = 0;
};

Task<int> take(Options options) {
    co_await Hop{};
    co_return options.sum();
}

Task<> program() {
    int got = co_await take(Options(Tracked{1}).number(2));
    expect(got == 3, "wrong result");
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
