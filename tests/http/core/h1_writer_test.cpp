#include "http/core/head_writer.hpp"

#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/core/h1_writer.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;

void expect_refused(Rule rule, const std::function<void(std::string&)>& write) {
    std::string out = "before";
    try {
        write(out);
        ADD_FAILURE() << "not refused: " << rule_name(rule) << "\n" << out;
    } catch (const ProtocolError& error) {
        EXPECT_EQ(rule_name(error.rule()), rule_name(rule));
    }
    EXPECT_EQ(out, "before") << "nothing may be appended by a call that throws";
}

auto request(std::string method, std::string target, Fields fields, Version version = {}) -> RequestHead {
    return {std::move(method), std::move(target), version, std::move(fields)};
}

auto response(int status, Fields fields, Version version = {}) -> ResponseHead {
    return {status, std::string(default_reason(status)), version, std::move(fields)};
}

TEST(HttpVersion, is_another_if_either_number_is) {
    EXPECT_EQ((Version{1, 1}), Version{});
    EXPECT_NE((Version{1, 0}), Version{});
    EXPECT_NE((Version{2, 1}), Version{});
    EXPECT_LT((Version{1, 10}), (Version{2, 0}));
}

TEST(Writer, request_reads_back_equal) {
    const auto head = request("PUT", "/a?b", {{"Host", "x"}, {"Content-Length", "2"}, {"X", ""}, {"X", "\xff y"}});
    std::string out;
    auto body = write_head(head, out);
    body.write("hi"sv, out);
    body.finish(out);
    RequestParser parser;
    const auto event = parser.next(out);
    ASSERT_EQ(event.kind, EventKind::head);
    EXPECT_EQ(parser.head(), head);
    EXPECT_EQ(out.substr(event.consumed), "hi");
}

TEST(Writer, chunked_response_with_trailers_is_byte_exact) {
    std::string out;
    auto body = write_head(response(200, {{"Transfer-Encoding", "chunked"}}), "GET", {1, 1}, out);
    body.write("0123456789"sv, out);
    body.write(""sv, out);  // must not look like the last chunk
    body.begin_piece(2, out);
    out += "ab";
    body.end_piece(out);
    body.finish(out, {{"X-Sum", "7"}});
    EXPECT_EQ(out,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n");
}

TEST(Writer, requests_that_would_mislead_a_receiver_are_refused) {
    const struct {
        Rule rule;
        RequestHead head;
    } rows[] = {
        {Rule::bad_method, request("G T", "/", {{"Host", "a"}})},
        {Rule::bad_method, request("GET\r\n", "/", {{"Host", "a"}})},
        {Rule::bad_method, request("", "/", {{"Host", "a"}})},
        {Rule::bad_target_form, request("GET", "", {{"Host", "a"}})},
        {Rule::bad_target_character, request("GET", "/ HTTP/1.1\r\nX: y", {{"Host", "a"}})},
        {Rule::bad_target_character, request("GET", "/a\nb", {{"Host", "a"}})},
        {Rule::fragment_in_target, request("GET", "/#f", {{"Host", "a"}})},
        {Rule::missing_host, request("GET", "/", {})},
        {Rule::repeated_host, request("GET", "/", {{"Host", "a"}, {"host", "a"}})},
        {Rule::content_length_and_transfer_encoding,
            request("POST", "/", {{"Host", "a"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}})},
        {Rule::repeated_content_length,
            request("POST", "/", {{"Host", "a"}, {"Content-Length", "1"}, {"Content-Length", "1"}})},
        {Rule::bad_content_length, request("POST", "/", {{"Host", "a"}, {"Content-Length", "+1"}})},
        {Rule::chunked_not_last, request("POST", "/", {{"Host", "a"}, {"Transfer-Encoding", "gzip"}})},
        {Rule::transfer_encoding_in_http10, request("POST", "/", {{"Transfer-Encoding", "chunked"}}, {1, 0})},
        {Rule::unsupported_version, request("GET", "/", {{"Host", "a"}}, {2, 0})},
    };
    for (const auto& row : rows) {
        expect_refused(row.rule, [&](std::string& out) { (void)write_head(row.head, out); });
    }
}

TEST(Writer, responses_that_would_mislead_a_receiver_are_refused) {
    const auto refused = [](Rule rule, const ResponseHead& head, std::string_view method = "GET", Version client = {}) {
        expect_refused(rule, [&](std::string& out) { (void)write_head(head, method, client, out); });
    };
    refused(Rule::body_not_allowed, response(204, {{"Content-Length", "0"}}));
    refused(Rule::body_not_allowed, response(100, {{"Transfer-Encoding", "chunked"}}));
    refused(Rule::body_not_allowed, response(200, {{"Content-Length", "1"}}), "CONNECT");
    refused(Rule::interim_to_http10, response(100, {}), "GET", {1, 0});
    refused(Rule::transfer_encoding_in_http10, response(200, {{"Transfer-Encoding", "chunked"}}), "GET", {1, 0});
    refused(Rule::content_length_and_transfer_encoding,
        response(200, {{"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}}));
    refused(Rule::bad_status_code, response(99, {}));
    refused(Rule::bad_status_code, response(1000, {}));
    refused(Rule::bad_reason, {200, "OK\r\nX: y", {}, {}});
}

TEST(Writer, body_where_none_is_allowed_is_an_error_not_corruption) {
    for (const auto& [status, method] :
        {std::pair{204, "GET"}, {304, "GET"}, {200, "HEAD"}, {100, "GET"}, {200, "CONNECT"}}) {
        std::string head;
        auto body = write_head(response(status, {}), method, {1, 1}, head);
        EXPECT_EQ(body.framing(), BodyFraming::none);
        expect_refused(Rule::body_not_allowed, [&](std::string& out) { body.write("x"sv, out); });
        body.finish(head);
        EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    }
}

TEST(Writer, head_may_announce_the_length_it_does_not_send) {
    std::string out;
    auto body = write_head(response(200, {{"Content-Length", "1000"}}), "HEAD", {1, 1}, out);
    body.finish(out);
    EXPECT_TRUE(body.is_finished());
}

TEST(Writer, body_must_be_as_long_as_announced) {
    std::string out;
    auto body = write_head(response(200, {{"Content-Length", "3"}}), "GET", {1, 1}, out);
    body.write("ab"sv, out);
    expect_refused(Rule::body_length_mismatch, [&](std::string& text) { body.write("cd"sv, text); });
    expect_refused(Rule::body_length_mismatch, [&](std::string& text) { body.finish(text); });
    body.write("c"sv, out);
    body.finish(out);
    expect_refused(Rule::body_length_mismatch, [&](std::string& text) { body.write("d"sv, text); });
}

TEST(Writer, trailers_are_checked) {
    std::string out;
    auto counted = write_head(response(200, {{"Content-Length", "0"}}), "GET", {1, 1}, out);
    expect_refused(Rule::trailers_need_chunked, [&](std::string& text) { counted.finish(text, {{"X", "y"}}); });
    auto chunked = write_head(response(200, {{"Transfer-Encoding", "chunked"}}), "GET", {1, 1}, out);
    expect_refused(Rule::forbidden_trailer, [&](std::string& text) { chunked.finish(text, {{"Content-Length", "1"}}); });
}

TEST(Writer, without_a_length_the_connection_must_close) {
    std::string out;
    EXPECT_EQ(write_head(response(200, {}), "GET", {1, 0}, out).framing(), BodyFraming::until_close);
}

TEST(Writer, versions_are_those_of_http_1) {
    for (const auto version : {Version{0, 9}, Version{1, 10}, Version{2, 0}, Version{2, 1}}) {
        expect_refused(Rule::unsupported_version,
            [&](std::string& out) { (void)write_head(request("GET", "/", {{"Host", "a"}}, version), out); });
    }
}

TEST(Writer, a_body_until_the_end_has_no_framing_and_pieces_may_be_empty) {
    std::string out;
    auto body = write_head(response(200, {}), "GET", {1, 0}, out);
    out.clear();
    body.write("ab"sv, out);
    body.begin_piece(0, out);
    body.begin_piece(1, out);
    out += "c";
    body.end_piece(out);
    body.finish(out);
    body.finish(out);  // once is enough
    EXPECT_EQ(out, "abc");
    expect_refused(Rule::body_length_mismatch, [&](std::string& late) { body.write("d"sv, late); });
}

TEST(Writer, what_a_server_adds_itself_decides_the_framing) {
    std::string out;
    const internal::OwnFields own{.date = "now", .is_chunked = true, .connection = "close"};
    auto body = internal::HeadWriter::response(response(200, {}), {}, own, "Fine", "GET", {}, out);
    body.write("ab"sv, out);
    body.finish(out);
    EXPECT_EQ(out,
        "HTTP/1.1 200 Fine\r\nDate: now\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "2\r\nab\r\n0\r\n\r\n");
}

TEST(HeadWriter, the_content_type_of_a_server_is_checked_as_a_field_is) {
    const auto head = response(200, {});
    internal::OwnFields own;
    const auto write = [&](std::string& out) {
        const auto facts = internal::facts_of(head.fields, true);
        static_cast<void>(internal::HeadWriter::response(head, facts, own, "OK", "GET", Version{}, out));
    };
    own.content_type = "text/plain\r\nX-Injected: yes";
    expect_refused(Rule::control_in_value, write);
    own.content_type = "text/plain";
    own.content_length = 3;
    std::string out;
    write(out);
    EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n");
}

}  // namespace
}  // namespace gyre::http
