// Where the body of a request ends: Content-Length, Transfer-Encoding, both, neither.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

// The rest of a request, after Host.
constexpr Case lengths[] = {
    {"RFC 9112 6.3: no length, no body", "\r\n", "POST /"},
    {"RFC 9112 6.3: a length", "Content-Length: 5\r\n\r\nhello", "POST / \"hello\""},
    {"RFC 9110 8.6: zero", "Content-Length: 0\r\n\r\n", "POST / \"\""},
    {"RFC 9110 8.6: leading zeros are decimal", "Content-Length: 010\r\n\r\n0123456789", "POST / \"0123456789\""},
    {"RFC 9112 5: spaces around the number", "Content-Length: \t 2 \t\r\n\r\nok", "POST / \"ok\""},
    {"RFC 9112 6.3: what follows is the next request", "Content-Length: 2\r\n\r\nokGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / \"ok\" | GET /2"},
    {"RFC 9112 6.3: a body that looks like a request", "Content-Length: 27\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / \"GET / HTTP/1.1\r\nHost: a\r\n\r\n\""},
    {"RFC 9112 6.3: without a length what follows is a request", "\r\nhello", "POST / | 400 premature_eof"},
    {"RFC 9112 6.3: an end in the body", "Content-Length: 5\r\n\r\nhel", "400 premature_eof"},
    {"RFC 9112 6.3: an end before the body", "Content-Length: 5\r\n\r\n", "400 premature_eof"},
    {"RFC 9112 6.3: an empty value", "Content-Length:\r\n\r\n", "400 bad_content_length"},
    {"RFC 9110 8.6: a plus", "Content-Length: +5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: a minus", "Content-Length: -5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: minus zero", "Content-Length: -0\r\n\r\n", "400 bad_content_length"},
    {"RFC 9110 8.6: hexadecimal", "Content-Length: 0x5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: hexadecimal without a mark", "Content-Length: a\r\n\r\n0123456789", "400 bad_content_length"},
    {"RFC 9110 8.6: octal", "Content-Length: 0o5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: an underscore", "Content-Length: 1_0\r\n\r\n0123456789", "400 bad_content_length"},
    {"RFC 9110 8.6: a thousands mark", "Content-Length: 1'0\r\n\r\n0123456789", "400 bad_content_length"},
    {"RFC 9110 8.6: a fraction", "Content-Length: 5.0\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: an exponent", "Content-Length: 1e1\r\n\r\n0123456789", "400 bad_content_length"},
    {"RFC 9110 8.6: a letter after the number", "Content-Length: 5x\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: two numbers", "Content-Length: 5 5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: quotes", "Content-Length: \"5\"\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: a semicolon", "Content-Length: 5;x\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: a superscript", "Content-Length: 5\302\262\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: NBSP before the number", "Content-Length: \2405\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: NEL after the number", "Content-Length: 5\205\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9110 8.6: a vertical tab before the number", "Content-Length: \0135\r\n\r\nhello", "400 control_in_value"},
    {"RFC 9110 8.6: a NUL after the number", "Content-Length: 5\000\r\n\r\nhello"sv, "400 control_in_value"},
    {"RFC 9112 6.3: a list that agrees", "Content-Length: 5, 5\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9112 6.3: a list that differs", "Content-Length: 5, 6\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9112 6.3: a list with an empty member", "Content-Length: 5,\r\n\r\nhello", "400 bad_content_length"},
    {"RFC 9112 6.3: two fields that agree", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "400 repeated_content_length"},
    {"RFC 9112 6.3: two fields that differ", "Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n\r\nhello",
        "400 repeated_content_length"},
    {"RFC 9110 8.6: 2^63 - 1", "Content-Length: 9223372036854775807\r\n\r\n", "400 premature_eof"},
    {"RFC 9110 8.6: 2^63", "Content-Length: 9223372036854775808\r\n\r\n", "400 content_length_overflow"},
    {"RFC 9110 8.6: 2^64", "Content-Length: 18446744073709551616\r\n\r\n", "400 content_length_overflow"},
    {"RFC 9110 8.6: 2^64 + 5", "Content-Length: 18446744073709551621\r\n\r\nhello", "400 content_length_overflow"},
    {"RFC 9110 8.6: 2^32 + 5 is not 5", "Content-Length: 4294967301\r\n\r\nhello", "400 premature_eof"},
    {"RFC 9112 6.3: a name that only begins alike", "Content-Lengthy: 5\r\n\r\n", "POST /"},
    {"RFC 9112 6.3: a name with an underscore", "Content_Length: 5\r\n\r\n", "POST /"},
};

constexpr Case codings[] = {
    {"RFC 9112 7.1: chunked", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "POST / \"ok\""},
    {"RFC 9112 7: codings have no case", "transfer-ENCODING: \tChUnKeD \t\r\n\r\n0\r\n\r\n", "POST / \"\""},
    {"RFC 9112 6.1: both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400 content_length_and_transfer_encoding"},
    {"RFC 9112 6.1: both lengths in the other order",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400 content_length_and_transfer_encoding"},
    {"RFC 9112 6.1: both lengths with another between",
        "Content-Length: 0\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n", "400 content_length_and_transfer_encoding"},
    {"RFC 9112 6.1: a length and an unknown coding", "Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\nhello",
        "400 content_length_and_transfer_encoding"},
    {"RFC 9112 6.1: a length and an empty coding", "Content-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello",
        "400 empty_transfer_coding"},
    {"RFC 9112 6.3: the last is not chunked", "Transfer-Encoding: gzip\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 6.3: chunked, then another", "Transfer-Encoding: chunked, gzip\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: identity is no coding any more", "Transfer-Encoding: identity\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: chunked, then identity", "Transfer-Encoding: chunked, identity\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: identity, then chunked", "Transfer-Encoding: identity, chunked\r\n\r\n",
        "501 unknown_transfer_coding"},
    {"RFC 9112 6.1: gzip, then chunked", "Transfer-Encoding: gzip, chunked\r\n\r\n", "501 unknown_transfer_coding"},
    {"RFC 9112 6.1: gzip, then chunked, in two fields", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        "501 unknown_transfer_coding"},
    {"RFC 9112 6.1: chunked, then gzip, in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
        "400 chunked_not_last"},
    {"RFC 9112 6.1: chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n", "400 repeated_chunked"},
    {"RFC 9112 6.1: chunked twice in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n\r\n",
        "400 repeated_chunked"},
    {"RFC 9112 7.1: chunked with a parameter", "Transfer-Encoding: chunked;q=1\r\n\r\n", "400 chunked_with_parameters"},
    {"RFC 9112 7.1: chunked with a semicolon", "Transfer-Encoding: chunked;\r\n\r\n", "400 chunked_with_parameters"},
    {"RFC 9112 6.1: an empty member first", "Transfer-Encoding: ,chunked\r\n\r\n", "400 empty_transfer_coding"},
    {"RFC 9112 6.1: an empty member last", "Transfer-Encoding: chunked,\r\n\r\n", "400 empty_transfer_coding"},
    {"RFC 9112 6.1: an empty member between", "Transfer-Encoding: gzip,,chunked\r\n\r\n", "400 empty_transfer_coding"},
    {"RFC 9112 6.1: an empty value", "Transfer-Encoding:\r\n\r\n", "400 empty_transfer_coding"},
    {"RFC 9112 6.1: an empty field beside chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n",
        "400 empty_transfer_coding"},
    {"RFC 9112 7: a name that ends alike", "Transfer-Encoding: xchunked\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: a name that begins alike", "Transfer-Encoding: chunkedx\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: half of the name", "Transfer-Encoding: chunk\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: single quotes are part of a token", "Transfer-Encoding: 'chunked'\r\n\r\n", "400 chunked_not_last"},
    {"RFC 9112 7: double quotes", "Transfer-Encoding: \"chunked\"\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: a space inside", "Transfer-Encoding: chun ked\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: a tab for the comma", "Transfer-Encoding: gzip\tchunked\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: a colon before it", "Transfer-Encoding: :chunked\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: brackets", "Transfer-Encoding: [chunked]\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: NEL before it", "Transfer-Encoding: \205chunked\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: NBSP after it", "Transfer-Encoding: chunked\240\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 7: a vertical tab before it", "Transfer-Encoding: \013chunked\r\n\r\n", "400 control_in_value"},
    {"RFC 9112 7: a form feed after it", "Transfer-Encoding: chunked\014\r\n\r\n", "400 control_in_value"},
    {"RFC 9112 7: a NUL after it", "Transfer-Encoding: chunked\000\r\n\r\n"sv, "400 control_in_value"},
    {"RFC 9112 7: the Kelvin sign for a k", "Transfer-Encoding: chun\342\204\252ed\r\n\r\n", "400 bad_transfer_coding"},
    {"RFC 9112 6.1: a name with an underscore", "Transfer_Encoding: chunked\r\n\r\n", "POST /"},
    {"RFC 9112 6.1: Content-Encoding frames nothing", "Content-Encoding: chunked\r\n\r\n", "POST /"},
};

// Old clients: the same after a request line of 1.0.
constexpr Case old[] = {
    {"RFC 9112 6.1: HTTP/1.0 and chunked", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400 transfer_encoding_in_http10"},
    {"RFC 9112 6.1: HTTP/1.0 and gzip", "Transfer-Encoding: gzip\r\n\r\n", "400 transfer_encoding_in_http10"},
    {"RFC 9112 6.1: HTTP/1.0 and both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "400 content_length_and_transfer_encoding"},
    {"RFC 9112 6.3: HTTP/1.0 and a length", "Content-Length: 5\r\n\r\nhello", "POST / 1.0 \"hello\" close"},
    {"RFC 9112 6.3: HTTP/1.0 and no length", "\r\n", "POST / 1.0 close"},
};

// Bodies where none is usual: framed the same, for nobody may read them as a request.
constexpr Case anywhere[] = {
    {"RFC 9110 9.3.1: GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "GET / \"ok\""},
    {"RFC 9110 9.3.1: GET with a chunked body",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "GET / \"x\""},
    {"RFC 9110 9.3.2: HEAD with a body", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "HEAD / \"ok\""},
    {"RFC 9110 9.3.5: DELETE with a body", "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok",
        "DELETE / \"ok\""},
    {"RFC 9110 9.3.7: OPTIONS with a body", "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok",
        "OPTIONS * \"ok\""},
    {"RFC 9110 9.3.8: TRACE with a body", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok",
        "TRACE / \"ok\""},
    {"RFC 9112 6.3: an unknown method with a body", "BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok",
        "BREW / \"ok\""},
};

}  // namespace

void add_framing_tables(std::vector<Table>& tables) {
    constexpr auto before = "POST / HTTP/1.1\r\nHost: a\r\n"sv;
    tables.push_back({.title = "content_length", .cases = lengths, .before = before});
    tables.push_back({.title = "transfer_encoding", .cases = codings, .before = before});
    tables.push_back({.title = "old_framing", .cases = old, .before = "POST / HTTP/1.0\r\nHost: a\r\n"});
    tables.push_back({.title = "bodies_anywhere", .cases = anywhere});
}

}  // namespace gyre::http::testing
