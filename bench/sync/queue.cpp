// What a hand-over between two tasks costs, in nanoseconds a message: the best of several rounds.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>

namespace {

constexpr int rounds = 9;
constexpr int messages = 1'000'000;
std::string_view wanted;

gyre::Task<> report(std::string_view name, std::function<gyre::Task<>()> work) {
    if (name.find(wanted) == std::string_view::npos) co_return;
    double best = 1e18;
    for (int i = 0; i < rounds; ++i) {
        const auto start = gyre::this_loop().now();
        co_await work();
        best = std::min(best, static_cast<double>((gyre::this_loop().now() - start).count()) / messages);
    }
    std::printf("%-44.*s %10.1f ns\n", static_cast<int>(name.size()), name.data(), best);
}

gyre::Task<> answer(gyre::Queue<int>& in, gyre::Queue<int>& out) {
    while (auto item = co_await in.get()) co_await out.put(*item);
}

gyre::Task<> queue_ping_pong() {
    gyre::Queue<int> there{1};
    gyre::Queue<int> back{1};
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(answer(there, back));
        for (int i = 0; i < messages / 2; ++i) {
            co_await there.put(i);
            co_await back.get();
        }
        there.shutdown();
    });
}

gyre::Task<> fill(gyre::Queue<int>& queue) {
    for (int i = 0; i < messages; ++i) co_await queue.put(i);
    queue.shutdown();
}

gyre::Task<> queue_stream(std::size_t size) {
    gyre::Queue<int> queue{size};
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(fill(queue));
        while (auto item = co_await queue.get()) static_cast<void>(item);
    });
}

gyre::Task<> answer(gyre::Receiver<int> in, gyre::Sender<int> out) {
    while (auto item = co_await in.receive()) co_await out.send(*item);
}

gyre::Task<> channel_ping_pong(std::size_t capacity) {
    auto there = gyre::channel<int>(capacity);
    auto back = gyre::channel<int>(capacity);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(answer(std::move(there.receiver), std::move(back.sender)));
        for (int i = 0; i < messages / 2; ++i) {
            co_await there.sender.send(i);
            co_await back.receiver.receive();
        }
        there.sender.close();
    });
}

gyre::Task<> send_all(gyre::Sender<int> out) {
    for (int i = 0; i < messages; ++i) co_await out.send(i);
}

gyre::Task<> channel_stream(std::size_t capacity) {
    auto ends = gyre::channel<int>(capacity);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(send_all(std::move(ends.sender)));
        while (auto item = co_await ends.receiver.receive()) static_cast<void>(item);
    });
}

gyre::Task<> yields(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::yield_now();
}

gyre::Task<> two_that_yield() {
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(yields(messages / 2));
        group.spawn(yields(messages / 2));
    });
}

gyre::Task<> measure() {
    co_await report("yield, 2 tasks, for comparison", [] { return two_that_yield(); });
    co_await report("queue, ping-pong", [] { return queue_ping_pong(); });
    co_await report("queue of 1, stream", [] { return queue_stream(1); });
    co_await report("queue of 64, stream", [] { return queue_stream(64); });
    co_await report("channel of 1, ping-pong", [] { return channel_ping_pong(1); });
    co_await report("rendezvous, ping-pong", [] { return channel_ping_pong(0); });
    co_await report("rendezvous, stream", [] { return channel_stream(0); });
    co_await report("channel of 64, stream", [] { return channel_stream(64); });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) wanted = argv[1];
    gyre::run(measure());
}
