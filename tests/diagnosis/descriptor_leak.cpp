// Streams are put away where nobody closes them.
// rule: leak
// task: client
// says: socket 127.0.0.1:\d+, opened at descriptor_leak.cpp:HERE by task 'client'
#include "diagnosis.hpp"

std::vector<gyre::net::Stream>& history() {
    static std::vector<gyre::net::Stream> all;
    return all;
}

gyre::Task<> ask(std::uint16_t port) {
    auto stream = co_await gyre::net::connect("127.0.0.1", port);  // <- here
    history().push_back(std::move(stream));
}

gyre::Task<> amain() {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0);
    auto client = gyre::spawn(ask(listener.local_address().port()), {.name = "client"});
    co_await client.join();
}

int main() { gyre::run(amain(), diagnosis::options); }
