// How a request begins: line ends, the request line, versions and methods.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

// Followed by CRLF, a Host field and the end of the head.
constexpr Case lines[] = {
    {"RFC 9112 3: one space between the parts", "GET / HTTP/1.1", "GET /"},
    {"RFC 9112 3: two spaces before the target", "GET  / HTTP/1.1", "400 extra_whitespace_in_start_line"},
    {"RFC 9112 3: two spaces before the version", "GET /  HTTP/1.1", "400 extra_whitespace_in_start_line"},
    {"RFC 9112 3: a space after the version", "GET / HTTP/1.1 ", "400 extra_whitespace_in_start_line"},
    {"RFC 9112 3: a space before the method", " GET / HTTP/1.1", "400 extra_whitespace_in_start_line"},
    {"RFC 9112 3: a tab before the method", "\tGET / HTTP/1.1", "400 bad_method"},
    {"RFC 9112 3: a tab for the first space", "GET\t/ HTTP/1.1", "400 bad_method"},
    {"RFC 9112 3: a tab for the second space", "GET /\tHTTP/1.1", "400 bad_target_character"},
    {"RFC 9112 3: a vertical tab for the first space", "GET\013/ HTTP/1.1", "400 bad_method"},
    {"RFC 9112 3: a form feed for the second space", "GET /\014HTTP/1.1", "400 bad_target_character"},
    {"RFC 9112 3: a NUL for the first space", "GET\000/ HTTP/1.1"sv, "400 bad_method"},
    {"RFC 9112 3: NBSP for the first space", "GET\240/ HTTP/1.1", "400 bad_method"},
    {"RFC 9112 3: a tab after the version", "GET / HTTP/1.1\t", "400 bad_version"},
    {"RFC 9112 3: a space in the target", "GET /a b HTTP/1.1", "400 bad_version"},
    {"RFC 9112 3: no version and no space", "GET /", "400 missing_version"},
    {"RFC 9112 3: no version after the space", "GET / ", "400 missing_version"},
    {"RFC 9112 3: no target", "GET HTTP/1.1", "400 missing_version"},
    {"RFC 9112 3: an empty target", "GET  HTTP/1.1", "400 extra_whitespace_in_start_line"},
    {"RFC 9112 3: a method alone", "GET", "400 bad_method"},
    {"RFC 9112 3: a field where the request line should be", "Host: a", "400 bad_method"},
    {"RFC 9112 3: a status line", "HTTP/1.1 200 OK", "400 bad_method"},

    {"RFC 9112 2.3: version 1.0", "GET / HTTP/1.0", "GET / 1.0 close"},
    {"RFC 9110 2.5: version 1.2 is read as 1.1", "GET / HTTP/1.2", "GET / 1.2"},
    {"RFC 9110 2.5: version 1.9 is read as 1.1", "GET / HTTP/1.9", "GET / 1.9"},
    {"RFC 9112 2.3: two digits after the dot", "GET / HTTP/1.10", "400 bad_version"},
    {"RFC 9112 2.3: two digits before the dot", "GET / HTTP/11.1", "400 bad_version"},
    {"RFC 9112 2.3: a leading zero", "GET / HTTP/01.1", "400 bad_version"},
    {"RFC 9112 2.3: lower case", "GET / http/1.1", "400 bad_version"},
    {"RFC 9112 2.3: mixed case", "GET / Http/1.1", "400 bad_version"},
    {"RFC 9112 2.3: a comma for the dot", "GET / HTTP/1,1", "400 bad_version"},
    {"RFC 9112 2.3: no dot", "GET / HTTP/11", "400 bad_version"},
    {"RFC 9112 2.3: no minor version", "GET / HTTP/1.", "400 bad_version"},
    {"RFC 9112 2.3: no major version", "GET / HTTP/.1", "400 bad_version"},
    {"RFC 9112 2.3: no slash", "GET / HTTP 1.1", "400 bad_version"},
    {"RFC 9112 2.3: two slashes", "GET / HTTP//1.1", "400 bad_version"},
    {"RFC 9112 2.3: a sign", "GET / HTTP/+1.1", "400 bad_version"},
    {"RFC 9112 2.3: a letter for a digit", "GET / HTTP/1.x", "400 bad_version"},
    {"RFC 9112 2.3: a letter after the version", "GET / HTTP/1.1x", "400 bad_version"},
    {"RFC 9112 2.3: another protocol of as many letters", "GET / HTPT/1.1", "400 bad_version"},
    {"RFC 9112 2.3: a longer protocol", "GET / HTTPS/1.1", "400 bad_version"},
    {"RFC 9112 2.3: RTSP", "GET / RTSP/1.0", "400 bad_version"},
    {"RFC 9112 2.3: ICE", "GET / ICE/1.0", "400 bad_version"},
    {"RFC 9110 15.6.6: version 2.0", "GET / HTTP/2.0", "505 unsupported_version"},
    {"RFC 9110 15.6.6: version 3.0", "GET / HTTP/3.0", "505 unsupported_version"},
    {"RFC 9110 15.6.6: version 0.9 in words", "GET / HTTP/0.9", "505 unsupported_version"},
    {"RFC 9110 15.6.6: version 9.9", "GET / HTTP/9.9", "505 unsupported_version"},

    {"RFC 9110 9.1: any token is a method", "BREW-it!2 / HTTP/1.1", "BREW-it!2 /"},
    {"RFC 9110 9.1: every mark of a token", "!#$%&'*+-.^_`|~ / HTTP/1.1", "!#$%&'*+-.^_`|~ /"},
    {"RFC 9110 9.1: methods keep their case", "get / HTTP/1.1", "get /"},
    {"RFC 9110 9.1: a method of one letter", "G / HTTP/1.1", "G /"},
    {"RFC 9110 9.1: a known method is not a prefix", "GETX / HTTP/1.1", "GETX /"},
    {"RFC 9110 9.1: a parenthesis in the method", "G(T / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.1: a slash in the method", "GET/x / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.1: a colon in the method", "GET: / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.1: quotes around the method", "\"GET\" / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.1: a NUL in the method", "G\000T / HTTP/1.1"sv, "400 bad_method"},
    {"RFC 9110 9.1: DEL in the method", "G\177T / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.1: a byte above ASCII in the method", "G\311T / HTTP/1.1", "400 bad_method"},
    {"RFC 9110 9.3.8: TRACE is a method as any other", "TRACE / HTTP/1.1", "TRACE /"},
};

constexpr Case line_ends[] = {
    {"RFC 9112 2.2: LF alone after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 2.2: LF alone everywhere", "GET / HTTP/1.1\nHost: a\n\n", "400 bare_lf"},
    {"RFC 9112 2.2: LF alone after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400 bare_lf"},
    {"RFC 9112 2.2: LF alone ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 bare_lf"},
    {"RFC 9112 2.2: LF alone for a space", "GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 2.2: LF alone in the target", "GET /\nX HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 2.2: CR alone after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: CR alone between fields", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: CR alone in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: CR CR LF after a field", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: CR CR LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: CR and a letter end the head", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "400 bare_cr"},
    {"RFC 9112 2.2: CR in the target", "GET /\rX HTTP/1.1\r\nHost: a\r\n\r\n", "400 missing_version"},
    {"RFC 9112 2.2: LF CR for CRLF", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", "400 bare_lf"},
    {"RFC 9112 2.2: NEL for CRLF", "GET / HTTP/1.1\205Host: a\205\205", "400 bad_version"},
    {"RFC 9112 2.2: one empty line before the request line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"},
    {"RFC 9112 2.2: two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 empty_lines_before_request"},
    {"RFC 9112 2.2: an LF before it", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 2.2: a CR before it", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 2.2: an empty line between two requests",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / | GET /2"},
    {"RFC 9112 2.2: a space between request line and fields", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "400 whitespace_before_first_field"},
    {"RFC 9112 2.2: a tab between request line and fields", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n",
        "400 whitespace_before_first_field"},
    {"RFC 9112 2.2: a line of a space alone", "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
        "400 whitespace_before_first_field"},
    {"RFC 9112 2.2: UTF-8's byte order mark", "\357\273\277GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bad_method"},
    {"RFC 9112 3: HTTP/0.9", "GET /\r\n", "400 missing_version"},
    {"RFC 9113 3.4: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 unsupported_version"},
    {"RFC 8446 4.1.2: a TLS hello on a plain port", "\026\003\001\002\000\001\000\001\374\003\003"sv, "400 bad_method"},
    {"RFC 1928 3: a SOCKS greeting", "\005\001\000"sv, "400 bad_method"},
    {"RFC 9112 8: an end in the method", "GE", "400 premature_eof"},
    {"RFC 9112 8: an end in the version", "GET / HTTP/1", "400 premature_eof"},
    {"RFC 9112 8: an end after the request line", "GET / HTTP/1.1\r\n", "400 premature_eof"},
    {"RFC 9112 8: an end in the fields", "GET / HTTP/1.1\r\nHost: a", "400 premature_eof"},
    {"RFC 9112 8: an end before the empty line", "GET / HTTP/1.1\r\nHost: a\r\n", "400 premature_eof"},
    {"RFC 9112 8: an end after the empty line before a request", "\r\n", "400 premature_eof"},
    {"RFC 9112 8: nothing at all", "", ""},
};

}  // namespace

void add_request_line_tables(std::vector<Table>& tables) {
    tables.push_back({.title = "request_lines", .cases = lines, .after = "\r\nHost: a\r\n\r\n"});
    tables.push_back({.title = "line_ends", .cases = line_ends});
}

}  // namespace gyre::http::testing
