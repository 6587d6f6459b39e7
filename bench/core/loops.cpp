// What it costs to cross from one loop to another: a round trip of `on`, many of them at once, posts one way.
// Prints the best of several rounds.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace {

constexpr int rounds = 7;

auto nothing() -> gyre::Task<> { co_return; }

/// Nanoseconds for each of `count`.
auto each(gyre::Time start, int count) -> double {
    return static_cast<double>((gyre::this_loop().now() - start).count()) / count;
}

gyre::Task<double> one_after_another(gyre::EventLoop& other, int count) {
    const auto start = gyre::this_loop().now();
    for (int i = 0; i < count; ++i) co_await gyre::on(other, nothing);
    co_return each(start, count);
}

gyre::Task<> call(gyre::EventLoop& other) { co_await gyre::on(other, nothing); }

gyre::Task<double> all_at_once(gyre::EventLoop& other, int count) {
    std::vector<gyre::Task<>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(call(other));
    const auto start = gyre::this_loop().now();
    co_await gyre::gather(std::move(calls));
    co_return each(start, count);
}

gyre::Task<double> posts(gyre::EventLoop& other, int count) {
    int seen = 0;  // the other loop's
    gyre::Event done;
    auto& home = gyre::this_loop();
    const auto start = home.now();
    for (int i = 0; i < count; ++i) {
        other.post([&seen, &home, &done, count] {
            if (++seen == count) home.post([&done] { done.set(); });
        });
    }
    co_await done.wait();
    co_return each(start, count);
}

template<class Measure>
gyre::Task<> best(const char* what, Measure measure) {
    double least = 1e12;
    for (int i = 0; i < rounds; ++i) {
        const double cost = co_await measure();
        least = std::min(least, cost);
    }
    std::printf("%-44s %10.1f ns\n", what, least);
}

gyre::Task<> measure() {
    auto& home = gyre::this_loop();
    auto& other = gyre::loops()[1];
    co_await best("on the own loop", [&] { return one_after_another(home, 100'000); });
    co_await best("on another loop, one after another", [&] { return one_after_another(other, 5'000); });
    co_await best("on another loop, 10,000 at once, each", [&] { return all_at_once(other, 10'000); });
    co_await best("post to another loop, 1,000,000, each", [&] { return posts(other, 1'000'000); });
}

}  // namespace

int main() { gyre::run(measure(), {.loops = 2}); }
