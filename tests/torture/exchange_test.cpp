// A client and a server in one loop: whichever allocation fails while a request is under way, the request ends, nothing hangs
// or is left, and the next one is served.

#include "failing_memory.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace gyre::torture {
namespace {

using namespace std::chrono_literals;
using http::Client;

auto echo(http::ServerExchange& exchange) -> Task<void> {
    std::string text;
    while (true) {
        const auto piece = co_await exchange.read();
        if (piece.empty()) break;
        text.append(piece.data(), piece.size());
    }
    co_await exchange.respond(200, "text/plain", text);
}

using Ask = std::function<Task<void>(Client&, const std::string& url)>;

struct Failures {
    std::size_t in_a_row = 1;
    bool on_new_connections = false;
};

/// @return whether an allocation failed.
auto ask_once(Client& client, const Ask& ask, const std::string& url, std::size_t nth, std::size_t in_a_row)
    -> Task<bool> {
    FailingAllocation failing(nth, in_a_row);
    try {
        co_await ask(client, url);
    } catch (const std::exception&) {}
    co_return failing.has_failed();
}

/// The request with each of its allocations failing; each time on a client that was used before, or is new.
auto torture(const std::string& url, const Ask& ask, Failures failures, std::size_t& count) -> Task<void> {
    Client kept;
    co_await ask(kept, url);
    for (std::size_t nth = 1;; ++nth) {
        Client fresh;
        Client& client = failures.on_new_connections ? fresh : kept;
        const auto has_failed = co_await move_on_after(10s, ask_once(client, ask, url, nth, failures.in_a_row));
        EXPECT_TRUE(has_failed) << "the request hangs after allocation " << nth;
        if (!has_failed.value_or(false)) co_return;
        co_await ask(client, url);
        count = nth;
    }
}

auto serve_and_torture(const Ask& ask, Failures failures, std::size_t& count) -> Task<void> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto url = "http://127.0.0.1:" + std::to_string(listener.local_address().port()) + "/";
    auto serving = http::serve_http(std::move(listener), echo);
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto server = group.spawn(std::move(serving), {.name = "server"});
        co_await torture(url, ask, failures, count);
        server.cancel("the test is over");
    });
}

void run(const Ask& ask, Failures failures) {
    std::size_t count = 0;
    std::size_t left = 0;
    // The first round fills what is kept for ever.
    for (int round = 0; round < 2; ++round) {
        const auto before = live_blocks();
        {
            EventLoop loop;
            loop.set_exception_handler([](const ErrorContext&) {});  // the handlers' failures are wanted
            loop.run_until_complete(serve_and_torture(ask, failures, count));
            loop.close();
        }
        left = live_blocks() - std::min(before, live_blocks());
    }
    EXPECT_GT(count, 5U);
    EXPECT_LE(left, 8U) << "blocks are left after " << count << " failures";
}

void expect_success(int status) {
    if (status != 200) throw std::runtime_error("the server failed");
}

auto get(Client& client, const std::string& url) -> Task<void> {
    auto response = co_await client.get(url);
    const auto text = co_await response.text();
    expect_success(response.status());
}

auto post(Client& client, const std::string& url) -> Task<void> {
    auto response = co_await client.post(url).body(std::string(100'000, 'x'));
    const auto text = co_await response.text();
    expect_success(response.status());
    EXPECT_EQ(text.size(), 100'000U);
}

TEST(HttpTorture, any_allocation_of_a_request_on_a_connection_may_fail) {
    run(get, {});
    run(get, {.in_a_row = 3});
}

TEST(HttpTorture, any_allocation_of_a_new_connection_may_fail) {
    run(get, {.on_new_connections = true});
    run(get, {.in_a_row = 3, .on_new_connections = true});
}

TEST(HttpTorture, any_allocation_of_an_upload_may_fail) {
    run(post, {});
    run(post, {.in_a_row = 3});
}

}  // namespace
}  // namespace gyre::torture
