// What a client makes of a response: framing, pieces, interim responses, and everything that a server can get wrong.
#include "scripted_server.hpp"

#include <gyre/http/core/errors.hpp>

#include <algorithm>

namespace gyre::testing {
namespace {

using http::RequestPhase;

class HttpResponse : public OnLoops {
protected:
    auto reply_to(std::string answer, std::size_t piece = 0) -> Reply {
        return run(fetch_from([=](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            co_await peer.send(answer, piece);
        }));
    }
};
GYRE_ON_LOOPS(HttpResponse);

TEST_P(HttpResponse, sized_body) {
    const auto reply = reply_to(ok("hello"));
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello");
    EXPECT_TRUE(reply.is_delimited);
}

TEST_P(HttpResponse, chunked_body_with_trailers) {
    const auto reply = reply_to(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n"
        "Digest: abc\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.body, "hello world");
    EXPECT_EQ(reply.trailers.get("digest"), "abc");
    EXPECT_FALSE(reply.trailers.contains("content-length"));
}

TEST_P(HttpResponse, body_until_close_is_read_but_not_certain) {
    const auto reply = reply_to("HTTP/1.1 200 OK\r\n\r\nall of it");
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.body, "all of it");
    EXPECT_FALSE(reply.is_delimited);
}

TEST_P(HttpResponse, body_until_close_is_refused_where_that_is_required) {
    const std::string until_close = "HTTP/1.1 200 OK\r\n\r\nall of it";
    const std::string redirect = "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\nlook there";
    ScriptedServer server(in_turn({{redirect}, {until_close}, {until_close}, {until_close}, {ok("whole")}}));
    run(server.run({.require_delimited = true}, [](http::Client& client, std::string base) -> Task<> {
        const auto refused = co_await fetch(client, base);
        EXPECT_EQ(refused.status, 200) << "the body of a redirect does not matter";
        EXPECT_EQ(refused.phase, RequestPhase::body);
        EXPECT_TRUE(
            refused.error.ends_with("the body lasts until the server closes, and a cut would look like its end"));
        EXPECT_EQ(refused.body, "");

        auto unread = co_await client.get(base);
        co_await unread.discard();
        EXPECT_EQ(unread.status(), 200);
        auto allowed = co_await client.get(base).require_delimited(false);
        const auto text = co_await allowed.text();
        EXPECT_EQ(text, "all of it");
        const auto whole = co_await fetch(client, base);
        EXPECT_EQ(whole.body, "whole");
    }));
}

TEST_P(HttpResponse, a_request_alone_may_require_that_a_body_has_an_end) {
    ScriptedServer server(in_turn({{"HTTP/1.0 200 OK\r\n\r\n{\"cut"}, {"HTTP/1.1 204 No Content\r\n\r\n"}}));
    run(server.run({}, [](http::Client& client, std::string base) -> Task<> {
        auto cut = co_await client.get(base).require_delimited();
        EXPECT_FALSE(cut.body_is_delimited());
        const auto read = co_await as_outcome(cut.read());
        EXPECT_TRUE(read.is_error());
        const auto again = co_await as_outcome(cut.text());
        EXPECT_TRUE(again.is_error());
        auto none = co_await client.get(base).require_delimited();
        const auto text = co_await none.text();
        EXPECT_EQ(text, "");
    }));
}

TEST_P(HttpResponse, body_cut_at_every_byte_is_the_same) {
    const std::string answer =
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        "X: y\r\n\r\nb\r\nhello world\r\n0\r\nT: u\r\n\r\n";
    const auto reply = reply_to(answer, 1);
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.body, "hello world");
    EXPECT_EQ(reply.trailers.get("t"), "u");
    for (std::size_t first = 1; first < answer.size(); ++first) {
        const auto two = run(fetch_from([=](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            co_await peer.send(answer.substr(0, first));
            co_await sleep(1ms);
            co_await peer.send(answer.substr(first));
        }));
        EXPECT_EQ(two.body, "hello world") << first << ": " << two.error;
        if (GetParam() != "sim") first += 6;  // real milliseconds
    }
}

TEST_P(HttpResponse, cut_at_every_byte_is_never_a_short_success) {
    const std::string sized = ok("hello");
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (const auto& answer : {sized, chunked}) {
        for (std::size_t length = 0; length < answer.size(); ++length) {
            const auto reply = reply_to(answer.substr(0, length));
            EXPECT_NE(reply.error, "") << "cut after " << length << " of\n" << answer;
        }
    }
}

TEST_P(HttpResponse, cut_body_says_how_much_came) {
    const auto reply = reply_to("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_EQ(reply.phase, RequestPhase::body);
    EXPECT_NE(reply.error.find(": the connection ended after 5 of 10 bytes of the body, before its end"), std::string::npos)
        << reply.error;
}

TEST_P(HttpResponse, no_answer_names_the_peer) {
    const auto reply = reply_to("");
    EXPECT_EQ(reply.phase, RequestPhase::response);
    EXPECT_NE(reply.error.find("GET http://127.0.0.1:"), std::string::npos) << reply.error;
    EXPECT_NE(reply.error.find(": the server closed the connection without an answer"), std::string::npos)
        << reply.error;
}

TEST_P(HttpResponse, at_most_eight_interim_responses) {
    std::string interim;
    for (int i = 0; i < 8; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(reply_to(interim + ok("x")).body, "x");
    const auto flood = reply_to(interim + "HTTP/1.1 102 Processing\r\n\r\n" + ok("x"));
    EXPECT_EQ(flood.phase, RequestPhase::response);
    EXPECT_NE(flood.error.find("more than 8 interim responses"), std::string::npos) << flood.error;
}

TEST_P(HttpResponse, malformed_ones_name_the_rule) {
    using http::Rule;
    const std::pair<std::string, Rule> cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Rule::content_length_and_transfer_encoding},
        {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", Rule::bad_content_length},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", Rule::repeated_content_length},
        {"HTTP/1.1 200 OK\nX: y\r\n\r\n", Rule::bare_lf},
        {"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", Rule::whitespace_before_colon},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Rule::bad_chunk_size},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            Rule::unexpected_switching_protocols},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", Rule::bad_status_line},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'a') + "\r\n\r\n", Rule::field_line_too_long},
    };
    for (const auto& [answer, rule] : cases) {
        const auto reply = reply_to(answer);
        EXPECT_NE(reply.error.find(http::rule_text(rule)), std::string::npos)
            << http::rule_name(rule) << " expected of " << answer.substr(0, 80) << ", but: " << reply.error;
    }
}

TEST_P(HttpResponse, endless_head_is_refused) {
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 300; ++i) head += "X-" + std::to_string(i) + ": y\r\n";
    EXPECT_EQ(reply_to(head).phase, RequestPhase::response);
}

TEST_P(HttpResponse, no_body_where_there_can_be_none) {
    ScriptedServer server(in_turn({{"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ok("end")}}));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto head = co_await fetch(client, base, "HEAD");
        EXPECT_EQ(head.error, "");
        EXPECT_EQ(head.body, "");
        auto none = co_await fetch(client, base);
        EXPECT_EQ(none.status, 204);
        auto unchanged = co_await fetch(client, base);
        EXPECT_EQ(unchanged.status, 304);
        auto last = co_await fetch(client, base);
        EXPECT_EQ(last.body, "end");
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
}

TEST_P(HttpResponse, long_body_comes_in_pieces) {
    const std::string body(3'000'000, 'b');
    ScriptedServer server(always(ok(body)));
    run(server.run(http::ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        EXPECT_EQ(response.content_length(), body.size());
        std::size_t size = 0;
        std::size_t largest = 0;
        for (;;) {
            const auto piece = co_await response.read();
            if (piece.empty()) break;
            size += piece.size();
            largest = std::max(largest, piece.size());
        }
        EXPECT_EQ(size, body.size());
        EXPECT_LE(largest, 256U * 1024);
        const auto again = co_await response.read();
        EXPECT_TRUE(again.empty());
    }));
}

TEST_P(HttpResponse, text_has_a_limit) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        const auto* const sized = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456";
        const auto* const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n";
        const auto* const bytes = peer.number() == 0 ? sized : chunked;
        co_await peer.send(bytes);
        co_await peer.hold();
    });
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 2; ++i) {
            auto response = co_await client.get(base);
            const auto outcome = co_await as_outcome(response.text(5));
            EXPECT_TRUE(failed_with<http::RequestError>(outcome));
            EXPECT_NE(describe(outcome.error()).find("longer than 5 bytes"), std::string::npos);
            EXPECT_EQ(client.stats().open_connections, 0U);
        }
    }));
}

TEST_P(HttpResponse, early_answer_to_a_request_that_is_not_read) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        co_await peer.hold();
    });
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        std::string body(1'000'000, 'x');
        auto reply = co_await fetch(client, base, "POST", {}, std::move(body));
        EXPECT_EQ(reply.error, "");
        EXPECT_EQ(reply.status, 413);
        EXPECT_EQ(reply.body, "big");
    }));
}

TEST_P(HttpResponse, response_outlives_its_client) {
    ScriptedServer server(always(ok("still here")));
    run(server.run([](std::string base) -> Task<> {
        auto client = std::make_unique<http::Client>();
        auto response = co_await client->get(base);
        client.reset();
        const auto text = co_await response.text();
        EXPECT_EQ(text, "still here");
    }));
}

TEST_P(HttpResponse, request_as_sent) {
    ScriptedServer server(always(ok("")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base + "/a%20b?c=d#fragment"));
        http::Fields fields{{"user-agent", "mine"}, {"Host", "other.example"}, {"X", "y"}, {"content-length", "77"}};
        static_cast<void>(co_await fetch(client, base, "POST", std::move(fields), "body"));
    }));
    const auto& requests = server.log().requests;
    const std::string plain = "GET /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:";
    EXPECT_EQ(requests.at(0).substr(0, plain.size()), plain);
    EXPECT_NE(requests.at(0).find("\r\nUser-Agent: gyre/"), std::string::npos);
    EXPECT_NE(requests.at(0).find("\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"), std::string::npos);
    EXPECT_EQ(requests.at(1),
        "POST / HTTP/1.1\r\nHost: other.example\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, "
        "zstd\r\nContent-Length: 4\r\nuser-agent: mine\r\n"
        "X: y\r\n\r\nbody");
}

TEST_P(HttpResponse, what_cannot_be_sent_is_refused_before_a_connection) {
    ScriptedServer server(always(ok("")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (const std::string url : {"ftp://x/", "not a url", "http://user:secret@x/", "http://0x7f.1/", "http:/x"}) {
            auto reply = co_await fetch(client, url);
            EXPECT_EQ(reply.phase, RequestPhase::url) << url << ": " << reply.error;
            EXPECT_NE(reply.error, "") << url;
        }
        for (const std::string method : {"GE T", "", "CONNECT", "GET\r\nX: y"}) {
            auto reply = co_await fetch(client, base, method);
            EXPECT_NE(reply.error, "") << method;
            EXPECT_EQ(reply.error.find('\n'), std::string::npos);
        }
        http::Fields fields{{"Transfer-Encoding", "chunked"}};
        auto reply = co_await fetch(client, base, "POST", std::move(fields), "x");
        EXPECT_NE(reply.error, "");
        EXPECT_EQ(client.stats().connections_opened, 0U);
    }));
}

TEST(HttpResponseReads, of_a_fast_body_grow_within_bounds) {
    constexpr std::size_t body_size = 4 << 20;
    std::size_t largest = 0;
    std::size_t received = 0;
    ScriptedServer server(always(ok(std::string(body_size, 'x'))));
    TestLoop loop(backend::SimOptions{.pipe_capacity = 1 << 20});
    loop.run(server.run({}, [&](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        for (;;) {
            const auto piece = co_await response.read();
            if (piece.empty()) break;
            largest = std::max(largest, piece.size());
            received += piece.size();
        }
    }));
    EXPECT_EQ(received, body_size);
    EXPECT_EQ(largest, 256U * 1024);
}

}  // namespace
}  // namespace gyre::testing
