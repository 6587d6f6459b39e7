// Hello world with a loop: sleeps a millisecond, says hello, ends.
#include <gyre/core/run.hpp>
#include <gyre/core/sleep.hpp>

#include <chrono>
#include <cstdio>

gyre::Task<> hello() {
    co_await gyre::sleep(std::chrono::milliseconds(1));
    std::puts("hello");
}

int main() { gyre::run(hello()); }
