// What the parsers of HTTP/1 promise beside the rules, which are in the tables of conformance_*.cpp.

#include "h1_transcript.hpp"

#include <gtest/gtest.h>

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

auto first_event(ResponseParser& parser, std::string_view text) -> Event { return parser.next(text); }

TEST(ResponseParser, method_of_the_request_decides_about_the_body) {
    const auto two = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"sv;
    const auto said = response_transcript(two, "HEAD");
    EXPECT_EQ(said.find("refused"), std::string::npos) << said;
    EXPECT_EQ(said.find("body"), std::string::npos) << said;
}

TEST(ResponseParser, tunnel_ignores_lengths_and_leaves_http) {
    ResponseParser parser;
    parser.expect("CONNECT");
    const auto text = "HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\nTransfer-Encoding: ,\r\n\r\n\x16\x03"sv;
    const auto head = first_event(parser, text);
    EXPECT_EQ(head.kind, EventKind::head);
    EXPECT_EQ(head.consumed, text.size() - 2);
    EXPECT_EQ(parser.next({}).kind, EventKind::complete);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, refused_tunnel_has_a_body_as_usual) {
    EXPECT_NE(response_transcript("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "CONNECT").find("body no"),
        std::string::npos);
}

TEST(ResponseParser, switching_protocols_only_if_offered) {
    ResponseParser parser;
    parser.expect("GET", true);
    EXPECT_EQ(first_event(parser, "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n").kind, EventKind::head);
    EXPECT_EQ(parser.next({}).kind, EventKind::complete);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, bytes_that_nobody_asked_for_are_refused) {
    ResponseParser parser;
    EXPECT_EQ(parser.next({}).kind, EventKind::need_more);
    EXPECT_THROW((void)first_event(parser, "H"), ProtocolError);
    EXPECT_THROW((void)parser.next({}), ProtocolError) << "a parser that failed stays failed";
    EXPECT_THROW((void)parser.finish(), ProtocolError);
}

TEST(ResponseParser, reuse_needs_1_1_and_no_close_and_a_length) {
    const auto keeps = [](std::string_view text) {
        ResponseParser parser;
        parser.expect("GET");
        (void)first_event(parser, text);
        return parser.keep_alive();
    };
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\n\r\n"));
}

TEST(ResponseParser, expecting_twice_is_a_mistake_of_the_caller) {
    ResponseParser parser;
    parser.expect("GET");
    EXPECT_THROW(parser.expect("GET"), std::logic_error);
}

TEST(RequestParser, upgrade_needs_the_option_as_a_whole_token) {
    const auto wants = [](std::string_view fields) {
        RequestParser parser;
        (void)parser.next(std::string("GET / HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n"));
        return parser.wants_upgrade();
    };
    EXPECT_TRUE(wants("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(wants("Connection: no-upgrade-please\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(wants("Connection: upgrade\r\n"));
}

TEST(RequestParser, continue_is_never_owed_to_http10) {
    RequestParser parser;
    (void)parser.next("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"sv);
    EXPECT_FALSE(parser.expects_continue());
    RequestParser modern;
    (void)modern.next("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"sv);
    EXPECT_TRUE(modern.expects_continue());
}

TEST(RequestParser, trailers_stay_apart_and_framing_ones_are_dropped) {
    RequestParser parser;
    auto rest =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n"
        "Host: evil\r\nAuthorization: evil\r\ntransfer-encoding: x\r\n\r\n"sv;
    auto event = parser.next(rest);
    rest.remove_prefix(event.consumed);
    event = parser.next(rest);
    ASSERT_EQ(event.kind, EventKind::complete);
    EXPECT_EQ(parser.trailers(), (Fields{{"X-Sum", "1"}}));
    EXPECT_FALSE(parser.head().fields.contains("x-sum"));
}

TEST(RequestParser, body_pieces_are_views_of_the_input) {
    RequestParser parser;
    const auto text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"sv;
    const auto head = parser.next(text);
    const auto body = parser.next(text.substr(head.consumed));
    EXPECT_EQ(body.body.data(), text.data() + head.consumed);
}

TEST(RequestParser, stays_failed_and_says_the_same_again) {
    RequestParser parser;
    EXPECT_THROW((void)parser.next("nonsense\r\n"sv), ProtocolError);
    const auto rule_of = [&](auto call) {
        try {
            call();
        } catch (const ProtocolError& error) {
            return error.rule();
        }
        return Rule::forbidden_trailer;
    };
    EXPECT_EQ(rule_of([&] { (void)parser.next("GET / HTTP/1.1\r\n"sv); }), Rule::bad_method);
    EXPECT_EQ(rule_of([&] { (void)parser.finish(); }), Rule::bad_method);
}

TEST(ResponseParser, is_idle_between_messages_only) {
    ResponseParser parser;
    EXPECT_TRUE(parser.is_idle());
    parser.expect("GET");
    EXPECT_TRUE(parser.is_idle());
    (void)parser.next("HTTP/1.1 204 x\r\n"sv);
    EXPECT_FALSE(parser.is_idle());
    (void)parser.next("\r\n"sv);
    EXPECT_EQ(parser.next({}).kind, EventKind::complete);
    EXPECT_TRUE(parser.is_idle());
    EXPECT_FALSE(parser.finish());
}

TEST(RequestParser, may_be_moved_before_each_byte) {
    const auto text =
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nSum: 1\r\n\r\n"
        "PUT /b HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nok"
        "GET /c HTTP/1.1\n"sv;
    const auto said = request_transcript(text);
    EXPECT_NE(said.find("refused bare_lf"), std::string::npos) << said;
    EXPECT_EQ(request_transcript<Wandering<RequestParser>>(text, {1}), said);
}

TEST(RequestParser, goes_on_when_the_head_was_taken) {
    RequestParser parser;
    auto rest = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokGET /b HTTP/1.1\r\nHost: b\r\n\r\n"sv;
    rest.remove_prefix(parser.next(rest).consumed);
    const auto head = parser.take_head();
    EXPECT_EQ(head.method + " " + head.target, "POST /a");
    EXPECT_EQ(head.fields, (Fields{{"Host", "a"}, {"Content-Length", "2"}}));
    EXPECT_TRUE(parser.head().target.empty());
    EXPECT_EQ(parser.content_length(), 2U);
    const auto body = parser.next(rest);
    EXPECT_EQ(std::string_view(body.body.data(), body.body.size()), "ok");
    rest.remove_prefix(body.consumed);
    EXPECT_EQ(parser.next(rest).kind, EventKind::complete);
    EXPECT_EQ(parser.next(rest).kind, EventKind::head);
    EXPECT_EQ(parser.head().target, "/b");
    EXPECT_EQ(parser.head().fields, (Fields{{"Host", "b"}}));
}

TEST(ResponseParser, may_be_moved_before_each_byte) {
    const auto text =
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\nSum: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end"sv;
    const auto said = response_transcript(text);
    EXPECT_TRUE(said.ends_with("body until the end\ncomplete at end\n")) << said;
    EXPECT_EQ((response_transcript<Wandering<ResponseParser>>(text, "GET", {1})), said);
}

TEST(RequestHead, the_host_is_of_the_target_or_of_the_field) {
    RequestHead head;
    EXPECT_EQ(effective_host(head), "");
    head.fields.add("Host", "a");
    EXPECT_EQ(effective_host(head), "a");
    head.target = "http://b:1/x";
    EXPECT_EQ(effective_host(head), "b:1");
    head.method = "CONNECT";
    head.target = "c:2";
    EXPECT_EQ(effective_host(head), "c:2");
}

}  // namespace
}  // namespace gyre::http::testing
