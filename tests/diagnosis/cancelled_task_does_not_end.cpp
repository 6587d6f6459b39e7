// A task that is cancelled waits, in its clean-up, for something that does not come.
// rule: cancel-ignored
// task: writer
// says: was cancelled .* ago and has not ended.*waits on event 'acknowledged'.*no longer needed
#include "diagnosis.hpp"

gyre::Task<> write_out(gyre::Event& acknowledged) {
    const auto body = []() -> gyre::Task<> { co_await gyre::sleep(1h); };
    const auto clean_up = [&]() -> gyre::Task<> {
        co_await acknowledged.wait();  // <- here
    };
    co_await gyre::try_finally(body, clean_up);
}

gyre::Task<> amain() {
    gyre::Event acknowledged("acknowledged");
    auto writer = gyre::spawn(write_out(acknowledged), {.name = "writer"});
    co_await gyre::sleep(1ms);
    writer.cancel("no longer needed");
    auto ended = co_await gyre::as_outcome(writer.join());
    static_cast<void>(ended);
}

int main() { gyre::run(amain(), diagnosis::options); }
