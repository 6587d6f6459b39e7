// The last writer has gone, but the reader holds a spare sender, so the channel does not end.
// rule: never-woken
// task: reader
// says: waits on channel: receive 'lines'.*nothing can wake it
#include "diagnosis.hpp"

gyre::Task<> write(gyre::Sender<int> lines) { co_await lines.send(1); }
gyre::Task<> read(gyre::Receiver<int> lines, gyre::Sender<int> spare) {
    while (auto line = co_await lines.receive()) {  // <- here
        static_cast<void>(spare);
    }
}

gyre::Task<> amain() {
    auto [sender, receiver] = gyre::channel<int>(1, "lines");
    auto spare = sender.clone();
    auto writer = write(std::move(sender));
    auto reader = read(std::move(receiver), std::move(spare));
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(std::move(writer), {.name = "writer"});
        group.spawn(std::move(reader), {.name = "reader"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }
