// A program to be looked at: what it does is named on its command line. It runs until it is killed.

#include <gyre/gyre.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs.hpp>
#include <gyre/obs/control.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

namespace {

gyre::Task<> dine(gyre::Lock& first, gyre::Lock& second) {
    auto one = co_await first.acquire();
    co_await gyre::sleep(10ms);
    auto two = co_await second.acquire();
}

gyre::Task<> borrow(gyre::Lock& fork) { auto guard = co_await fork.acquire(); }

/// Philosophers in a circle, and guests who wait for the fork of the first one.
gyre::Task<> table(std::size_t seats) {
    static constexpr std::string_view names[] = {"Plato", "Kant", "Hume", "Mill", "Hegel"};
    std::vector<std::unique_ptr<gyre::Lock>> forks;
    for (std::size_t i = 0; i < seats; ++i) forks.push_back(std::make_unique<gyre::Lock>("fork " + std::to_string(i)));
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        for (std::size_t i = 0; i < seats; ++i) {
            group.spawn(dine(*forks[i], *forks[(i + 1) % seats]), {.name = names[i % 5]});
        }
        co_await gyre::sleep(50ms);
        for (int i = 0; i < 14; ++i) group.spawn(borrow(*forks[0]));
    });
}

/// A circle that a time limit ends: nobody would call it a deadlock.
gyre::Task<> patient_table() {
    gyre::Lock left("left fork"), right("right fork");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(dine(left, right), {.name = "Plato", .deadline = gyre::this_loop().now() + 1h});
        group.spawn(dine(right, left), {.name = "Kant"});
    });
}

gyre::Task<> wait_for(gyre::Event& bell) { co_await bell.wait(); }
gyre::Task<> visit(gyre::Event& bell) { co_await wait_for(bell); }

gyre::Task<> crowd(std::size_t size) {
    gyre::Event bell("doorbell");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (std::size_t i = 0; i < size; ++i) {
            const std::string name = i % 1000 == 0 ? "visitor " + std::to_string(i) : "";
            group.spawn(visit(bell), {.name = name});
        }
    });
}

/// Keeps the loop busy for so long.
void compute(gyre::Duration length) {
    const auto end = gyre::this_loop().now() + length;
    std::uint64_t sum = 0;
    while (gyre::this_loop().now() < end) sum += 1;
    if (sum == 1) std::puts("");
}

gyre::Task<> report_of_the_year() {
    for (;;) {
        co_await gyre::sleep(2s);
        compute(5s);
    }
}

gyre::Task<> blocked() {
    gyre::Event bell("doorbell");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(report_of_the_year(), {.name = "report"});
        group.spawn(visit(bell), {.name = "visitor"});
    });
}

gyre::Task<> fill(gyre::Queue<int>& queue) {
    for (int i = 0;; ++i) co_await queue.put(i);
}

gyre::Task<> flush() { co_await gyre::sleep(1h); }
gyre::Task<> refuse_to_end() { co_await gyre::shield(flush()); }

gyre::Task<> limited() {
    co_await gyre::move_on_after(1h, [] { return gyre::sleep(2h); });
}

gyre::Task<> welcome() {
    auto door = co_await gyre::net::listen("127.0.0.1", 0);
    const auto guest = co_await door.accept();
}

/// One of each: names that are markup, a queue that is full, a time limit, branches, a socket, a cancelled task that lives on.
gyre::Task<> mixed() {
    gyre::Queue<int> queue(8);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(fill(queue), {.name = "<img src=x onerror=alert(1)>"});
        group.spawn(limited(), {.name = "limited"});
        group.spawn(welcome(), {.name = "porter"});
        auto stubborn = group.spawn(refuse_to_end(), {.name = "stubborn"});
        group.spawn(gyre::gather(gyre::sleep(1h), gyre::sleep(2h)), {.name = "brancher"});
        co_await gyre::sleep(10ms);
        stubborn.cancel("no longer needed");
        co_await gyre::sleep(1h);
    });
}

gyre::Task<> amain(std::string_view what, std::size_t number) {
    std::puts("ready");
    std::fflush(stdout);
    if (what == "deadlock") co_await table(number);
    if (what == "patient") co_await patient_table();
    if (what == "crowd") co_await crowd(number);
    if (what == "blocked") co_await blocked();
    if (what == "mixed") co_await mixed();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    const std::size_t number = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
    gyre::run(amain(what, number), {.timing = what == "mixed" ? gyre::Timing::exact : gyre::Timing::sampled,
                                       .on_deadlock = gyre::OnDeadlock::report,
                                       .stall_limit = 25ms,
                                       .on_stall = [](const gyre::obs::StallReport&) {},
                                       .control = &gyre::obs::control_socket});
}
