// The program of the README.
#include <gyre/gyre.hpp>
#include <iostream>

using namespace std::chrono_literals;

gyre::Task<std::string> greet(std::string name, std::chrono::milliseconds delay) {
    co_await gyre::sleep(delay);
    co_return "Hello, " + name;
}

gyre::Task<> amain() {
    auto both = co_await gyre::gather(greet("Alice", 60ms), greet("Bob", 40ms));
    auto& [alice, bob] = both;
    std::cout << alice << "\n" << bob << "\n";

    auto late = co_await gyre::move_on_after(10ms, greet("Carol", 1h));
    std::cout << (late ? *late : "moved on") << "\n";
}

int main() { gyre::run(amain()); }
