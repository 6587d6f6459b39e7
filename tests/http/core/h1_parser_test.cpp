// The rules of HTTP/1, one row each: bytes and what becomes of them. Each row is fed whole, cut once at every place,
// and byte by byte; the outcome must be the same to the letter.

#include "h1_transcript.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

struct Row {
    std::string_view stream;
    std::optional<Rule> refused;  // empty: accepted, up to and including the last byte
};

template<typename Run>
void expect_same_however_cut(std::string_view stream, Run run) {
    const auto whole = run(Cuts{});
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        ASSERT_EQ(run(Cuts{cut, stream.size()}), whole) << "cut at " << cut << " of\n" << stream;
    }
    ASSERT_EQ(run(Cuts{1}), whole) << "byte by byte:\n" << stream;
}

void expect_verdict(const Row& row, const std::string& said) {
    const auto refused = said.find("\nrefused ");
    if (row.refused) {
        const auto wanted = "\nrefused " + std::string(rule_name(*row.refused)) + " at";
        EXPECT_NE(said.find(wanted), std::string::npos) << row.stream << "\nwanted " << wanted << "\nsaid\n" << said;
    } else {
        EXPECT_EQ(refused, std::string::npos) << row.stream << "\nsaid\n" << said;
    }
}

constexpr Row requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {}},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", {}},
    {"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:\tChunked \r\n\r\n5;a;b=c;d=\"e\\\"f;\"\r\nhello\r\n0\r\nX: "
     "y\r\n\r\n",
        {}},
    // 1: both lengths, either order
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        Rule::content_length_and_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        Rule::content_length_and_transfer_encoding},
    // 2: transfer codings
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", Rule::chunked_not_last},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", Rule::chunked_not_last},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Rule::chunked_not_last},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", Rule::chunked_not_last},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Rule::unknown_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        Rule::unknown_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", Rule::repeated_chunked},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        Rule::repeated_chunked},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", Rule::chunked_with_parameters},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n", Rule::empty_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n", Rule::empty_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", Rule::empty_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", Rule::bad_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chun ked\r\n\r\n", Rule::bad_transfer_coding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x85"
     "chunked\r\n\r\n",
        Rule::bad_transfer_coding},
    // 3
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Rule::transfer_encoding_in_http10},
    // 4: Content-Length
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\nhello", {}},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", Rule::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", Rule::repeated_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n", Rule::repeated_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", Rule::content_length_overflow},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", Rule::content_length_overflow},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n0123456789", {}},  // decimal, never octal
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", Rule::premature_eof},
    // 5: chunk sizes and line ends
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;a\r\nhello\r\n0\r\n\r\n", Rule::bad_chunk_size},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", Rule::bare_lf},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n", Rule::bare_cr},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000005\r\nhello\r\n0\r\n\r\n", {}},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n",
        Rule::chunk_size_too_long},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", Rule::chunk_size_overflow},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n7fffffffffffffff\r\n",
        Rule::chunk_size_overflow},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        Rule::missing_crlf_after_chunk},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
        Rule::missing_crlf_after_chunk},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\rX0\r\n\r\n",
        Rule::missing_crlf_after_chunk},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nXX", Rule::premature_eof},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rX", Rule::bare_cr},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", Rule::bare_lf},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", Rule::premature_eof},
    // 6: extensions
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n", Rule::bare_lf},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n", Rule::bare_cr},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5; a\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"\1\"\r\nhello\r\n0\r\n\r\n",
        Rule::bad_chunk_extension},
    // 8: line ends
    {"GET / HTTP/1.1\nHost: a\r\n\r\n", Rule::bare_lf},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", Rule::bare_lf},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", Rule::bare_lf},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", Rule::bare_cr},
    {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", Rule::bare_cr},
    {"GET / HTTP/1.1\r\nHost: a\r\n\rX", Rule::bare_cr},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", Rule::bare_cr},
    {"GET /\nHTTP/1.1\r\n\r\n", Rule::bare_lf},
    // 9: whitespace around names, folds
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", Rule::whitespace_before_colon},
    {"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", Rule::whitespace_before_colon},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Rule::whitespace_before_first_field},
    {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", Rule::obs_fold},
    {"GET / HTTP/1.1\r\nHost: a\r\n\tb: c\r\n\r\n", Rule::obs_fold},
    // 10
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::empty_lines_before_request},
    {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bare_lf},
    // 11: controls in values
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv, Rule::control_in_value},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01"
     "b\r\n\r\n",
        Rule::control_in_value},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x0b"
     "b\r\n\r\n",
        Rule::control_in_value},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f"
     "b\r\n\r\n",
        Rule::control_in_value},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\tb \x80\x85\xa0\xff\r\n\r\n", {}},
    // 12: names
    {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", Rule::empty_field_name},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", Rule::missing_colon},
    {"GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n", Rule::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\x80: b\r\n\r\n", Rule::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv, Rule::bad_field_name},
    // 13: request line
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::extra_whitespace_in_start_line},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", Rule::extra_whitespace_in_start_line},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Rule::extra_whitespace_in_start_line},
    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::extra_whitespace_in_start_line},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_method},
    {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / HTTP/1,1\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / HTTP/01.1\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / ICE/1.0\r\nHost: a\r\n\r\n", Rule::bad_version},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", {}},
    {"GET / HTTP/1.9\r\n\r\n", Rule::missing_host},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", Rule::unsupported_version},
    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", Rule::unsupported_version},
    {"GET /\r\n", Rule::missing_version},
    {"GET / \r\n", Rule::missing_version},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Rule::unsupported_version},
    // 14: methods
    {"BREW-it!2 / HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_method},
    {"\x16\x03\x01\x02", Rule::bad_method},  // TLS to a plain port
    // 15: Host
    {"GET / HTTP/1.1\r\n\r\n", Rule::missing_host},
    {"GET / HTTP/1.0\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Rule::repeated_host},
    {"GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Rule::repeated_host},
    {"GET http://b/ HTTP/1.1\r\n\r\n", Rule::missing_host},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", Rule::bad_host},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", {}},
    // 16: targets
    {"GET http://a:80/x?y HTTP/1.1\r\nHost: b\r\n\r\n", {}},
    {"GET http://u@a/ HTTP/1.1\r\nHost: b\r\n\r\n", Rule::bad_host},
    {"GET http:/// HTTP/1.1\r\nHost: b\r\n\r\n", Rule::bad_host},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_form},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    {"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_form},
    {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_form},
    {"GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_form},
    {"GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_form},
    {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Rule::fragment_in_target},
    {"GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a<b HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a{b HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a\x80 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n", Rule::bad_target_character},
    {"GET /a%20b?c[]={d}|100% HTTP/1.1\r\nHost: a\r\n\r\n", {}},
    // 23, 25: what may follow, what is expected
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\nG", Rule::request_after_close},
    {"GET / HTTP/1.0\r\n\r\nG", Rule::request_after_close},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", Rule::unknown_expectation},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", {}},
    {"GET / HTTP/1.1\r\nHost: a\r\n", Rule::premature_eof},
    {"\r\n", Rule::premature_eof},
    {"", {}},
};

TEST(RequestParser, each_rule_refuses_what_it_names_and_nothing_else) {
    for (const auto& row : requests) expect_verdict(row, request_transcript(row.stream));
}

TEST(RequestParser, cuts_change_nothing) {
    for (const auto& row : requests) {
        expect_same_however_cut(row.stream, [&](const Cuts& cuts) { return request_transcript(row.stream, cuts); });
    }
}

constexpr Row responses[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", {}},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", {}},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", {}},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", {}},
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", {}},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", {}},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", {}},
    {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", {}},
    {"HTTP/1.1 200 \xc3\xa9\t!\r\nContent-Length: 0\r\n\r\n", {}},
    {"HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", {}},
    {"HTTP/1.1  200 OK\r\n\r\n", Rule::extra_whitespace_in_start_line},
    {"HTTP/1.1 20 OK\r\n\r\n", Rule::bad_status_code},
    {"HTTP/1.1 2000 OK\r\n\r\n", Rule::bad_status_code},
    {"HTTP/1.1 099 OK\r\n\r\n", Rule::bad_status_code},
    {"HTTP/1.1 +20 OK\r\n\r\n", Rule::bad_status_code},
    {"HTTP/1.1\r\n\r\n", Rule::bad_status_line},
    {"HTTP/1.1\t200 OK\r\n\r\n", Rule::bad_status_line},
    {"HTTP/2.0 200 OK\r\n\r\n", Rule::unsupported_version},
    {"HTTP/1x1 200 OK\r\n\r\n", Rule::bad_version},
    {"ICY 200 OK\r\n\r\n", Rule::bad_status_line},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", Rule::bad_status_line},
    {"HTTP/1.1 200 O\0K\r\n\r\n"sv, Rule::control_in_reason},
    {"HTTP/1.1 200 OK\n\r\n", Rule::bare_lf},
    {"HTTP/1.1 200 O\rK\r\n\r\n", Rule::bare_cr},
    {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", Rule::obs_fold},
    {"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", Rule::whitespace_before_colon},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        Rule::content_length_and_transfer_encoding},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", Rule::repeated_content_length},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Rule::transfer_encoding_in_http10},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Rule::chunked_not_last},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Rule::unknown_transfer_coding},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", Rule::premature_eof},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Rule::premature_eof},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", Rule::premature_eof},
    {"HTTP/1.1 200 OK\r\nX: y", Rule::premature_eof},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", Rule::unexpected_switching_protocols},
};

TEST(ResponseParser, each_rule_refuses_what_it_names_and_nothing_else) {
    for (const auto& row : responses) expect_verdict(row, response_transcript(row.stream));
}

TEST(ResponseParser, cuts_change_nothing) {
    for (const auto& row : responses) {
        expect_same_however_cut(
            row.stream, [&](const Cuts& cuts) { return response_transcript(row.stream, "GET", cuts); });
    }
}

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

}  // namespace
}  // namespace gyre::http::testing
