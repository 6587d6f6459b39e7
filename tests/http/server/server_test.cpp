// http::Server: starting, several loops, TLS, draining, WebSockets that are told, errors at the start.

#include "app_harness.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/test_authority.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::Request;
using http::Response;
using http::Server;

class HttpServer : public OnLoops {};
GYRE_ON_LOOPS(HttpServer);

auto base_of(const Server& server) -> std::string { return "http://127.0.0.1:" + std::to_string(server.port()); }

TEST_P(HttpServer, a_drain_lets_requests_finish_and_closes_what_is_idle) {
    run([]() -> Task<> {
        Event begun("the handler");
        App app;
        app.get("/slow", [&](Request&) -> Task<Response> {
            begun.set();
            co_await sleep(30ms);
            co_return Response::text("done");
        });
        app.get("/fast", [](Request&) -> Task<Response> { co_return Response::text("fast"); });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        const auto base = base_of(server);
        Client idle({.base_url = base});
        co_await expect_text(idle.get("/fast"), 200, "fast");
        Client busy({.base_url = base});
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(expect_text(busy.get("/slow"), 200, "done"));
            co_await begun.wait();
            const Time start = this_loop().now();
            co_await server.stop(10s);
            EXPECT_LT(this_loop().now() - start, 5s) << "it ends with the last request, not with the time";
        });
        EXPECT_EQ(busy.stats().open_connections, 0U) << "the last response says that the connection closes";
        Client late({.base_url = base});
        const auto refused = co_await as_outcome(late.get("/fast"));
        EXPECT_TRUE(failed_with<http::RequestError>(refused));
        co_await server.stop();
    });
}

TEST_P(HttpServer, a_drain_answers_who_has_connected_already) {
    run([]() -> Task<> {
        App app;
        app.get("/", [](Request&) -> Task<Response> { co_return Response::text("here"); });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        std::vector<net::Stream> streams;
        for (int i = 0; i < 20; ++i) {
            auto stream = co_await net::connect("127.0.0.1", server.port());
            streams.push_back(std::move(stream));
        }
        const Time start = this_loop().now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> { co_await server.stop(10s); });
            co_await sleep(50ms);
            for (auto& one : streams) {
                auto stream = std::move(one);  // the server waits a while for the clients to close
                co_await stream.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                const auto answer = co_await stream.read_all();
                EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
                EXPECT_NE(answer.find("Connection: close\r\n"), answer.npos) << answer;
            }
        });
        EXPECT_LT(this_loop().now() - start, 5s);
    });
}

TEST_P(HttpServer, a_drain_waits_a_moment_only_for_who_asks_nothing) {
    run([]() -> Task<> {
        auto server = co_await Server::start(App(), {.port = 0});
        auto silent = co_await net::connect("127.0.0.1", server.port());
        const Time start = this_loop().now();
        co_await server.stop(10s);
        EXPECT_LT(this_loop().now() - start, 3s);
    });
}

TEST_P(HttpServer, a_drain_that_takes_too_long_is_cut) {
    run([]() -> Task<> {
        bool was_cancelled = false;
        Event begun("the handler");
        App app;
        app.get("/", [&](Request&) -> Task<Response> {
            begun.set();
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                was_cancelled = true;
                co_return;
            });
            co_return Response();
        });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        Client client({.base_url = base_of(server)});
        auto asking = spawn(as_outcome(client.get("/")));
        co_await begun.wait();
        co_await server.stop(20ms);
        EXPECT_TRUE(was_cancelled);
        const auto outcome = co_await asking.join();
        EXPECT_TRUE(failed_with<http::RequestError>(outcome));
    });
}

TEST_P(HttpServer, websockets_are_told_that_it_goes_away) {
    run([]() -> Task<> {
        App app;
        app.websocket("/ws", [](http::WebSocket& socket) -> Task<> {
            for (;;) {
                auto message = co_await socket.receive();
                if (!message) break;
                co_await socket.send("you said " + message->text());
            }
        });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        Client client({.base_url = base_of(server)});
        auto socket = co_await client.websocket("/ws");
        co_await socket.send("hi");
        const auto reply = co_await socket.receive();
        EXPECT_EQ(reply->text(), "you said hi");
        auto stopping = spawn([&] { return server.stop(5s); });
        const auto end = co_await socket.receive();
        EXPECT_FALSE(end);
        EXPECT_EQ(socket.close_code(), 1001);
        EXPECT_EQ(socket.close_reason(), "the server stops");
        co_await stopping.join();
    });
}

TEST_P(HttpServer, a_websocket_route_answers_what_is_no_handshake) {
    App app;
    app.websocket("/ws", [](http::WebSocket& socket) -> Task<> { co_await socket.send("never"); });
    app.websocket("/fails", [](http::WebSocket&) -> Task<> {
        throw std::runtime_error("a bug");
        co_return;
    });
    std::vector<std::string> told;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        co_await serve_app(std::move(app), [](Client& client) -> Task<> {
            auto plain = co_await client.get("/ws");
            EXPECT_EQ(plain.status(), 426);
            const auto elsewhere = co_await as_outcome(
                client.websocket(client.get("/ws").header("Origin", "https://evil.example")));
            EXPECT_TRUE(failed_with<http::WebSocketHandshakeError>(elsewhere));
            auto socket = co_await client.websocket("/fails");
            const auto end = co_await socket.receive();
            EXPECT_FALSE(end);
            EXPECT_EQ(socket.close_code(), 1011);
        });
    });
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].find("a bug"), std::string::npos) << told[0];
}

TEST_P(HttpServer, says_where_it_cannot_listen) {
    run([]() -> Task<> {
        auto first = co_await Server::start(App(), {.port = 0});
        const auto second = co_await as_outcome(Server::start(App(), {.port = first.port()}));
        EXPECT_TRUE(failed_with<IoError>(second));
        const auto many = co_await as_outcome(Server::start(App(), {.port = 0, .loops = 2}));
        EXPECT_TRUE(failed_with<std::invalid_argument>(many)) << "this run has one loop";
        co_await first.stop();
    });
}

/// A port that nobody listens on.
auto free_port() -> Task<std::uint16_t> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    co_return listener.local_address().port();
}

/// Waits for a start, and drops what it started.
auto has_started(TaskHandle<Server> starting) -> Task<bool> {
    const auto outcome = co_await as_outcome(starting.join());
    co_return outcome.has_value();
}

TEST_P(HttpServer, one_whose_start_is_cancelled_does_not_listen) {
    run([]() -> Task<> {
        const auto port = co_await free_port();
        for (int turns = 0; turns < 4; ++turns) {
            auto starting = spawn(Server::start(App(), {.port = port}));
            for (int i = 0; i < turns; ++i) co_await yield_now();
            starting.cancel("not now");
            const bool did_start = co_await has_started(std::move(starting));
            EXPECT_TRUE(!did_start || turns > 1);
            co_await sleep(10ms);
            const auto refused = co_await as_outcome(net::connect("127.0.0.1", port));
            EXPECT_TRUE(failed_with<IoError>(refused)) << "after " << turns << " turns";
        }
    });
}

TEST(HttpServerLoops, one_that_does_not_start_on_all_loops_listens_on_none) {
    run(
        []() -> Task<> {
            const auto port = co_await free_port();
            std::atomic<int> made = 0;
            const auto make_app = [&made] {
                if (++made == 2) throw std::runtime_error("no app here");
                return App();
            };
            const auto outcome = co_await as_outcome(Server::start(make_app, {.port = port, .loops = 2}));
            EXPECT_TRUE(failed_with<std::runtime_error>(outcome));
            EXPECT_EQ(made, 2);
            const auto refused = co_await as_outcome(net::connect("127.0.0.1", port));
            EXPECT_TRUE(failed_with<IoError>(refused));
        },
        {.loops = 2});
}

TEST_P(HttpServer, listens_on_a_unix_socket_or_on_what_it_is_given) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const std::string path = directory.path() / "socket";
        const auto make_app = [] {
            App app;
            app.get("/", [](Request& request) -> Task<Response> { co_return Response::text(request.peer().text()); });
            return app;
        };
        for (const bool is_given : {false, true}) {
            std::optional<net::Listener> listener;
            if (is_given) {
                auto opened = co_await net::listen_unix(path);
                listener.emplace(std::move(opened));
            }
            auto starting = is_given ? Server::start(make_app(), std::move(*listener))
                                     : Server::start(make_app(), {.unix_socket = path});
            auto server = co_await std::move(starting);
            EXPECT_EQ(server.address().path(), path);
            EXPECT_EQ(server.port(), 0);
            {
                Client client({.base_url = "http://local", .unix_socket = path});
                co_await expect_text(client.get("/"), 200, "unix:");
            }
            co_await server.stop(1s);
        }
        const http::ServerOptions two_loops{.loops = 2, .unix_socket = path};
        EXPECT_THROW(static_cast<void>(Server::start(make_app(), two_loops)), std::invalid_argument);
        auto spare = co_await net::listen("127.0.0.1", 0);
        EXPECT_THROW(static_cast<void>(Server::start(App(), std::move(spare), two_loops)), std::invalid_argument);
    });
}

TEST_P(HttpServer, streams_of_events_end_when_it_stops) {
    for (const bool is_compressed : {false, true}) {
        run([is_compressed]() -> Task<> {
            bool was_cancelled = false;
            App app;
            if (is_compressed) {
                http::CompressOptions options;
                options.media_types = "text/event-stream";
                app.use(http::compress(options));
            }
            app.get("/events", [&](Request&) -> Task<Response> {
                co_return http::events([&](http::EventWriter& out) -> Task<> {
                    co_await out.send("one");
                    co_await try_finally(sleep(1h), [&]() -> Task<> {
                        was_cancelled = true;
                        co_return;
                    });
                });
            });
            auto server = co_await Server::start(std::move(app), {.port = 0});
            Client client({.base_url = base_of(server)});
            auto response = co_await client.get("/events");
            EXPECT_EQ(response.header("Content-Encoding").has_value(), is_compressed);
            auto stopping = spawn([&] { return server.stop(30s); });
            const Time start = this_loop().now();
            const auto text = co_await response.text();
            EXPECT_EQ(text, "data: one\n\n") << "whole: the client connects again";
            co_await stopping.join();
            EXPECT_LT(this_loop().now() - start, 5s);
            EXPECT_TRUE(was_cancelled);
        });
    }
}

TEST_P(HttpServer, requests_know_that_it_stops) {
    run([]() -> Task<> {
        App app;
        app.get("/", [](Request& request) -> Task<Response> {
            EXPECT_FALSE(request.is_stopping());
            co_return Response::stream("text/plain", [&request](http::BodyWriter& body) -> Task<> {
                co_await body.write("so far, ");
                co_await request.stopping();
                EXPECT_TRUE(request.is_stopping());
                co_await body.write("and goodbye");
            });
        });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        Client client({.base_url = base_of(server)});
        auto response = co_await client.get("/");
        auto stopping = spawn([&] { return server.stop(30s); });
        const Time start = this_loop().now();
        const auto text = co_await response.text();
        EXPECT_EQ(text, "so far, and goodbye");
        co_await stopping.join();
        EXPECT_LT(this_loop().now() - start, 5s);
    });
}

TEST_P(HttpServer, dropping_it_ends_it) {
    run([]() -> Task<> {
        std::string base;
        {
            auto server = co_await Server::start(App(), {.port = 0});
            base = base_of(server);
        }
        co_await sleep(1ms);
        Client client({.base_url = base});
        const auto refused = co_await as_outcome(client.get("/"));
        EXPECT_TRUE(failed_with<http::RequestError>(refused));
    });
}

TEST_P(HttpServer, a_wait_outlives_it) {
    run([]() -> Task<> {
        TaskHandle<> waiting;
        {
            auto server = co_await Server::start(App(), {.port = 0});
            waiting = spawn(server.wait());
            co_await sleep(1ms);
        }
        co_await waiting.join();
    });
}

TEST_P(HttpServer, a_connection_without_a_byte_does_not_hold_up_its_end) {
    run([]() -> Task<> {
        auto server = co_await Server::start(App(), {.port = 0});
        auto silent = co_await net::connect("127.0.0.1", server.port());
        co_await sleep(5ms);
        const Time start = this_loop().now();
        co_await server.stop(30s);
        EXPECT_LT(this_loop().now() - start, 5s);
    });
}

TEST_P(HttpServer, a_handshake_with_a_body_is_the_clients_mistake) {
    App app;
    app.websocket("/ws", [](http::WebSocket&) -> Task<> { co_return; });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto request = client.get("/ws").header("Upgrade", "websocket").header("Connection", "Upgrade").body("x");
        request.header("Sec-WebSocket-Version", "13").header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        auto response = co_await std::move(request);
        EXPECT_EQ(response.status(), 400);
    }));
}

TEST_P(HttpServer, what_a_total_time_cut_stays_cut) {
    App app;
    app.get("/", [](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [](http::BodyWriter& body) -> Task<> {
            co_await body.write("half");
            co_await sleep(1h);
        });
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/").timeout(30ms);
        for (int i = 0; i < 2; ++i) {
            const auto outcome = co_await as_outcome(response.text());
            EXPECT_TRUE(failed_with<TimeoutError>(outcome)) << i;
        }
    }));
}

TEST_P(HttpServer, speaks_tls) {
    run([]() -> Task<> {
        const net::TestAuthority authority;
        const auto certificate = authority.issue({"127.0.0.1"});
        net::TlsServerOptions shown;
        shown.certificate_pem(certificate.chain, certificate.key);
        net::TlsClientOptions trust;
        trust.ca_pem(authority.certificate());
        App app;
        app.get("/", [](Request&) -> Task<Response> { co_return Response::text("secret"); });
        auto server = co_await Server::start(std::move(app), {.port = 0, .tls = &shown});
        const std::string base = "https://127.0.0.1:" + std::to_string(server.port());
        Client client({.base_url = base, .tls = &trust});
        co_await expect_text(client.get("/"), 200, "secret");
        co_await server.stop();
    });
}

TEST(HttpServerLoops, every_loop_serves_on_the_one_port_with_an_app_of_its_own) {
    int apps = 0;
    run(
        [&]() -> Task<> {
            std::atomic<int> made = 0;
            auto make_app = [&made] {
                ++made;
                App app;
                app.get("/", [](Request&) -> Task<Response> {
                    std::ostringstream id;
                    id << std::this_thread::get_id();
                    co_return Response::text(id.str());
                });
                return app;
            };
            auto server = co_await Server::start(make_app, {.port = 0, .loops = 2});
            std::set<std::string> threads;
            for (int i = 0; i < 1000 && threads.size() < 2; ++i) {
                Client client({.base_url = base_of(server)});
                auto response = co_await client.get("/");
                threads.insert(co_await response.text());
            }
            EXPECT_EQ(threads.size(), 2U) << "the kernel spreads the connections";
            co_await server.stop();
            apps = made;
        },
        {.loops = 2});
    EXPECT_EQ(apps, 2);
}

TEST(HttpServerLoops, shares_its_port_with_the_one_that_comes_after_it) {
    run([]() -> Task<> {
        const auto serve = [](const char* name, std::uint16_t port) {
            App app;
            app.get("/", [name](Request&) -> Task<Response> { co_return Response::text(name); });
            return Server::start(std::move(app), {.port = port, .reuse_port = true});
        };
        auto old = co_await serve("old", 0);
        auto next = co_await serve("new", old.port());
        EXPECT_EQ(next.port(), old.port());
        co_await old.stop(1s);
        for (int i = 0; i < 5; ++i) {
            Client client({.base_url = base_of(next)});
            co_await expect_text(client.get("/"), 200, "new");
        }
        co_await next.stop(1s);
    });
}

/// Breaks one of the sockets that listen on that port. @return whether there was one.
auto break_a_listener(std::uint16_t port) -> bool {
    for (int descriptor = 3; descriptor < 1024; ++descriptor) {
        sockaddr_in bound{};
        socklen_t length = sizeof bound;
        auto* address = reinterpret_cast<sockaddr*>(&bound);
        if (::getsockname(descriptor, address, &length) != 0) continue;  // seam: the test looks at its own descriptors
        if (bound.sin_family != AF_INET || ntohs(bound.sin_port) != port) continue;
        // From now on accepting there fails, for good.
        return ::shutdown(descriptor, SHUT_RDWR) == 0;  // seam: and breaks one of them
    }
    return false;
}

TEST(HttpServerLoops, an_accept_that_fails_on_one_loop_is_told_while_the_others_run) {
    run(
        []() -> Task<> {
            auto server = co_await Server::start(App(), {.port = 0, .loops = 2});
            const auto early = co_await move_on_after(20ms, server.wait());
            EXPECT_FALSE(early);
            EXPECT_TRUE(break_a_listener(server.port()));
            const auto outcome = co_await as_outcome(timeout(10s, server.wait()));
            EXPECT_TRUE(failed_with<IoError>(outcome));
            const auto stopped = co_await as_outcome(server.stop());
            EXPECT_TRUE(failed_with<IoError>(stopped)) << "it tells again why it was not all there";
        },
        {.loops = 2});
}

TEST(HttpServerCancel, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        App app;
        app.post("/", [](Request& request) -> Task<Response> {
            auto text = co_await request.text();
            co_return Response::stream("text/plain", [text](http::BodyWriter& body) -> Task<> {
                co_await body.write(text);
                co_await sleep(1ms);
                co_await body.write(text);
            });
        });
        co_await serve_app(std::move(app),
            [](Client& client) -> Task<> { co_await expect_text(client.post("/").body("ab"), 200, "abab"); });
    };
    CancelEverywhere(scenario).run();
}

}  // namespace
}  // namespace gyre::testing
