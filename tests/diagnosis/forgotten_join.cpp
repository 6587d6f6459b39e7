// A task is spawned and nobody waits for it: the program ends in the middle of its work.
// rule: leak
// task: backup
// says: is at forgotten_join.cpp:\d+ and waits on sleep
#include "diagnosis.hpp"

gyre::Task<> back_up() { co_await gyre::sleep(1h); }

gyre::Task<> amain() {
    gyre::spawn(back_up(), {.name = "backup"});  // <- here
    co_await gyre::sleep(10ms);
}

int main() { gyre::run(amain(), diagnosis::options); }
