#include "harness.hpp"
#include "os/os_support.hpp"

#include <gyre/http/server/server_observer.hpp>
#include <gyre/os/file.hpp>

#include <fstream>
#include <stdexcept>

namespace gyre::http::server_testing {
namespace {

struct BadRequest {
    std::string bytes;
    int status;
    std::string_view rule;
};

TEST(HttpFailure, what_breaks_a_rule_is_refused_by_its_name) {
    const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string many_fields;
    for (int i = 0; i < 101; ++i) many_fields += "X: y\r\n";
    const BadRequest requests[] = {
        {"GET / HTTP/1.1\nHost: h\r\n\r\n", 400, "bare_lf"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "missing_host"},
        {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "unsupported_version"},
        {get("/" + std::string(9000, 'x')), 414, "request_line_too_long"},
        {get("/", "X: " + std::string(9000, 'x') + "\r\n"), 431, "field_line_too_long"},
        {get("/", many_fields), 431, "too_many_fields"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n", 413, "body_too_large"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "content_length_and_transfer_encoding"},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "unknown_transfer_coding"},
        {get("/", "Expect: miracles\r\n"), 417, "unknown_expectation"},
        {chunked + "zz\r\n", 400, "bad_chunk_size"},
        {chunked + "100001\r\n", 413, "body_too_large"},
    };
    for (const auto& request : requests) {
        const auto errors = run_with(World::simulated, echo, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            // Behind a good request, whose response must come first.
            const auto both = get("/good") + request.bytes;
            const auto good = co_await client.ask(both);
            EXPECT_EQ(good.status, 200);
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, request.status) << request.rule;
            EXPECT_NE(reply.body.find(request.rule), reply.body.npos) << reply.body;
            EXPECT_EQ(reply.field("Connection"), "close");
            EXPECT_NE(reply.field("Date"), "(none)");
            const auto rest = co_await client.read_to_end();
            EXPECT_EQ(rest, "");
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpFailure, a_refusal_arrives_while_the_client_still_sends) {
    for (const auto world : all_worlds) {
        run_with(world, echo, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n");
            // More than the socket buffers hold: without lingering, this would be reset and the response lost.
            const std::string piece(5'000'000, 'x');
            co_await client.send(piece);
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, 413);
            EXPECT_TRUE(reply.is_whole);
        });
    }
}

class EndedConnections final : public ServerObserver {
public:
    void connection_ends() noexcept override { ++count; }
    int count = 0;
};

TEST(HttpFailure, lingering_is_bounded_in_bytes) {
    EndedConnections ended;
    ConnectionOptions options;
    options.drain_bytes = 0;
    options.linger_bytes = 50'000;
    options.observers = {&ended};
    auto handler = [](ServerExchange& exchange) -> Task<void> { co_await exchange.respond(403, "", "no"); };
    run_with(World::simulated, handler, options, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto reply = co_await client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
        EXPECT_EQ(reply.status, 403);
        const std::string most(50'000, 'x');
        co_await client.send(most);
        co_await sleep(1s);
        EXPECT_EQ(ended.count, 0) << "50,000 are waited for";
        co_await client.send("x");
        co_await sleep(1s);
        EXPECT_EQ(ended.count, 1) << "50,001 are too many";
    });
}

TEST(HttpFailure, lingering_is_bounded_in_time) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        const auto reply = co_await client.ask("nonsense\r\n\r\n");
        EXPECT_EQ(reply.status, 400);
        try {
            while (true) {
                co_await client.send("x");
                co_await sleep(100ms);
            }
        } catch (const IoError&) {}
        EXPECT_GE(this_loop().now() - before, 5s);
        EXPECT_LE(this_loop().now() - before, 5300ms);
    });
}

TEST(HttpFailure, a_handler_that_fails_before_its_head_is_answered_for) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        if (exchange.path() == "/good") {
            co_await exchange.respond(200, "", "good");
            co_return;
        }
        throw std::runtime_error("the database password is wrong");
    };
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto reply = co_await client.ask(post("/bad", "unread"));
            EXPECT_EQ(reply.status, 500);
            EXPECT_EQ(reply.body, "500 Internal Server Error\n");
            const auto next = co_await client.ask(get("/good"));
            EXPECT_EQ(next.status, 200);
        });
        EXPECT_EQ(errors.size(), 1U);
        if (errors.empty()) continue;
        EXPECT_NE(errors[0].find("POST /bad from 127.0.0.1:"), std::string::npos) << errors[0];
        EXPECT_NE(errors[0].find("the database password is wrong"), std::string::npos) << errors[0];
    }
}

TEST(HttpFailure, a_handler_that_fails_after_its_head_cuts_the_response) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        co_await exchange.start(std::move(head));
        co_await exchange.write("half");
        throw std::runtime_error("out of luck");
    };
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto asking = ask(port, get("/"));
            const auto reply = co_await std::move(asking);
            EXPECT_EQ(reply.status, 200);
            EXPECT_EQ(reply.body, "half");
            EXPECT_FALSE(reply.is_whole);
        });
        EXPECT_EQ(errors.size(), 1U);
    }
}

TEST(HttpFailure, mistakes_of_a_handler_are_500_or_a_cut_and_never_corrupt) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        const auto path = exchange.path();
        ResponseHead head;
        if (path == "/silent") co_return;
        if (path == "/body-with-204") co_await exchange.respond(204, "", "body");
        if (path == "/body-with-205") co_await exchange.respond(205, "", "body");
        if (path == "/wrong-length") {
            head.fields.add("Content-Length", "3");
            co_await exchange.respond(std::move(head), "four");
        }
        if (path == "/interim") {
            head.status = 101;
            co_await exchange.start(std::move(head));
        }
        if (path == "/write-first") co_await exchange.write("x");
        if (path == "/short") {
            head.fields.add("Content-Length", "10");
            co_await exchange.start(std::move(head));
            co_await exchange.write("short");
        }
        if (path == "/long") {
            head.fields.add("Content-Length", "4");
            co_await exchange.start(std::move(head));
            co_await exchange.write("longer");
        }
        if (path == "/twice") {
            co_await exchange.respond(200, "", "once");
            co_await exchange.respond(200, "", "twice");
        }
    };
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"/silent", "500 Internal Server Error\n"},
        {"/body-with-204", "500 Internal Server Error\n"},
        {"/body-with-205", "500 Internal Server Error\n"},
        {"/wrong-length", "500 Internal Server Error\n"},
        {"/interim", "500 Internal Server Error\n"},
        {"/write-first", "500 Internal Server Error\n"},
        {"/short", "short"},
        {"/long", ""},
        {"/twice", "once"},
    };
    for (const auto& test : cases) {
        const auto path = test.first;
        const auto body = test.second;
        const auto errors = run_with(World::simulated, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto asking = ask(port, get(path));
            const auto reply = co_await std::move(asking);
            EXPECT_EQ(reply.body, body) << path;
            EXPECT_EQ(reply.is_whole, path != "/short" && path != "/long") << path;
        });
        EXPECT_EQ(errors.size(), 1U) << path;
    }
}

TEST(HttpFailure, a_client_that_goes_away_is_no_error) {
    for (const auto world : all_worlds) {
        bool was_told = false;
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            ResponseHead head;
            co_await exchange.start(std::move(head));
            const std::string piece(100'000, 'x');
            try {
                while (true) co_await exchange.write(piece);
            } catch (const IoError&) {
                was_told = true;
                throw;
            }
        };
        const auto errors = run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
            {
                auto client = co_await RawClient::open(port);
                co_await client.send(get("/"));
                co_await client.stream.fill();
                client.stream.abort();
            }
            while (!was_told) co_await sleep(1ms);
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpFailure, a_body_that_is_cut_or_bad_is_refused_for_the_handler) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
        co_await client.stream.shutdown_write();
        const auto reply = co_await client.receive();
        EXPECT_EQ(reply.status, 400);
        EXPECT_NE(reply.body.find("premature_eof"), reply.body.npos) << reply.body;
    });
}

TEST(HttpFailure, a_handler_may_answer_for_a_bad_body_itself) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        bool is_bad = false;
        try {
            co_await exchange.read();
        } catch (const ProtocolError&) {
            is_bad = true;
        }
        if (is_bad) co_await exchange.respond(422, "", "my own words");
    };
    const auto errors = run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto reply = co_await client.ask(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
        EXPECT_EQ(reply.status, 422);
        EXPECT_EQ(reply.field("Connection"), "close");
    });
    EXPECT_TRUE(errors.empty());
}

TEST(HttpFailure, abort_cuts_the_connection_without_a_word) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        exchange.abort();
        co_return;
    };
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto asking = ask(port, get("/"));
            const auto reply = co_await std::move(asking);
            EXPECT_EQ(reply.status, 0);
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpFailure, a_write_that_the_handler_gave_up_ends_the_connection) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        co_await exchange.start(std::move(head));
        const std::string large(1'000'000, 'x');
        auto writing = exchange.write(large);
        const bool is_done = co_await move_on_after(1s, std::move(writing));
        EXPECT_FALSE(is_done);
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/"));
        co_await sleep(5s);
        const auto reply = co_await client.receive();
        EXPECT_FALSE(reply.is_whole);
    });
}

TEST(HttpFailure, a_file_that_ended_early_cuts_the_response_whatever_the_handler_does_then) {
    const gyre::testing::TemporaryFolder folder;
    const auto path = folder.path() / "short";
    std::ofstream(path) << std::string(1000, 'x');
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        auto file = co_await fs::open(path);
        ResponseHead head;
        co_await exchange.start(std::move(head));
        const auto sent = co_await as_outcome(exchange.write_file(file, 0, 5000));
        EXPECT_TRUE(gyre::testing::failed_with<IoError>(sent));
        const auto more = co_await as_outcome(exchange.write("as if nothing had happened"));
        EXPECT_TRUE(gyre::testing::failed_with<InvalidStateError>(more));
        const auto ended = co_await as_outcome(exchange.finish());
        EXPECT_TRUE(gyre::testing::failed_with<InvalidStateError>(ended));
    };
    for (const auto world : all_worlds) {
        run_with(world, handler, {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto requests = get("/") + get("/");
            const auto reply = co_await client.ask(requests);
            EXPECT_FALSE(reply.is_whole);
            EXPECT_EQ(reply.body.find("HTTP/1.1"), std::string::npos) << "the next response, as the body of this one";
        });
    }
}

}  // namespace
}  // namespace gyre::http::server_testing
