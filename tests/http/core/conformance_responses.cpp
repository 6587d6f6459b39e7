// Responses as a client reads them.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

// Followed by CRLF, Content-Length: 2, and two bytes.
constexpr Case status_lines[] = {
    {"RFC 9112 4: version, status, reason", "HTTP/1.1 200 OK", "200 \"ok\""},
    {"RFC 9112 4: a reason of several words", "HTTP/1.1 404 Not Found", "404 \"ok\""},
    {"RFC 9112 4: an empty reason", "HTTP/1.1 200 ", "200 \"ok\""},
    {"RFC 9112 4: an empty reason without its space", "HTTP/1.1 200", "200 \"ok\""},
    {"RFC 9112 4: tabs and bytes above ASCII in the reason", "HTTP/1.1 200 \303\251\t!", "200 \"ok\""},
    {"RFC 9112 4: a reason that begins with a space", "HTTP/1.1 200  OK", "200 \"ok\""},
    {"RFC 9112 2.3: HTTP/1.0", "HTTP/1.0 200 OK", "200 1.0 \"ok\" close"},
    {"RFC 9110 2.5: HTTP/1.2 is read as 1.1", "HTTP/1.2 200 OK", "200 1.2 \"ok\""},
    {"RFC 9110 15: an unknown status", "HTTP/1.1 599 x", "599 \"ok\""},
    {"RFC 9110 15: the largest status", "HTTP/1.1 999 x", "999 \"ok\""},
    {"RFC 9112 4: two spaces before the status", "HTTP/1.1  200 OK", "extra_whitespace_in_start_line"},
    {"RFC 9112 4: a tab before the status", "HTTP/1.1\t200 OK", "bad_status_line"},
    {"RFC 9112 4: a tab after the status", "HTTP/1.1 200\tOK", "bad_status_line"},
    {"RFC 9112 4: a letter after the status", "HTTP/1.1 200OK", "bad_status_line"},
    {"RFC 9112 4: no status", "HTTP/1.1", "bad_status_line"},
    {"RFC 9112 4: no status after the space", "HTTP/1.1 ", "bad_status_code"},
    {"RFC 9110 15: two digits", "HTTP/1.1 20 OK", "bad_status_code"},
    {"RFC 9110 15: four digits", "HTTP/1.1 2000 OK", "bad_status_code"},
    {"RFC 9110 15: a leading zero", "HTTP/1.1 099 x", "bad_status_code"},
    {"RFC 9110 15: zero", "HTTP/1.1 000 x", "bad_status_code"},
    {"RFC 9110 15: a sign", "HTTP/1.1 +20 x", "bad_status_code"},
    {"RFC 9110 15: letters", "HTTP/1.1 abc x", "bad_status_code"},
    {"RFC 9110 15: a fraction", "HTTP/1.1 2.0 x", "bad_status_code"},
    {"RFC 9110 2.5: HTTP/2.0", "HTTP/2.0 200 OK", "unsupported_version"},
    {"RFC 9110 2.5: HTTP/2 without a minor version", "HTTP/2 200 OK", "unsupported_version"},
    {"RFC 9110 2.5: HTTP/0.9", "HTTP/0.9 200 OK", "unsupported_version"},
    {"RFC 9112 2.3: a letter for the dot", "HTTP/1x1 200 OK", "bad_version"},
    {"RFC 9112 2.3: two digits after the dot of a response", "HTTP/1.10 200 OK", "bad_status_line"},
    {"RFC 9112 2.3: lower case in a response", "http/1.1 200 OK", "bad_status_line"},
    {"RFC 9112 4: another protocol", "ICY 200 OK", "bad_status_line"},
    {"RFC 9112 4: a request line", "GET / HTTP/1.1", "bad_status_line"},
    {"RFC 9112 4: an empty line first", "\r\nHTTP/1.1 200 OK", "bad_status_line"},
    {"RFC 9112 4: a space first", " HTTP/1.1 200 OK", "bad_status_line"},
    {"RFC 9112 4: a NUL in the reason", "HTTP/1.1 200 O\000K"sv, "control_in_reason"},
    {"RFC 9112 4: an escape in the reason", "HTTP/1.1 200 \033[2J", "control_in_reason"},
    {"RFC 9112 4: DEL in the reason", "HTTP/1.1 200 O\177K", "control_in_reason"},
    {"RFC 9112 2.2: CR in the reason", "HTTP/1.1 200 O\rK", "bare_cr"},
    {"RFC 9112 2.2: LF for CRLF", "HTTP/1.1 200 OK\nX: y", "bare_lf"},
    {"RFC 9112 2.2: LF after the status", "HTTP/1.1 200\nX: y", "bare_lf"},
    {"RFC 9112 2.2: LF in the version", "HTTP/\n", "bare_lf"},
    {"RFC 1945 3.1: HTTP/0.9 answers with a page", "<html>", "bad_status_line"},
};

// The rest of HTTP/1.1 200 OK, from its fields on.
constexpr Case fields[] = {
    {"RFC 9112 5: a field of a response", "X: y\r\nContent-Length: 0\r\n\r\n", "200 X=[y] \"\""},
    {"RFC 9112 5.1: a space before the colon in a response", "X : y\r\n\r\n", "whitespace_before_colon"},
    {"RFC 9112 5.2: a fold in a response", "X: y\r\n z\r\n\r\n", "obs_fold"},
    {"RFC 9112 2.2: a space before the first field of a response", " X: y\r\n\r\n", "whitespace_before_first_field"},
    {"RFC 9112 5: an empty name in a response", ": y\r\n\r\n", "empty_field_name"},
    {"RFC 9112 5: no colon in a response", "X\r\n\r\n", "missing_colon"},
    {"RFC 9110 5.1: a name that is no token in a response", "X[]: y\r\n\r\n", "bad_field_name"},
    {"RFC 9110 5.5: a NUL in a value of a response", "X: \000\r\n\r\n"sv, "control_in_value"},
    {"RFC 9112 2.2: LF after a field of a response", "X: y\n\r\n", "bare_lf"},
    {"RFC 9112 2.2: CR in a value of a response", "X: y\rz\r\n\r\n", "bare_cr"},
    {"RFC 9110 7.2: Host means nothing in a response", "Host: a b\r\nHost: c\r\nContent-Length: 0\r\n\r\n", "200 \"\""},
    {"RFC 9110 10.1.1: Expect means nothing in a response", "Expect: x\r\nContent-Length: 0\r\n\r\n", "200 \"\""},
    {"RFC 6265bis 5.6: Set-Cookie twice stays twice", "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
        "200 \"\""},
};

constexpr Case framing[] = {
    {"RFC 9112 6.3: a length in a response", "Content-Length: 2\r\n\r\nok", "200 \"ok\""},
    {"RFC 9112 6.3: chunks in a response", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nS: t\r\n\r\n",
        "200 \"ok\" trailer S=[t]"},
    {"RFC 9112 6.3: until close", "\r\nto the end", "200 \"to the end\" until close close"},
    {"RFC 9112 6.3: until close, and nothing comes", "\r\n", "200 \"\" until close close"},
    {"RFC 9112 6.3: a body that looks like a response", "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "200 \"HTTP/1.1 200 OK\r\n\r\n\" until close close"},
    {"RFC 9112 9.3: a response that closes", "Connection: close\r\nContent-Length: 0\r\n\r\n", "200 \"\" close"},
    {"RFC 9112 6.1: both lengths in a response", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "content_length_and_transfer_encoding"},
    {"RFC 9112 6.3: the last coding of a response is not chunked", "Transfer-Encoding: gzip\r\n\r\nx",
        "chunked_not_last"},
    {"RFC 9112 7: identity in a response", "Transfer-Encoding: identity\r\n\r\nx", "chunked_not_last"},
    {"RFC 9112 6.1: a coding nobody asked for", "Transfer-Encoding: gzip, chunked\r\n\r\n", "unknown_transfer_coding"},
    {"RFC 9112 6.1: chunked twice in a response", "Transfer-Encoding: chunked, chunked\r\n\r\n", "repeated_chunked"},
    {"RFC 9112 6.1: an empty coding in a response", "Transfer-Encoding: ,chunked\r\n\r\n", "empty_transfer_coding"},
    {"RFC 9112 7.1: chunked with a parameter in a response", "Transfer-Encoding: chunked;a\r\n\r\n",
        "chunked_with_parameters"},
    {"RFC 9112 6.3: two lengths that agree in a response", "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "repeated_content_length"},
    {"RFC 9112 6.3: two lengths that differ in a response", "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "repeated_content_length"},
    {"RFC 9110 8.6: a signed length in a response", "Content-Length: +2\r\n\r\nok", "bad_content_length"},
    {"RFC 9110 8.6: an empty length in a response", "Content-Length:\r\n\r\n", "bad_content_length"},
    {"RFC 9110 8.6: 2^63 in a response", "Content-Length: 9223372036854775808\r\n\r\n", "content_length_overflow"},
    {"RFC 9112 8: a body that is cut", "Content-Length: 5\r\n\r\nok", "premature_eof"},
    {"RFC 9112 8: chunks that are cut", "Transfer-Encoding: chunked\r\n\r\n5\r\nok", "premature_eof"},
    {"RFC 9112 8: no last chunk", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "premature_eof"},
    {"RFC 9112 8: no end of the trailers", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", "premature_eof"},
    {"RFC 9112 8: a head that is cut", "X: y", "premature_eof"},
    {"RFC 9112 7.1: a chunk size with a space in a response", "Transfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
        "bad_chunk_size"},
    {"RFC 9112 7.1: LF after a chunk size in a response", "Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n",
        "bare_lf"},
    {"RFC 9112 7.1: no CRLF after the data in a response", "Transfer-Encoding: chunked\r\n\r\n2\r\nok0\r\n\r\n",
        "missing_crlf_after_chunk"},
};

constexpr Case whole[] = {
    {"RFC 9110 15.2: an interim response comes before the final one",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "100 interim | 200 \"ok\""},
    {"RFC 8297 2: early hints", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "103 interim X=[y] | 204"},
    {"RFC 9110 15.2: an unknown interim status", "HTTP/1.1 199 x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "199 interim | 204"},
    {"RFC 9110 15.2: a length in an interim response means nothing",
        "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "100 interim | 204"},
    {"RFC 9110 15.2: an interim response alone", "HTTP/1.1 100 Continue\r\n\r\n", "100 interim"},
    {"RFC 9110 15.2.2: 101 that nobody asked for", "HTTP/1.1 101 x\r\n\r\n", "unexpected_switching_protocols"},
    {"RFC 9110 15.3.5: 204 has no body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "204 | 204"},
    {"RFC 9112 6.3: 204 has no chunks", "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "204 | 204"},
    {"RFC 9110 15.4.5: 304 has no body", "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "304 | 204"},
    {"RFC 9112 6.3: 304 has no chunks", "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "304 | 204"},
    {"RFC 9110 15.3.6: 205 is framed as any other", "HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n", "205 \"\""},
    {"RFC 9112 6.1: chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding_in_http10"},
    {"RFC 9112 9.3: HTTP/1.0 is not used again",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", "200 1.0 \"\" close"},
    {"RFC 9112 8: nothing comes", "", ""},
    {"RFC 9112 8: an end in the status line", "HTTP/1.1 2", "premature_eof"},
    {"RFC 9112 2.2: line ends between two responses", "HTTP/1.1 204 x\r\n\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
        "204 | bad_status_line"},
};

constexpr Case to_head[] = {
    {"RFC 9112 6.3: HEAD has no body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "200 | 200"},
    {"RFC 9112 6.3: HEAD has no chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 404 x\r\n\r\n",
        "200 | 404"},
    {"RFC 9112 6.3: HEAD with a bad length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "bad_content_length"},
    {"RFC 9112 6.3: HEAD with both lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "content_length_and_transfer_encoding"},
};

constexpr Case to_connect[] = {
    {"RFC 9110 9.3.6: a tunnel has no length", "HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n", "200 close"},
    {"RFC 9110 9.3.6: a tunnel has no chunks", "HTTP/1.1 299 x\r\nTransfer-Encoding: ,\r\n\r\n", "299 close"},
    {"RFC 9110 9.3.6: a refused tunnel has a body", "HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\nno", "407 \"no\""},
    {"RFC 9110 9.3.6: a refused tunnel has chunks", "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "502 \"\""},
};

constexpr Case to_upgrade[] = {
    {"RFC 9110 15.2.2: 101 that was asked for", "HTTP/1.1 101 x\r\nContent-Length: 5\r\n\r\n", "101 close"},
    {"RFC 9110 7.8: an upgrade that is refused", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "200 \"no\""},
    {"RFC 9110 15.2: an interim response before 101", "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\n\r\n",
        "103 interim | 101 close"},
};

}  // namespace

void add_response_tables(std::vector<Table>& tables) {
    constexpr auto ok = "HTTP/1.1 200 OK\r\n"sv;
    const auto add = [&](Table table) {
        table.side = Side::response;
        tables.push_back(table);
    };
    add({.title = "status_lines", .cases = status_lines, .after = "\r\nContent-Length: 2\r\n\r\nok"});
    add({.title = "response_fields", .cases = fields, .before = ok});
    add({.title = "response_framing", .cases = framing, .before = ok});
    add({.title = "whole_responses", .cases = whole});
    add({.title = "responses_to_head", .cases = to_head, .method = "HEAD"});
    add({.title = "responses_to_connect", .cases = to_connect, .method = "CONNECT"});
    add({.title = "responses_to_upgrade", .cases = to_upgrade, .method = "UPGRADE"});
}

}  // namespace gyre::http::testing
