// How many connections a client has, who waits for one, and who gets it.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include <gyre/core/wait_report.hpp>
#include <gyre/obs.hpp>

#include <algorithm>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;

class HttpConnections : public OnLoops {};
GYRE_ON_LOOPS(HttpConnections);

/// Answers nobody before it is opened, and counts who is there.
struct Gate {
    explicit Gate(std::size_t wanted) : open_at(wanted) {}
    std::size_t open_at;  ///< So many requests at a time open it.
    std::size_t here = 0;
    std::size_t most = 0;
    gyre::Event open{"the gate"};

    [[nodiscard]] auto script() -> Script {
        return [this](Peer& peer) -> Task<> {
            for (;;) {
                const auto request = co_await peer.request();
                if (request.empty()) co_return;
                ++here;
                most = std::max(most, here);
                if (here >= open_at) open.set();
                co_await open.wait();
                --here;
                co_await peer.send(ok("x"));
            }
        };
    }
};

auto with_host(std::string base, std::string_view host) -> std::string {
    return base.replace(base.find("127.0.0.1"), 9, host);
}

TEST_P(HttpConnections, as_many_as_the_limit_and_no_more) {
    for (const std::size_t limit : {std::size_t{1}, std::size_t{3}}) {
        Gate gate(limit);
        ScriptedServer server(gate.script());
        run(server.run(ClientOptions{.max_connections = limit}, [&](http::Client& client, std::string base) -> Task<> {
            co_await task_group([&](TaskGroup& group) {
                for (int i = 0; i < 10; ++i) group.spawn(fetch(client, base));
            });
            EXPECT_EQ(client.stats().connections_opened, limit);
            EXPECT_EQ(client.stats().connections_reused, 10 - limit);
        }));
        EXPECT_EQ(gate.most, limit);
        EXPECT_EQ(server.log().requests.size(), 10U);
    }
}

TEST_P(HttpConnections, hundred_by_default_and_without_end_if_it_is_zero) {
    for (const bool endless : {false, true}) {
        const std::size_t most = endless ? 105 : 100;
        Gate gate(most);
        ScriptedServer server(gate.script());
        ClientOptions options;
        if (endless) options.max_connections = 0;
        run(server.run(options, [&](http::Client& client, std::string base) -> Task<> {
            co_await task_group([&](TaskGroup& group) {
                for (int i = 0; i < 105; ++i) group.spawn(fetch(client, base));
            });
            EXPECT_EQ(client.stats().connections_opened, most);
        }));
        EXPECT_EQ(gate.most, most);
    }
}

TEST_P(HttpConnections, host_at_its_limit_does_not_hold_up_another) {
    Gate gate(2);
    ScriptedServer server(gate.script());
    run(server.run(ClientOptions{.max_connections_per_host = 1}, [&](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 3; ++i) group.spawn(fetch(client, base));
            while (gate.here == 0) co_await sleep(1ms);
            EXPECT_EQ(client.stats().waiting_requests, 2U);
            EXPECT_EQ(client.stats().open_connections, 1U);
            group.spawn(fetch(client, with_host(base, "localhost")));  // opens the gate
        });
        EXPECT_EQ(client.stats().connections_opened, 2U);
    }));
    EXPECT_EQ(gate.most, 2U);
}

TEST_P(HttpConnections, who_waits_says_who_has_them) {
    ScriptedServer server(always(ok("x")));
    for (const bool of_host : {true, false}) {
        ClientOptions options;
        (of_host ? options.max_connections_per_host : options.max_connections) = 1;
        run(server.run(options, [](http::Client& client, std::string base) -> Task<> {
            Event enough("enough");
            std::vector<http::ClientResponse> kept;
            const auto keep = [&]() -> Task<> {
                auto response = co_await client.request("GET", base).send();
                kept.push_back(std::move(response));
            };
            const auto read = [&]() -> Task<> {
                const auto response = co_await client.request("GET", base).send();
                co_await enough.wait();
            };
            const auto holder_of_late = []() -> obs::WaitInfo {
                obs::WaitInfo wait;
                const auto all = obs::snapshot();
                for (const auto& task : all.tasks) {
                    if (task.name == "late" && task.stack.wait) wait = *task.stack.wait;
                }
                return wait;
            };
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(read(), {.name = "reader"});
                while (client.stats().open_connections == 0) co_await sleep(1ms);
                auto late = group.spawn(fetch(client, base), {.name = "late"});
                while (client.stats().waiting_requests == 0) co_await sleep(1ms);
                const auto wait = holder_of_late();
                EXPECT_EQ(wait.used, 1U) << wait.text;
                EXPECT_EQ(wait.bound, 1U) << wait.text;
                EXPECT_EQ(wait.waiting, 1U) << wait.text;
                EXPECT_EQ(wait.holders.size(), 1U);
                if (!wait.holders.empty()) EXPECT_EQ(wait.holders[0].task, "reader");
                if (!wait.holders.empty()) EXPECT_FALSE(wait.holders[0].ended);
                enough.set();
                const auto reply = co_await late.join();
                EXPECT_EQ(reply.body, "x") << reply.error;
            });
            co_await task_group([&](TaskGroup& group) -> Task<> {
                auto keeper = group.spawn(keep(), {.name = "keeper"});
                co_await keeper.join();
                group.spawn(fetch(client, base), {.name = "late"});
                while (client.stats().waiting_requests == 0) co_await sleep(1ms);
                const auto wait = holder_of_late();
                EXPECT_EQ(wait.holders.size(), 1U);
                if (!wait.holders.empty()) EXPECT_EQ(wait.holders[0].task, "keeper");
                if (!wait.holders.empty()) EXPECT_TRUE(wait.holders[0].ended);
                kept.clear();
            });
        }));
    }
}

TEST_P(HttpConnections, idle_connection_of_another_host_makes_room) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions{.max_connections = 2}, [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        static_cast<void>(co_await fetch(client, with_host(base, "localhost")));
        EXPECT_EQ(client.stats().idle_connections, 2U);
        // The one that has been idle longest goes: that of 127.0.0.1.
        auto reply = co_await fetch(client, with_host(base, "x.localhost"));
        EXPECT_EQ(reply.body, "x") << reply.error;
        EXPECT_EQ(client.stats().open_connections, 2U);
        static_cast<void>(co_await fetch(client, with_host(base, "localhost")));
        EXPECT_EQ(client.stats().connections_reused, 1U);
        EXPECT_EQ(client.stats().connections_opened, 3U);
    }));
}

TEST_P(HttpConnections, first_come_first_served_across_hosts) {
    Gate gate(1);
    gate.open_at = 100;
    ScriptedServer server(gate.script());
    std::vector<std::string> order;
    run(server.run(ClientOptions{.max_connections = 1}, [&](http::Client& client, std::string base) -> Task<> {
        const auto ask = [&](std::string host) -> Task<> {
            static_cast<void>(co_await fetch(client, with_host(base, host)));
            order.push_back(host);
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (const std::string host : {"127.0.0.1", "localhost", "127.0.0.1", "x.localhost"}) {
                group.spawn(ask(host));
                co_await yield_now();
            }
            while (gate.here == 0) co_await sleep(1ms);
            gate.open.set();
        });
    }));
    const std::vector<std::string> expected = {"127.0.0.1", "localhost", "127.0.0.1", "x.localhost"};
    EXPECT_EQ(order, expected);
}

TEST_P(HttpConnections, waiting_request_says_for_whom) {
    Gate gate(100);
    ScriptedServer server(gate.script());
    run(server.run(ClientOptions{.max_connections = 1}, [&](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fetch(client, base));
            while (gate.here == 0) co_await sleep(1ms);
            auto second = spawn(fetch(client, base));
            while (client.stats().waiting_requests == 0) co_await yield_now();
            const auto report = internal::wait_report(this_loop().scheduler());
            EXPECT_NE(report.find("'connections to " + base + "'"), std::string::npos) << report;
            second.cancel();
            static_cast<void>(co_await as_outcome(second.join()));
            EXPECT_EQ(client.stats().waiting_requests, 0U);
            gate.open.set();
        });
    }));
}

TEST_P(HttpConnections, place_comes_back_when_the_connection_cannot_be_made) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions{.max_connections = 1}, [](http::Client& client, std::string base) -> Task<> {
        std::uint16_t port = 0;
        {
            const auto listener = co_await net::listen("127.0.0.1", 0);
            port = listener.local_address().port();
        }
        for (int i = 0; i < 3; ++i) {
            auto refused = co_await fetch(client, "http://127.0.0.1:" + std::to_string(port));
            EXPECT_EQ(refused.phase, RequestPhase::connect) << refused.error;
        }
        auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "x") << reply.error;
    }));
}

TEST_P(HttpConnections, place_comes_back_when_the_request_is_cancelled_while_connecting) {
    // The server never answers the TLS handshake.
    ScriptedServer server([](Peer& peer) -> Task<> { co_await peer.hold(); });
    auto options = https_client_options();
    options.max_connections = 1;
    run(server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const auto secure = "https" + base.substr(4);
        auto connecting = spawn(fetch(client, secure));
        while (client.stats().connecting == 0) co_await yield_now();
        auto waiting = spawn(fetch(client, secure));
        while (client.stats().waiting_requests == 0) co_await yield_now();
        connecting.cancel();
        static_cast<void>(co_await as_outcome(connecting.join()));
        EXPECT_EQ(client.stats().waiting_requests, 0U);
        EXPECT_EQ(client.stats().connecting, 1U);  // the other one's
        waiting.cancel();
        static_cast<void>(co_await as_outcome(waiting.join()));
        EXPECT_EQ(client.stats().connecting, 0U);
    }));
}

TEST_P(HttpConnections, replay_works_with_one_connection) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send(ok("x"));
        static_cast<void>(co_await peer.request());
        if (peer.number() > 0) co_await peer.send(ok("y"));
    });
    run(server.run(ClientOptions{.max_connections = 1}, [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "x") << reply.error;
        EXPECT_EQ(client.stats().replays, 1U);
    }));
}

TEST_P(HttpConnections, kept_connection_that_ended_leaves_its_place) {
    ScriptedServer server(in_turn({{ok("x")}, {ok("y")}}));
    run(server.run(ClientOptions{.max_connections = 1}, [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        co_await sleep(20ms);
        auto reply = co_await fetch(client, base, "POST");
        EXPECT_EQ(reply.body, "y") << reply.error;
        EXPECT_EQ(client.stats().connections_opened, 2U);
    }));
}

TEST_P(HttpConnections, closed_client_serves_those_who_wait_already) {
    Gate gate(100);
    ScriptedServer server(gate.script());
    run(server.run(ClientOptions{.max_connections = 1}, [&](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto first = group.spawn(fetch(client, base));
            auto second = group.spawn(fetch(client, base));
            while (gate.here == 0) co_await sleep(1ms);
            client.close();
            gate.open.set();
            const auto one = co_await first.join();
            const auto two = co_await second.join();
            EXPECT_EQ(one.body + two.body, "xx") << two.error;
        });
        EXPECT_EQ(client.stats().open_connections, 0U);
    }));
}

TEST(HttpConnectionLimits, of_less_than_nothing_are_refused) {
    const auto minus_one = static_cast<std::size_t>(-1);
    EXPECT_EQ(error_of([&] { http::Client client({.max_connections = minus_one}); }),
        "http::Client: max_connections is negative: -1");
    EXPECT_EQ(error_of([&] { http::Client client({.max_connections_per_host = minus_one}); }),
        "http::Client: max_connections_per_host is negative: -1");
}

GYRE_TEST(HttpPoolTimeout, names_its_phase_and_leaves_the_queue) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await sleep(6s);
            co_await peer.send(ok("x"));
        }
    });
    const ClientOptions options{.timeout = {.pool = 5s}, .max_connections = 1};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto first = group.spawn(fetch(client, base));
            co_await sleep(500ms);
            auto late = group.spawn(fetch(client, base));
            co_await sleep(1s);
            auto in_time = group.spawn(fetch(client, base));
            const auto failed = co_await late.join();
            EXPECT_EQ(failed.error, "GET " + base + "/: no connection became free: timed out after 5 s");
            EXPECT_EQ(failed.phase, RequestPhase::pool);
            EXPECT_TRUE(failed.timed_out);
            EXPECT_EQ(client.stats().waiting_requests, 1U);
            const auto served = co_await in_time.join();
            EXPECT_EQ(served.body, "x") << served.error;
        });
    });
}

GYRE_TEST(HttpPoolTimeout, none_by_default) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await sleep(20s);
            co_await peer.send(ok("x"));
        }
    });
    const ClientOptions options{.max_connections = 1};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 10; ++i) group.spawn(fetch(client, base));
        });
        EXPECT_EQ(client.stats().connections_reused, 9U);
    });
}

// Four requests to two hosts, with places for fewer.
auto share_connections(http::Client& client, std::string base) -> Task<> {
    co_await task_group([&](TaskGroup& group) {
        for (int i = 0; i < 2; ++i) {
            group.spawn(fetch(client, base));
            group.spawn(fetch(client, with_host(base, "localhost")));
        }
    });
}

// After a cancellation anywhere the client still has all of its places: a lost one would make the last request wait for ever.
auto share_and_go_on(std::size_t limit) -> Task<> {
    ScriptedServer server([](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await sleep(1ms);
            co_await peer.send(ok("x"));
        }
    });
    co_await server.run([&](std::string base) -> Task<> {
        http::Client client({.max_connections = limit, .max_connections_per_host = 1});
        const auto go_on = [&]() -> Task<> {
            EXPECT_EQ(client.stats().waiting_requests, 0U);
            EXPECT_EQ(client.stats().connecting, 0U);
            EXPECT_EQ(client.stats().open_connections, client.stats().idle_connections);
            // The server may have gone together with the rest.
            static_cast<void>(co_await fetch(client, base));
        };
        co_await try_finally(share_connections(client, base), go_on);
    });
}

TEST(HttpConnectionPool, survives_cancellation_anywhere) {
    backend::SimOptions world;
    world.latency = 1ms;
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}}) {
        CancelEverywhere([&] { return share_and_go_on(limit); }).world(world).run();
    }
}

// One of the requests is cancelled at each half of a millisecond; the others are served all the same.
auto cancel_one_after(int ticks, bool& was_cancelled) -> Task<> {
    ScriptedServer server([](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await sleep(2ms);
            co_await peer.send(ok("x"));
        }
    });
    const ClientOptions options{.max_connections = 1};
    co_await server.run(options, [&](http::Client& client, std::string base) -> Task<> {
        auto before = spawn(fetch(client, base));
        auto victim = spawn(fetch(client, with_host(base, "localhost")));
        auto after = spawn(fetch(client, base));
        co_await sleep(ticks * 500us);
        victim.cancel("the test");
        static_cast<void>(co_await as_outcome(victim.join()));
        was_cancelled = victim.cancelled();
        const auto first = co_await before.join();
        const auto last = co_await after.join();
        EXPECT_EQ(first.body + last.body, "xx") << first.error << last.error;
    });
}

TEST(HttpConnectionPool, request_cancelled_at_any_time_loses_no_place) {
    bool was_cancelled = true;
    int ticks = 0;
    for (; was_cancelled && ticks < 1'000; ++ticks) {
        SCOPED_TRACE("after " + std::to_string(ticks) + " half milliseconds");
        TestLoop loop;
        loop.run(cancel_one_after(ticks, was_cancelled));
    }
    EXPECT_FALSE(was_cancelled);
    EXPECT_GT(ticks, 5);
}

}  // namespace
}  // namespace gyre::testing
