// relied on: an empty list for an owning parameter is right in an awaited expression if its type has a user-declared constructor
// expect: gcc=right clang=right
#include "canary.hpp"
using namespace canary;

struct Head {
    Head() = default;
    explicit Head(int its_number, Tracked its_name = Tracked{7}) : number{its_number}, name{std::move(its_name)} {}

    int number = 1;
    Tracked name{2};
};

struct Sender {
    Task<int> send(Head head) { return send_now(std::move(head), number); }
    static Task<int> send_now(Head head, int more) {
        co_await Hop{};
        co_return head.number + head.name.value + more;
    }
    int number = 0;
};

Task<> program() {
    Sender sender;
    int got = co_await sender.send({});
    expect(got == 3, "wrong result");
    got = co_await sender.send(Head(5));
    expect(got == 12, "wrong result");
}

int main() {
    run(program);
    return destroy_everywhere(program);
}
