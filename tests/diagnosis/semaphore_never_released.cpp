// Who holds the only permit waits for something that takes for ever.
// rule: permit-held
// task: uploader
// says: holds one of semaphore 'uplink' and waits on sleep.*2 tasks wait for one
#include "diagnosis.hpp"

gyre::Task<> upload(gyre::Semaphore& uplink, gyre::AnyDuration length) {
    auto permit = co_await uplink.acquire();
    co_await gyre::sleep(length);  // <- here
}

gyre::Task<> amain() {
    gyre::Semaphore uplink(1, "uplink");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(upload(uplink, 1h), {.name = "uploader"});
        group.spawn(upload(uplink, 1ms), {.name = "second"});
        group.spawn(upload(uplink, 1ms), {.name = "third"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }
