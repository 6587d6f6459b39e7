#include "harness.hpp"
#include "os/os_support.hpp"

#include <gyre/http/core/date.hpp>
#include <gyre/os/file.hpp>
#include <gyre/sync/event.hpp>

#include <fstream>

namespace gyre::http::server_testing {
namespace {

TEST(HttpConnection, keeps_the_connection_for_the_next_request) {
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, echo, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            for (int round = 0; round < 3; ++round) {
                const auto request = post("/a%20b?x=1", "hello");
                const auto reply = co_await client.ask(request);
                EXPECT_EQ(reply.status, 200);
                EXPECT_EQ(reply.body, "POST /a b hello");
                EXPECT_EQ(reply.field("Content-Type"), "text/plain");
                EXPECT_EQ(reply.field("Connection"), "(none)");
                EXPECT_TRUE(parse_http_date(reply.field("Date"), {})) << reply.field("Date");
            }
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpConnection, answers_pipelined_requests_in_order_one_at_a_time) {
    for (const auto world : all_worlds) {
        int running = 0;
        int most = 0;
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            most = std::max(most, ++running);
            const bool is_slow = exchange.path() == "/0";
            co_await sleep(is_slow ? 20ms : 1ms);
            co_await exchange.respond(200, "", exchange.path());
            --running;
        };
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            std::string requests;
            for (int i = 0; i < 5; ++i) requests += i == 2 ? post("/2", "body") : get("/" + std::to_string(i));
            co_await client.send(requests);
            for (int i = 0; i < 5; ++i) {
                const auto reply = co_await client.receive();
                EXPECT_EQ(reply.body, "/" + std::to_string(i));
            }
        });
        EXPECT_EQ(most, 1);
    }
}

TEST(HttpConnection, answers_to_requests_that_came_together_go_together) {
    for (const auto world : {World::simulated, World::kernel}) {
        auto handler = [](ServerExchange& exchange) -> Task<void> {
            co_await exchange.respond(200, "", exchange.path());
        };
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            std::string requests;
            for (int i = 0; i < 9; ++i) requests += get("/" + std::to_string(i));
            co_await client.send(requests);
            const auto text = co_await client.stream.read_some();
            EXPECT_NE(text.find("/0"), text.npos);
            EXPECT_TRUE(text.ends_with("/8")) << text;
        });
    }
}

TEST(HttpConnection, an_answer_that_is_kept_back_does_not_wait_for_a_slow_handler) {
    for (const auto world : all_worlds) {
        ::gyre::Event has_first{"the first answer"};
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            if (exchange.path() == "/slow") co_await has_first.wait();
            co_await exchange.respond(200, "", exchange.path());
        };
        run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send(get("/quick") + get("/slow"));
            const auto first = co_await client.receive();
            EXPECT_EQ(first.body, "/quick");
            has_first.set();
            const auto second = co_await client.receive();
            EXPECT_EQ(second.body, "/slow");
        });
    }
}

TEST(HttpConnection, a_connection_that_ends_leaves_nothing_that_would_still_be_sent) {
    for (const auto world : all_worlds) {
        auto handler = [](ServerExchange& exchange) -> Task<void> {
            co_await sleep(1ms);
            co_await exchange.respond(200, "", std::string(700, 'x'));
        };
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            std::string requests;
            for (int i = 0; i < 8; ++i) requests += get("/");
            co_await client.send(requests + get("/", "Connection: close\r\n"));
            for (int i = 0; i < 9; ++i) {
                const auto reply = co_await client.receive();
                EXPECT_EQ(reply.body.size(), 700U) << i;
            }
            co_await sleep(100ms);
        });
    }
}

TEST(HttpConnection, an_answer_that_is_kept_back_arrives_before_the_connection_is_dropped) {
    for (const auto world : {World::simulated, World::kernel}) {
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            if (exchange.path() == "/") co_return exchange.abort();
            co_await exchange.respond(200, "", exchange.path());
        };
        run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send(get("/first") + get("/"));
            const auto first = co_await client.receive();
            EXPECT_EQ(first.body, "/first");
        });
    }
}

TEST(HttpConnection, reads_ahead_no_more_than_one_piece) {
    std::size_t sent = 0;
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        co_await sleep(100s);
        co_await exchange.respond(200, "", "");
    };
    run_with(World::simulated, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto request = get("/");
        auto flood = [&]() -> Task<void> {
            while (true) {
                co_await client.send(request);
                sent += request.size();
            }
        };
        co_await move_on_after(10s, flood);
    });
    EXPECT_GT(sent, 0U);
    EXPECT_LE(sent, 65'536U + 16'384U);  // what the simulated connection holds, and one read
}

TEST(HttpConnection, sends_100_when_the_body_is_first_read) {
    for (const auto world : all_worlds) {
        run_with(world, echo, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            const auto interim = co_await client.stream.read_exactly(25);
            EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
            const auto reply = co_await client.ask("hi");
            EXPECT_EQ(reply.status, 200);
            EXPECT_EQ(reply.body, "POST / hi");
            EXPECT_EQ(reply.field("Connection"), "(none)");
        });
    }
}

TEST(HttpConnection, a_handler_that_does_not_read_sends_no_100_and_the_connection_ends) {
    auto handler = [](ServerExchange& exchange) -> Task<void> { co_await exchange.respond(403, "", "no"); };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto reply = co_await client.ask(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        EXPECT_TRUE(reply.interim.empty());
        EXPECT_EQ(reply.status, 403);
        EXPECT_EQ(reply.field("Connection"), "close");
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    });
}

TEST(HttpConnection, http_1_0_gets_no_100_no_chunks_and_a_close) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        const auto piece = co_await exchange.read();
        const std::string text(piece.data(), piece.size());
        ResponseHead head;
        head.fields.add("Transfer-Encoding", "chunked");
        co_await exchange.start(std::move(head));
        co_await exchange.write(text);
        co_await exchange.write(" and more");
    };
    for (const auto world : all_worlds) {
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send(
                "POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            co_await client.send("hi");
            const auto all = co_await client.read_to_end();
            EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\n")) << all;
            EXPECT_TRUE(all.ends_with("\r\n\r\nhi and more")) << all;
            EXPECT_EQ(all.find("chunked"), all.npos) << all;
            EXPECT_NE(all.find("Connection: close"), all.npos) << all;
        });
    }
}

TEST(HttpConnection, http_1_0_keep_alive_is_honoured_when_the_length_is_known) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto kept = co_await client.ask("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_EQ(kept.field("Connection"), "keep-alive");
        const auto last = co_await client.ask("GET /2 HTTP/1.0\r\n\r\n");
        EXPECT_EQ(last.body, "GET /2 ");
        EXPECT_EQ(last.field("Connection"), "close");
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    });
}

TEST(HttpConnection, head_is_answered_as_get_without_the_body) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        if (exchange.path() == "/whole") {
            co_await exchange.respond(200, "", "four");
            co_return;
        }
        ResponseHead head;
        co_await exchange.start(std::move(head));
        co_await exchange.write("some");
        co_await exchange.finish();
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto whole = co_await client.ask("HEAD /whole HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
        EXPECT_EQ(whole.field("Content-Length"), "4");
        EXPECT_EQ(whole.body, "");
        const auto streamed = co_await client.ask("HEAD /streamed HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
        EXPECT_EQ(streamed.field("Transfer-Encoding"), "chunked");
        EXPECT_EQ(streamed.body, "");
        const auto after = co_await client.ask(get("/whole"));
        EXPECT_EQ(after.body, "four");
    });
}

TEST(HttpConnection, streams_both_ways_with_trailers) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        co_await exchange.start(std::move(head));
        std::size_t size = 0;
        while (true) {
            const auto piece = co_await exchange.read();
            if (piece.empty()) break;
            size += piece.size();
            const std::string_view text(piece.data(), piece.size());
            co_await exchange.write(text);
        }
        Fields trailers;
        trailers.add("X-Size", std::to_string(size));
        trailers.add("X-Seen", exchange.trailers().get("X-Note").value_or("nothing"));
        co_await exchange.finish(std::move(trailers));
    };
    for (const auto world : all_worlds) {
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const std::string piece(40'000, 'x');
            auto sending = [&]() -> Task<void> {
                co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
                for (int i = 0; i < 20; ++i) {
                    co_await client.send("9c40\r\n");
                    co_await client.send(piece);
                    co_await client.send("\r\n");
                }
                co_await client.send("0\r\nX-Note: seen\r\n\r\n");
            };
            co_await task_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(sending);
                const auto reply = co_await client.receive();
                EXPECT_TRUE(reply.is_whole);
                EXPECT_EQ(reply.body.size(), 800'000U);
                EXPECT_EQ(reply.trailers.get("X-Size"), "800000");
                EXPECT_EQ(reply.trailers.get("X-Seen"), "seen");
            });
        });
    }
}

TEST(HttpConnection, parts_of_files_go_between_pieces) {
    const gyre::testing::TemporaryFolder folder;
    const auto path = folder.path() / "content";
    std::ofstream(path) << std::string(300'000, 'a') << std::string(300'000, 'b');
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        auto file = co_await fs::open(path);
        co_await exchange.start({});
        co_await exchange.write("<");
        co_await exchange.write_file(file, 299'999, 200'000);
        co_await exchange.write(">");
        co_await exchange.finish();
    };
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto reply = co_await client.ask(get("/"));
            EXPECT_TRUE(reply.body == "<a" + std::string(199'999, 'b') + ">") << reply.body.size();
            const auto again = co_await client.ask(get("/"));
            EXPECT_EQ(again.body.size(), 200'002U);
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpConnection, close_is_honoured_and_what_follows_is_not_read) {
    int served = 0;
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        ++served;
        co_await exchange.respond(200, "", "x");
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto requests = get("/", "Connection: close\r\n") + get("/");
        const auto reply = co_await client.ask(requests);
        EXPECT_EQ(reply.field("Connection"), "close");
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    });
    EXPECT_EQ(served, 1);
}

TEST(HttpConnection, a_content_type_is_a_value_of_a_field) {
    std::vector<std::string> types = {" text/plain\t", "text/plain\r\nX-Injected: yes"};
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        const auto type = types.at(exchange.path() == "/2" ? 1 : 0);
        co_await exchange.respond(200, type, "x");
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto both = get("/1") + get("/2");
        const auto good = co_await client.ask(both);
        EXPECT_EQ(good.status, 200);
        EXPECT_EQ(good.field("Content-Type"), "text/plain");
        const auto bad = co_await client.receive();
        EXPECT_EQ(bad.status, 500) << "what would be two fields is an error of the handler";
        EXPECT_FALSE(bad.fields.contains("X-Injected"));
    });
}

TEST(HttpConnection, the_last_request_of_a_connection_says_so) {
    ConnectionOptions options;
    options.max_requests_per_connection = 3;
    run_with(World::simulated, echo, options, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto requests = get("/") + get("/") + get("/") + get("/");
        co_await client.send(requests);
        for (int i = 1; i <= 3; ++i) {
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, 200);
            EXPECT_EQ(reply.field("Connection"), i == 3 ? "close" : "(none)");
        }
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    });
}

TEST(HttpConnection, a_body_that_nobody_read_is_dropped_or_ends_the_connection) {
    auto handler = [](ServerExchange& exchange) -> Task<void> { co_await exchange.respond(200, "", "x"); };
    ConnectionOptions options;
    options.drain_bytes = 100'000;
    for (const auto world : all_worlds) {
        run_with(world, handler, options, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto small = post("/", std::string(100'000, 'x')) + get("/");
            const auto first = co_await client.ask(small);
            EXPECT_EQ(first.field("Connection"), "(none)");
            const auto second = co_await client.receive();
            EXPECT_EQ(second.status, 200);
            const auto large = post("/", std::string(100'001, 'x'));
            const auto last = co_await client.ask(large);
            EXPECT_EQ(last.status, 200);
            EXPECT_EQ(last.field("Connection"), "close");
            const auto rest = co_await client.read_to_end();
            EXPECT_EQ(rest, "");
        });
    }
}

TEST(HttpConnection, a_connection_can_be_taken_over) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        auto stream = exchange.take_stream();
        co_await stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n");
        const auto line = co_await stream.read_line();
        const auto answer = *line + "!\n";
        co_await stream.write(answer);
    };
    const auto errors = run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto request = get("/", "Upgrade: echo\r\nConnection: upgrade\r\n") + "hello\n";
        co_await client.send(request);
        const auto all = co_await client.read_to_end();
        EXPECT_TRUE(all.ends_with("\r\n\r\nhello!\n")) << all;
    });
    EXPECT_TRUE(errors.empty());
}

TEST(HttpConnection, paths_of_all_target_forms) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        const auto text = std::string(exchange.raw_path()) + "|" + exchange.path() + "|" + std::string(exchange.query());
        co_await exchange.respond(200, "", text);
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const std::pair<std::string, std::string> cases[] = {
            {"GET /a%2Fb?q=%20 HTTP/1.1\r\nHost: h\r\n\r\n", "/a%2Fb|/a/b|q=%20"},
            {"GET http://h/x/y?z HTTP/1.1\r\nHost: h\r\n\r\n", "/x/y|/x/y|z"},
            {"GET http://h?z HTTP/1.1\r\nHost: h\r\n\r\n", "/|/|z"},
            {"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "/|/|"},
            {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*|*|"},
        };
        for (const auto& [request, expected] : cases) {
            const auto reply = co_await client.ask(request);
            EXPECT_EQ(reply.body, expected) << request;
        }
    });
}

TEST(HttpConnection, serves_many_clients_at_once) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        co_await sleep(5ms);
        co_await echo(exchange);
    };
    run_with(World::kernel, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto visit = [port]() -> Task<void> {
            for (int i = 0; i < 5; ++i) {
                auto asking = ask(port, get("/x"));
                const auto reply = co_await std::move(asking);
                EXPECT_EQ(reply.body, "GET /x ");
            }
        };
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 50; ++i) group.spawn(visit);
        });
    });
}

TEST(HttpConnection, cancelling_the_server_ends_the_requests_that_run) {
    for (const auto world : all_worlds) {
        bool has_begun = false;
        bool has_ended = false;
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            struct AtEnd {
                bool& flag;
                ~AtEnd() { flag = true; }
            };
            const AtEnd at_end{has_ended};
            has_begun = true;
            co_await sleep(1h);
            co_await exchange.respond(200, "", "never");
        };
        const auto errors = run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send(get("/"));
            while (!has_begun) co_await sleep(1ms);
        });
        EXPECT_TRUE(has_ended);
        EXPECT_TRUE(errors.empty());
    }
}

}  // namespace
}  // namespace gyre::http::server_testing
