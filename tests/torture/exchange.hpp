#pragma once

// A client and a server in one loop, of which one allocation after the other fails.

#include "failing_memory.hpp"
#include "os/os_support.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::torture {

/// Asks for something and reads it all; throws if it did not get it.
using Ask = std::function<Task<void>(http::Client&, const std::string& url)>;

struct Scene {
    http::ExchangeHandler handler;
    const net::TlsServerContext* tls = nullptr;
    http::ClientOptions client = {};
};

struct Failures {
    std::size_t in_a_row = 1;
    bool on_new_connections = false;
};

/// @return whether an allocation failed.
inline auto ask_once(
    http::Client& client, const Ask& ask, const std::string& url, std::size_t nth, std::size_t in_a_row) -> Task<bool> {
    FailingAllocation failing(nth, in_a_row);
    try {
        co_await ask(client, url);
    } catch (const std::exception&) {}
    co_return failing.has_failed();
}

/// The request with each of its allocations failing; each time on a client that was used before, or is new.
inline auto torture(const Scene& scene, const std::string& url, const Ask& ask, Failures failures, std::size_t& count)
    -> Task<void> {
    http::Client kept(scene.client);
    co_await ask(kept, url);
    for (std::size_t nth = 1;; ++nth) {
        http::Client fresh(scene.client);
        http::Client& client = failures.on_new_connections ? fresh : kept;
        const auto has_failed = co_await move_on_after(
            std::chrono::seconds(10), ask_once(client, ask, url, nth, failures.in_a_row));
        EXPECT_TRUE(has_failed) << "the request hangs after allocation " << nth;
        if (!has_failed.value_or(false)) co_return;
        co_await ask(client, url);
        count = nth;
    }
}

inline auto serve_and_torture(const Scene& scene, const Ask& ask, Failures failures, std::size_t& count) -> Task<void> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto url = (scene.tls != nullptr ? "https://127.0.0.1:" : "http://127.0.0.1:") +
                     std::to_string(listener.local_address().port()) + "/";
    http::ConnectionOptions connection;
    connection.max_requests_per_connection = 1'000'000;
    auto serving = http::serve_http(std::move(listener), scene.handler, connection, scene.tls);
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto server = group.spawn(std::move(serving), {.name = "server"});
        co_await torture(scene, url, ask, failures, count);
        server.cancel("the test is over");
    });
}

/// Whichever allocation fails while a request is under way, the request ends, nothing hangs or is left, and the next one is
/// served.
inline void run(const Scene& scene, const Ask& ask, Failures failures) {
    std::size_t count = 0;
    std::size_t left = 0;
    const auto descriptors = testing::open_descriptors().size();
    // The first round fills what is kept for ever.
    for (int round = 0; round < 2; ++round) {
        const auto before = live_blocks();
        {
            EventLoop loop;
            loop.set_exception_handler([](const ErrorContext&) {});  // the handlers' failures are wanted
            loop.run_until_complete(serve_and_torture(scene, ask, failures, count));
            loop.close();
        }
        left = live_blocks() - std::min(before, live_blocks());
    }
    EXPECT_GT(count, 5U);
    EXPECT_LE(left, 8U) << "blocks are left after " << count << " failures";
    EXPECT_EQ(testing::open_descriptors().size(), descriptors);
}

inline void expect_success(int status) {
    if (status != 200) throw std::runtime_error("the server failed");
}

}  // namespace gyre::torture
