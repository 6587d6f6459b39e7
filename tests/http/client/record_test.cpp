// Exchanges that are kept, and given again without a server.
#include "scripted_server.hpp"

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
    EXPECT_EQ(problem(">hello\n"), "record: line 2: behind > or < comes a space, | or +");
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
            http::Client client({.transport = &recorder});
            auto response = co_await client.put(url).body("body").basic_auth("ann", "s3cret");
            const auto text = co_await response.text();
            EXPECT_EQ(text, "hello\n");
            EXPECT_EQ(response.header("X-Key"), "s3cret");  // the caller gets what came
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
            const auto outcome = co_await as_outcome(client.get(base).bearer_auth("s3cret"));
            EXPECT_EQ(outcome.has_value(), limit == 5);
            EXPECT_EQ(recorder.to_text().find("Bearer s3cret") != std::string::npos, limit == 5);
        }
    });
}

TEST(Recorder, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        ScriptedServer server(always(ok("here")));
        co_await server.run([](std::string base) -> Task<> {
            Recorder recorder;
            http::Client client({.transport = &recorder});
            auto response = co_await client.get(base);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "here");
            EXPECT_EQ(recorder.exchanges().size(), 1U);
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing
