// A task waits for another one that needs the lock which it holds.
// rule: wait-circle
// task: (parent|child)
// says: 2 tasks wait for each other.*('parent' waits on join 'child'.*lock 'journal', which task 'parent' holds|'child' waits on lock 'journal', which task 'parent' holds.*'parent' waits on join 'child')
#include "diagnosis.hpp"

gyre::Task<> add_line(gyre::Lock& journal) { auto guard = co_await journal.acquire(); }
gyre::Task<> flush(gyre::Lock& journal) {
    auto guard = co_await journal.acquire();
    auto child = gyre::spawn(add_line(journal), {.name = "child"});
    co_await child.join();  // <- here
}

gyre::Task<> amain() {
    gyre::Lock journal("journal");
    auto parent = gyre::spawn(flush(journal), {.name = "parent"});
    co_await parent.join();
}

int main() { gyre::run(amain(), diagnosis::options); }
