// Exchanges that are kept, and given again without a server.
#include "scripted_server.hpp"

#include <gyre/http/client/event_source.hpp>
#include <gyre/http/client/record.hpp>
#include <gyre/os/filesystem.hpp>
#include <gyre/os/temporary_directory.hpp>

namespace gyre::testing {
namespace {

using http::RecordedExchange;
using http::Recorder;
using http::Replayer;

const std::string sample =
    "gyre exchanges 1\n"
    "\n"
    "> POST http://x.example/users?a=b\n"
    "> Accept: */*\n"
    "> Authorization: (not recorded)\n"
    ">| name=Ann\n"
    ">| \n"
    "< 201 Created\n"
    "< Content-Type: application/json\n"
    "< Set-Cookie: (not recorded)\n"
    "<| {\"id\": 7}\n"
    "\n"
    "> GET http://x.example/bytes\n"
    "< 200 OK\n"
    "<+ AP8NCg\n"
    "\n"
    "> GET http://x.example/bytes\n"
    "< 204 \n";

TEST(HttpRecordText, reads_and_writes_the_same) {
    const Replayer replayer(sample);
    EXPECT_EQ(replayer.unused(), (std::vector<std::string>{"POST http://x.example/users?a=b",
                                     "GET http://x.example/bytes", "GET http://x.example/bytes"}));
}

GYRE_TEST(HttpReplay, gives_what_was_recorded) {
    Replayer replayer(sample);
    http::Client client({.transport = &replayer});
    auto created = co_await client.post("http://x.example/users?a=b").body("name=Ann\n").header("X", "any");
    EXPECT_EQ(created.status(), 201);
    EXPECT_EQ(created.reason(), "Created");
    EXPECT_EQ(created.header("Content-Type"), "application/json");
    EXPECT_FALSE(created.header("Set-Cookie"));
    const auto text = co_await created.text();
    EXPECT_EQ(text, "{\"id\": 7}");
    std::string statuses;
    for (int i = 0; i < 3; ++i) {
        auto response = co_await client.get("http://x.example/bytes");
        const auto body = co_await response.text();
        EXPECT_EQ(body, i == 0 ? std::string("\0\xff\r\n", 4) : "");
        statuses += std::to_string(response.status()) + " ";
    }
    EXPECT_EQ(statuses, "200 204 204 ");
    EXPECT_TRUE(replayer.unused().empty());
}

GYRE_TEST(HttpReplay, says_what_was_not_recorded) {
    Replayer replayer(sample);
    http::Client client({.transport = &replayer});
    const auto body = co_await as_outcome(client.post("http://x.example/users?a=b").body("name=Bob\n"));
    EXPECT_EQ(describe(body.error()),
        "POST http://x.example/users?a=b: the record has no such request; it has 1 for this "
        "URL with another method or body");
    const auto method = co_await as_outcome(client.put("http://x.example/bytes"));
    EXPECT_EQ(describe(method.error()),
        "PUT http://x.example/bytes: the record has no such request; it has 2 for this URL "
        "with another method or body");
    const auto url = co_await as_outcome(client.get("http://x.example/"));
    EXPECT_EQ(describe(url.error()), "GET http://x.example/: the record has no such request");
    EXPECT_EQ(client.stats().connections_opened, 0U);
}

TEST(HttpRecordText, what_is_wrong_in_which_line) {
    const auto problem = [](const std::string& text) {
        return error_of([&] { const Replayer replayer("gyre exchanges 1\n" + text); });
    };
    EXPECT_EQ(error_of([] { const Replayer replayer(""); }), "record: line 0: this is no record of version 1");
    EXPECT_EQ(error_of([] { const Replayer replayer("gyre exchanges 2\n"); }),
        "record: line 1: this is no record of version 1");
    EXPECT_EQ(problem(""), "nothing");
    EXPECT_EQ(problem("> GET\n"), "record: line 2: a request is a method and a URL");
    EXPECT_EQ(problem("> GET /\n"), "record: line 2: the request before has no response");
    EXPECT_EQ(problem("> GET /\n\n> GET /\n< 200 OK\n"), "record: line 3: the request before has no response");
    EXPECT_EQ(problem("< 200 OK\n"), "record: line 2: a response without a request before it");
    EXPECT_EQ(problem("> GET /\n< 99\n"), "record: line 3: a response is a status from 200 to 999, and a reason");
    EXPECT_EQ(problem("> GET /\n< 2000 x\n"), "record: line 3: a response is a status from 200 to 999, and a reason");
    EXPECT_EQ(problem("> GET /\n< 200 OK\n< X\n"), "record: line 4: a field is a name, a colon and a value");
    EXPECT_TRUE(problem("> GET /\n< 200 OK\n< (: y\n").starts_with("record: line 4: "));
    EXPECT_EQ(problem("<| x\n"), "record: line 2: a body without a head before it");
    EXPECT_EQ(
        problem("> GET /\n< 200 OK\n<| x\n<+ eA\n"), "record: line 5: a body is in lines or in base64, not in both");
    EXPECT_EQ(problem("> GET /\n< 200 OK\n<+ !\n"), "record: line 4: the body before is no base64url");
    EXPECT_EQ(problem("hello\n"), "record: line 2: a line begins with > or <");
    EXPECT_EQ(problem(">hello\n"), "record: line 2: behind > or < comes a space, |, + or !");
    EXPECT_EQ(problem("<! x\n"), "record: line 2: a body without a head before it");
    EXPECT_EQ(problem("> GET /\n< 200 OK\n>! x\n"), "record: line 4: a body without a head before it");
    EXPECT_EQ(problem("> GET /\n< 200 OK\n<! x\n<| y\n"), "record: line 5: the body has ended before");
    EXPECT_EQ(problem("> GET /\n>! x\n< 200 OK\n<| y\n<!\n"), "nothing");
    EXPECT_EQ(problem("> GET /\n< 200\n<|\n"), "nothing");
}

class HttpRecord : public OnLoops {};
GYRE_ON_LOOPS(HttpRecord);

TEST_P(HttpRecord, over_connections_and_back_from_a_file) {
    run([]() -> Task<> {
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: id=s3cret\r\nX-Key: s3cret\r\n"
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n\n\r\n0\r\n\r\n";
        ScriptedServer server(always(answer));
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "record";
        std::string url;
        co_await server.run([&](std::string base) -> Task<> {
            url = base + "/x";
            Recorder recorder;
            recorder.redact("x-key");
            http::Client client({.secret_fields = "x-token", .transport = &recorder});
            auto request = client.put(url).body("body").basic_auth("ann", "s3cret").header("X-Token", "s3cret");
            auto response = co_await std::move(request);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "hello\n");
            EXPECT_EQ(response.header("X-Key"), "s3cret");  // the caller gets what came
            EXPECT_EQ(response.header("Transfer-Encoding"), "chunked");
            auto again = co_await client.get(url);
            EXPECT_EQ(client.stats().connections_opened, 1U);
            EXPECT_EQ(recorder.exchanges().size(), 2U);
            EXPECT_EQ(recorder.to_text().find("s3cret"), std::string::npos) << recorder.to_text();
            EXPECT_EQ(recorder.to_text().find("YW5u"), std::string::npos) << recorder.to_text();
            EXPECT_NE(recorder.to_text().find("> Cookie: (not recorded)\n"), std::string::npos);
            co_await recorder.save(path);
        });
        const auto info = co_await fs::stat(path);
        EXPECT_EQ(info.permissions, 0600U);
        const auto replayer = co_await Replayer::load(path);
        http::Client client({.transport = replayer.get()});
        auto response = co_await client.put(url).body("body");
        const auto text = co_await response.text();
        EXPECT_EQ(text, "hello\n");
        EXPECT_FALSE(response.header("X-Key"));
        EXPECT_FALSE(response.header("Transfer-Encoding"));
        EXPECT_EQ(replayer->unused(), std::vector<std::string>{"GET " + url});
        co_await directory.remove();
    });
}

GYRE_TEST(HttpRecordRules, secrets_when_asked_and_bodies_within_the_limit) {
    ScriptedServer server(always(ok("12345")));
    co_await server.run([&](std::string base) -> Task<> {
        for (const std::size_t limit : {5U, 4U}) {
            Recorder recorder({.body_limit = limit, .keeps_secrets = true});
            http::Client client({.transport = &recorder});
            auto response = co_await client.get(base + "/").bearer_auth("s3cret");
            for (int i = 0; i < 2; ++i) {
                const auto outcome = co_await as_outcome(response.text());
                EXPECT_EQ(outcome.has_value(), limit == 5);
                if (limit == 5) break;
                EXPECT_TRUE(describe(outcome.error())
                        .ends_with(
                            "the body is longer than the 4 bytes that are recorded (RecorderOptions::body_limit)"))
                    << describe(outcome.error());
            }
            EXPECT_NE(recorder.to_text().find("Bearer s3cret"), std::string::npos);
            EXPECT_EQ(recorder.exchanges().at(0).response_is_whole, limit == 5);
        }
    });
}

TEST_P(HttpRecord, an_event_stream_passes_as_it_comes_and_is_given_again) {
    run([]() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            std::string bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\ndata: b\n\n";
            co_await peer.send(std::move(bytes));
            co_await peer.hold();
        });
        std::string url;
        std::string record;
        const auto read_two = [&](http::ClientTransport& transport) -> Task<std::string> {
            http::Client client({.transport = &transport});
            auto events = client.events(url);
            std::string seen;
            for (int i = 0; i < 2; ++i) {
                const auto event = co_await events.next();
                seen += event ? event->data : "-";
            }
            EXPECT_TRUE(events.is_connected());
            co_return seen;
        };
        co_await server.run([&](std::string base) -> Task<> {
            url = base + "/feed";
            Recorder recorder;
            const auto seen = co_await read_two(recorder);
            EXPECT_EQ(seen, "ab");
            record = recorder.to_text();
        });
        EXPECT_NE(record.find("<| data: a\n<| \n<| data: b\n<| \n<| \n<! not read to its end\n"), std::string::npos)
            << record;
        Replayer replayer(record);
        const auto seen = co_await read_two(replayer);
        EXPECT_EQ(seen, "ab");
        http::Client client({.transport = &replayer});
        auto response = co_await client.get(url);
        for (int i = 0; i < 2; ++i) {
            const auto whole = co_await as_outcome(response.text());
            EXPECT_TRUE(failed_with<http::RequestError>(whole));
            if (!whole.has_value()) {
                EXPECT_TRUE(describe(whole.error())
                        .ends_with("the record ends within this body: nobody read on when it was made"));
            }
        }
    });
}

auto hello_world(http::BodyWriter& writer) -> Task<> {
    co_await writer.write("hello");
    co_await sleep(1ms);
    co_await writer.write(" world");
}

TEST_P(HttpRecord, a_body_that_is_made_while_it_is_sent) {
    run([]() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.until("\r\n0\r\n\r\n"));
            std::string bytes = ok("taken");
            co_await peer.send(std::move(bytes));
        });
        std::string url;
        std::string record;
        co_await server.run([&](std::string base) -> Task<> {
            url = base + "/";
            for (const std::size_t limit : {11U, 10U}) {
                Recorder recorder({.body_limit = limit});
                http::Client client({.transport = &recorder});
                const auto outcome = co_await as_outcome(client.post(url).body_from(hello_world));
                EXPECT_EQ(outcome.has_value(), limit == 11);
                if (limit == 11) {
                    record = recorder.to_text();
                    continue;
                }
                EXPECT_NE(describe(outcome.error())
                              .find("the body of the request is longer than the 10 bytes that are recorded"),
                    std::string::npos)
                    << describe(outcome.error());
            }
        });
        EXPECT_NE(record.find(">| hello world\n<"), std::string::npos) << record;
        Replayer replayer(record);
        http::Client client({.transport = &replayer});
        auto response = co_await client.post(url).body_from(hello_world);
        EXPECT_EQ(response.status(), 200);
        auto whole = co_await client.post(url).body("hello world");
        EXPECT_EQ(whole.status(), 200) << "however it is made";
        const auto other = co_await as_outcome(client.post(url).body("hello"));
        EXPECT_TRUE(failed_with<http::RequestError>(other));
    });
}

TEST_P(HttpRecord, a_body_that_was_not_sent_to_its_end) {
    run([]() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.until("hello\r\n"));
            std::string bytes = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            co_await peer.send(std::move(bytes));
            co_await peer.hold();
        });
        std::string url;
        std::string record;
        co_await server.run([&](std::string base) -> Task<> {
            url = base + "/";
            Recorder recorder;
            http::Client client({.transport = &recorder});
            auto response = co_await client.post(url).body_from([](http::BodyWriter& writer) -> Task<> {
                co_await writer.write("hello");
                co_await sleep(1h);
            });
            EXPECT_EQ(response.status(), 413);
            record = recorder.to_text();
        });
        EXPECT_NE(record.find(">| hello\n>! not sent to its end\n< 413"), std::string::npos) << record;
        Replayer replayer(record);
        http::Client client({.transport = &replayer});
        auto response = co_await client.post(url).body_from(hello_world);
        EXPECT_EQ(response.status(), 413) << "it begins so";
        const auto other = co_await as_outcome(client.post(url).body("hell"));
        EXPECT_TRUE(failed_with<http::RequestError>(other));
    });
}

TEST_P(HttpRecord, a_closed_response_ends_who_makes_the_body) {
    run([]() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.until("hello\r\n"));
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            co_await peer.hold();
        });
        co_await server.run([&](std::string base) -> Task<> {
            Recorder recorder;
            http::Client client({.transport = &recorder});
            bool is_gone = false;
            const auto endless = [&](http::BodyWriter& writer) -> Task<> {
                co_await writer.write("hello");
                co_await try_finally(sleep(1h), [&]() -> Task<> {
                    is_gone = true;
                    co_return;
                });
            };
            auto response = co_await client.post(base + "/").body_from(endless);
            EXPECT_FALSE(is_gone);
            co_await response.close();
            EXPECT_TRUE(is_gone);
        });
    });
}

TEST_P(HttpRecord, each_sending_of_a_body_is_kept_once) {
    run([]() -> Task<> {
        const std::string away = "HTTP/1.1 307 Go\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
        ScriptedServer server([&](Peer& peer) -> Task<> {  // on one connection, or on two
            for (;;) {
                const auto request = co_await peer.request();
                if (request.empty()) co_return;
                auto bytes = request.starts_with("PUT / ") ? away : ok("there");
                co_await peer.send(std::move(bytes));
            }
        });
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "body";
        co_await fs::write_text(path, "of a file");
        co_await server.run([&](std::string base) -> Task<> {
            Recorder recorder;
            http::Client client({.transport = &recorder});
            auto response = co_await client.put(base + "/").body_file(path);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "there");
            const auto exchanges = recorder.exchanges();
            EXPECT_EQ(exchanges.size(), 2U);
            for (const auto& exchange : exchanges) {
                EXPECT_EQ(exchange.request_body, "of a file");
                EXPECT_TRUE(exchange.request_is_whole);
            }
        });
        co_await directory.remove();
    });
}

TEST(Recorder, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        ScriptedServer server([](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.until("\r\n0\r\n\r\n"));
            std::string bytes = ok("here");
            co_await peer.send(std::move(bytes));
        });
        co_await server.run([](std::string base) -> Task<> {
            Recorder recorder;
            http::Client client({.transport = &recorder});
            auto response = co_await client.put(base).body_from(hello_world);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "here");
            EXPECT_EQ(recorder.exchanges().size(), 1U);
            EXPECT_EQ(recorder.exchanges().at(0).request_body, "hello world");
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing
