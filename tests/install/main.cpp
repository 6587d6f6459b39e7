// The smallest program of somebody who uses an installed gyre.
#include <gyre/gyre.hpp>

#include <chrono>
#include <iostream>

gyre::Task<int> amain() {
    co_await gyre::sleep(std::chrono::milliseconds{1});
    co_return 42;
}

int main() {
    int answer = gyre::run(amain());
    std::cout << answer << "\n";
    return answer == 42 ? 0 : 1;
}
