// Coded bodies: what is asked for, what is decoded and what is left alone, and where it ends.
#include "scripted_server.hpp"

#include <gyre/http/core/content_coding.hpp>

namespace gyre::testing {
namespace {

using http::ContentCoding;
using http::encode_content;
using http::RequestPhase;

auto coded(std::string_view body, std::string_view codings, std::string_view status = "200 OK") -> std::string {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Encoding: " + std::string(codings) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

auto field_of(const std::string& request, const std::string& name) -> std::string {
    const auto at = request.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size() + 4;
    return request.substr(begin, request.find("\r\n", begin) - begin);
}

class HttpDecode : public OnLoops {
protected:
    auto reply_to(std::string answer, http::ClientOptions options = {}, std::size_t piece = 0) -> Reply {
        return run(fetch_from(always(std::move(answer), piece), options));
    }
};
GYRE_ON_LOOPS(HttpDecode);

TEST_P(HttpDecode, every_coding_however_it_is_cut) {
    const std::string text(3000, 'x');
    for (const auto coding : {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd}) {
        for (const std::size_t piece : {std::size_t{0}, std::size_t{1}}) {
            const auto reply = reply_to(coded(encode_content(text, coding), http::coding_name(coding)), {}, piece);
            EXPECT_EQ(reply.error, "");
            EXPECT_EQ(reply.body, text);
        }
    }
    const auto twice = encode_content(encode_content(text, ContentCoding::zstd), ContentCoding::gzip);
    EXPECT_EQ(reply_to(coded(twice, "zstd, gzip")).body, text);
}

TEST_P(HttpDecode, chunks_and_trailers_go_together_with_it) {
    const auto body = encode_content("hello", ContentCoding::br);
    const auto reply = reply_to("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                std::to_string(body.size()) + "\r\n" + body + "\r\n0\r\nT: u\r\n\r\n");
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.body, "hello");
    EXPECT_EQ(reply.trailers.get("T"), "u");
}

TEST_P(HttpDecode, connection_is_kept_and_the_head_stays_as_sent) {
    const auto body = encode_content("hello hello hello hello hello", ContentCoding::gzip);
    ScriptedServer server(always(coded(body, "gzip")));
    run(server.run(http::ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 2; ++i) {
            auto response = co_await client.get(base);
            EXPECT_EQ(response.header("Content-Encoding"), "gzip");
            EXPECT_EQ(response.content_length(), body.size());
            const auto line = co_await response.body().read_line();
            EXPECT_EQ(line, "hello hello hello hello hello");
            const auto end = co_await response.read();
            EXPECT_TRUE(end.empty());
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
}

TEST_P(HttpDecode, what_is_asked_for) {
    ScriptedServer server(always(ok("")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await client.get(base));
        static_cast<void>(co_await client.get(base).decode(false));
        static_cast<void>(co_await client.get(base).header("accept-encoding", "br;q=0.5"));
        static_cast<void>(co_await client.get(base).header("Range", "bytes=0-9"));
    }));
    run(server.run({.decode = false}, [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await client.get(base));
        static_cast<void>(co_await client.get(base).decode(true));
    }));
    const auto& requests = server.log().requests;
    EXPECT_EQ(field_of(requests.at(0), "Accept-Encoding"), "gzip, deflate, br, zstd");
    EXPECT_EQ(field_of(requests.at(1), "Accept-Encoding"), "none");
    EXPECT_EQ(field_of(requests.at(2), "Accept-Encoding"), "none");
    EXPECT_EQ(field_of(requests.at(2), "accept-encoding"), "br;q=0.5");
    EXPECT_EQ(field_of(requests.at(3), "Accept-Encoding"), "identity");
    EXPECT_EQ(field_of(requests.at(4), "Accept-Encoding"), "none");
    EXPECT_EQ(field_of(requests.at(5), "Accept-Encoding"), "gzip, deflate, br, zstd");
}

TEST_P(HttpDecode, what_is_left_as_it_is) {
    const auto body = encode_content("hello", ContentCoding::gzip);
    EXPECT_EQ(reply_to(coded(body, "gzip"), {.decode = false}).body, body);
    EXPECT_EQ(reply_to(coded(body, "gzip, aes128gcm")).body, body);
    EXPECT_EQ(reply_to(coded(body.substr(5), "gzip", "206 Partial Content")).body, body.substr(5));
    EXPECT_EQ(reply_to(coded("hello", "identity")).body, "hello");
    EXPECT_EQ(reply_to(coded("", "gzip")).error, "");  // nothing is whole
}

TEST_P(HttpDecode, responses_without_a_body) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 77\r\n\r\n");
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n");
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 77\r\n\r\n");
    });
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (const std::string method : {"HEAD", "GET", "GET"}) {
            auto reply = co_await fetch(client, base, method);
            EXPECT_EQ(reply.error, "");
            EXPECT_EQ(reply.body, "");
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
}

TEST_P(HttpDecode, what_cannot_be_decoded_is_an_error_that_names_the_rule) {
    const auto body = encode_content("hello", ContentCoding::gzip);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {coded("hello", "gzip"), "content coding gzip: the data is malformed (bad_data)"},
        {coded(body.substr(0, 12), "gzip"), "content coding gzip: the data is cut short (cut_short)"},
        {coded(body + "x", "gzip"), "content coding gzip: there is data after the end (trailing_data)"},
        {coded(body, "gzip, gzip, gzip"),
            "content coding gzip: there are too many codings on top of each other (too_many_codings)"},
    };
    for (const auto& [answer, problem] : cases) {
        const auto reply = reply_to(answer);
        EXPECT_EQ(reply.phase, RequestPhase::body);
        EXPECT_TRUE(reply.error.ends_with(problem)) << reply.error;
    }
}

TEST_P(HttpDecode, an_error_stays_and_closes_the_connection) {
    ScriptedServer server(always(coded("hello", "zstd")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        for (int i = 0; i < 2; ++i) {
            const auto outcome = co_await as_outcome(response.read());
            EXPECT_NE(describe(outcome.error()).find("bad_data"), std::string::npos);
        }
        EXPECT_EQ(client.stats().open_connections, 0U);
    }));
}

TEST_P(HttpDecode, bombs_are_refused_by_ratio_and_by_length) {
    const auto bomb = coded(encode_content(std::string(8 << 20U, '0'), ContentCoding::gzip), "gzip");
    EXPECT_TRUE(reply_to(bomb).error.ends_with("(ratio_too_large)"));
    EXPECT_EQ(reply_to(bomb, {.decode_limits = {.ratio = 0}}).body.size(), 8U << 20U);
    EXPECT_TRUE(reply_to(bomb, {.decode_limits = {.output_bytes = 1000}}).error.ends_with("(output_too_large)"));
}

TEST_P(HttpDecode, text_is_limited_after_decoding) {
    const auto body = encode_content(std::string(5000, 'x'), ContentCoding::gzip);
    ScriptedServer server(always(coded(body, "gzip")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        const auto text = co_await response.text(5000);
        EXPECT_EQ(text.size(), 5000U);
        auto again = co_await client.get(base);
        const auto outcome = co_await as_outcome(again.text(4999));
        EXPECT_NE(describe(outcome.error()).find("longer than 4999 bytes"), std::string::npos);
    }));
}

// A coded response that is dropped with all of it there leaves its connection usable.
TEST_P(HttpDecode, dropped_response_is_not_decoded) {
    ScriptedServer server(always(coded("no gzip at all", "gzip")));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 2; ++i) static_cast<void>(co_await client.get(base));
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
}

// A redirect's body is read away, whatever it claims to be.
TEST_P(HttpDecode, body_of_a_redirect_is_not_decoded) {
    ScriptedServer server(
        in_turn({{"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Encoding: gzip\r\nContent-Length: "
                  "4\r\n\r\naway",
            ok("there")}}));
    run(server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base + "/a");
        EXPECT_EQ(reply.body, "there");
    }));
}

}  // namespace
}  // namespace gyre::testing
