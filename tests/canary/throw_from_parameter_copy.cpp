// relied on: an exception from the copy of a parameter into the frame leaves nothing behind
// expect: gcc=right clang=right
// flags: -fsanitize=address
#include "canary.hpp"
using namespace canary;

struct Fragile {
    explicit Fragile(int left) : copies_left{left} {}
    Fragile(const Fragile& other) : copies_left{other.copies_left - 1}, tracked{other.tracked} {
        if (copies_left < 0) throw 7;
    }
    int copies_left;
    Tracked tracked;
};

Task<int> take(Tracked, Fragile fragile) {
    co_await Hop{};
    co_return fragile.copies_left;
}

int main() {
    {
        Fragile fragile{1};
        bool thrown = false;
        try {
            auto task = take(Tracked{1}, fragile);  // one copy for the argument, one into the frame
        } catch (int) {
            thrown = true;
        }
        expect(thrown, "nothing was thrown");
    }
    expect(Tracked::live == 0, "an object was destroyed twice, or never");
}
