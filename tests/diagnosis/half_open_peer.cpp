// A peer that is gone without a word: the read has no time limit.
// rule: silent-peer
// task: client
// says: waits on socket '127.0.0.1:\d+': receive.*no time limit
#include "diagnosis.hpp"

gyre::Task<> ask(std::uint16_t port) {
    auto stream = co_await gyre::net::connect("127.0.0.1", port);
    std::vector<std::byte> answer(100);
    auto count = co_await stream.read_some(answer);  // <- here
    static_cast<void>(count);
}

gyre::Task<> amain() {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(ask(listener.local_address().port()), {.name = "client"});
        auto peer = co_await listener.accept();
        co_await gyre::sleep(1h);
    });
}

int main() { gyre::run(amain(), diagnosis::options); }
