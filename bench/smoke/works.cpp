#include "works.hpp"

#include <gyre/gyre.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/server/server.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace smoke {

namespace {

using namespace std::chrono_literals;

constexpr int many = 2'000;

gyre::Task<> nothing() { co_return; }
gyre::Task<int> leaf(int value) { co_return value; }

gyre::Task<> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::yield_now();
}

gyre::Task<> yields() {
    co_await gyre::task_group([](gyre::TaskGroup& group) {
        for (int i = 0; i < 10; ++i) group.spawn(yield_often(many));
    });
}

gyre::Task<> spawn_join() {
    for (int i = 0; i < many; ++i) {
        auto handle = gyre::spawn(nothing());
        co_await handle.join();
    }
}

gyre::Task<> child_await() {
    int sum = 0;
    for (int i = 0; i < many; ++i) {
        const int value = co_await leaf(1);
        sum += value;
    }
    if (sum != many) std::abort();
}

gyre::Task<> gather() {
    std::vector<gyre::Task<int>> all;
    all.reserve(many);
    for (int i = 0; i < many; ++i) all.push_back(leaf(i));
    const auto values = co_await gyre::gather(std::move(all));
    if (values.size() != many) std::abort();
}

gyre::Task<> cancel() {
    std::vector<gyre::TaskHandle<>> handles;
    handles.reserve(many);
    for (int i = 0; i < many; ++i) {
        handles.push_back(gyre::spawn([]() -> gyre::Task<> { co_await gyre::sleep(1h); }));
    }
    co_await gyre::yield_now();
    for (auto& handle : handles) handle.cancel("over");
    while (gyre::this_loop().background_task_count() > 0) co_await gyre::yield_now();
}

gyre::Task<> lock() {
    gyre::Lock own;
    for (int i = 0; i < many; ++i) {
        const auto guard = co_await own.acquire();
    }
}

gyre::Task<> queue() {
    gyre::Queue<int> there{1};
    gyre::Queue<int> back{1};
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn([&]() -> gyre::Task<> {
            for (int i = 0; i < many; ++i) {
                const auto item = co_await there.get();
                co_await back.put(*item);
            }
        });
        for (int i = 0; i < many; ++i) {
            co_await there.put(i);
            co_await back.get();
        }
    });
}

gyre::Task<> channel() {
    auto ends = gyre::channel<int>(16);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn([&]() -> gyre::Task<> {
            for (int i = 0; i < many; ++i) co_await ends.sender.send(i);
        });
        for (int i = 0; i < many; ++i) {
            const auto item = co_await ends.receiver.receive();
            if (*item != i) std::abort();
        }
    });
}

gyre::Task<> call_soon() {
    gyre::Event done;
    int left = many;
    for (int i = 0; i < many; ++i) {
        gyre::this_loop().call_soon([&] {
            if (--left == 0) done.set();
        });
    }
    co_await done.wait();
}

// In simulated time: the clock jumps from deadline to deadline.
gyre::Task<> timers() {
    co_await gyre::task_group([](gyre::TaskGroup& group) {
        for (int i = 0; i < many; ++i) {
            const auto length = std::chrono::microseconds(i * 7919 % many);
            group.spawn([length]() -> gyre::Task<> { co_await gyre::sleep(length); });
        }
    });
}

gyre::Task<> timeouts() {
    for (int i = 0; i < many; ++i) co_await gyre::timeout(1s, nothing());
}

gyre::Task<> answer(gyre::http::ServerExchange& exchange) {
    co_await exchange.respond(200, "text/plain", "Hello, World!");
}

gyre::Task<> serve(gyre::net::Listener listener) {
    gyre::http::ConnectionOptions options;
    options.max_requests_per_connection = many + 1;
    co_await gyre::http::serve_http(std::move(listener), answer, options);
}

// A keep-alive connection in a simulated network; the client is as little as can be.
gyre::Task<> http() {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    auto server = gyre::spawn(serve(std::move(listener)));
    auto stream = co_await gyre::net::connect("127.0.0.1", port);
    for (int i = 0; i < many; ++i) {
        co_await stream.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const auto response = co_await stream.read_some(4096);
        if (!response.starts_with("HTTP/1.1 200 ") || !response.ends_with("Hello, World!")) std::abort();
    }
    server.cancel();
    const auto ended = co_await gyre::as_outcome(server.join());
    if (ended.has_value()) std::abort();
}

// The same with the client of the library.
gyre::Task<> http_client() {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0);
    const auto url = "http://127.0.0.1:" + std::to_string(listener.local_address().port()) + "/plaintext";
    auto server = gyre::spawn(serve(std::move(listener)));
    gyre::http::Client client;
    for (int i = 0; i < many; ++i) {
        auto response = co_await client.get(url);
        const auto text = co_await response.text();
        if (text != "Hello, World!") std::abort();
    }
    server.cancel();
    const auto ended = co_await gyre::as_outcome(server.join());
    if (ended.has_value()) std::abort();
}

constexpr std::array list{
    Work{"yields", "epoll,sim", yields},
    Work{"spawn_join", "epoll,sim", spawn_join},
    Work{"child_await", "epoll", child_await},
    Work{"gather", "epoll", gather},
    Work{"cancel", "epoll,sim", cancel},
    Work{"lock", "epoll", lock},
    Work{"queue", "epoll,sim", queue},
    Work{"channel", "epoll", channel},
    Work{"call_soon", "epoll", call_soon},
    Work{"timers", "sim", timers},
    Work{"timeouts", "sim", timeouts},
    Work{"http", "sim", http},
    Work{"http_client", "sim", http_client},
};

}  // namespace

const std::span<const Work> works = list;

}  // namespace smoke
