// The chunked coding: sizes, line ends, extensions, trailers.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

constexpr Case sizes[] = {
    {"RFC 9112 7.1: one chunk", "5\r\nhello\r\n0\r\n\r\n", "POST / \"hello\""},
    {"RFC 9112 7.1: two chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "POST / \"hello\""},
    {"RFC 9112 7.1: no chunk", "0\r\n\r\n", "POST / \"\""},
    {"RFC 9112 7.1: small and large hexadecimal digits", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
        "POST / \"01234567890123456789a\""},
    {"RFC 9112 7.1: data that looks like chunks", "9\r\n0\r\n\r\nGET \r\n0\r\n\r\n", "POST / \"0\r\n\r\nGET \""},
    {"RFC 9112 7.1: the next request follows", "1\r\nx\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / \"x\" | GET /2"},
    {"RFC 9112 7.1: leading zeros", "005\r\nhello\r\n000\r\n\r\n", "POST / \"hello\""},
    {"RFC 9112 7.1: 16 digits", "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "POST / \"hello\""},
    {"RFC 9112 7.1: 17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n", "400 chunk_size_too_long"},
    {"RFC 9112 7.1: 17 digits for the last chunk", "00000000000000000\r\n\r\n", "400 chunk_size_too_long"},
    {"RFC 9112 7.1: 2^63", "8000000000000000\r\n", "400 chunk_size_overflow"},
    {"RFC 9112 7.1: 2^64 - 1", "ffffffffffffffff\r\n", "400 chunk_size_overflow"},
    {"RFC 9112 7.1: 2^64 + 5", "10000000000000005\r\nhello\r\n0\r\n\r\n", "400 chunk_size_too_long"},
    {"RFC 9112 7.1: 2^63 - 1", "7fffffffffffffff\r\n", "400 premature_eof"},
    {"RFC 9112 7.1: 2^63 in all", "1\r\nx\r\n7fffffffffffffff\r\n", "400 chunk_size_overflow"},
    {"RFC 9112 7.1: 2^32 + 5 is not 5", "100000005\r\nhello\r\n0\r\n\r\n", "400 premature_eof"},
    {"RFC 9112 7.1: no size", "\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: no size before an extension", ";a\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a mark of hexadecimal", "0x5\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: another mark of hexadecimal", "5h\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a plus", "+5\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a minus", "-5\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: minus zero", "-0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: an underscore", "1_0\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a fraction", "5.0\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a letter that is no digit", "g\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a space before the size", " 5\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a space after the size", "5 \r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a tab after the size", "5\t\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a space inside of the size", "0 5\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a space after the last size", "0 \r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a NUL after the size", "5\000\r\nhello\r\n0\r\n\r\n"sv, "400 bad_chunk_size"},
    {"RFC 9112 7.1: a full-width digit", "\357\274\225\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: a size that is too small", "4\r\nhello\r\n0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: a size that is too large", "6\r\nhello\r\n0\r\n\r\n", "400 missing_crlf_after_chunk"},
};

constexpr Case ends[] = {
    {"RFC 9112 7.1: LF after the size", "5\nhello\r\n0\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1: CR after the size", "5\rhello\r\n0\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 7.1: CR CR LF after the size", "5\r\r\nhello\r\n0\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 7.1: CR and a letter after the size", "5\rXhello\r\n0\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 7.1: LF after the data", "5\r\nhello\n0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: CR after the data", "5\r\nhello\r0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: nothing after the data", "5\r\nhello0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: CR and a letter after the data", "5\r\nhello\rX0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: any two bytes after the data", "5\r\nhelloXX0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"RFC 9112 7.1: two line ends after the data", "5\r\nhello\r\n\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1: LF after the last size", "0\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1: LF ends the body", "0\r\n\n", "400 bare_lf"},
    {"RFC 9112 7.1: CR and a letter end the body", "0\r\n\rX", "400 bare_cr"},
    {"RFC 9112 7.1: any two bytes end the body", "0\r\nXX", "400 premature_eof"},
    {"RFC 9112 7.1: CR LF alone after the last size", "0\r\n", "400 premature_eof"},
    {"RFC 9112 7.1: an end in the data", "5\r\nhel", "400 premature_eof"},
    {"RFC 9112 7.1: an end after the data", "5\r\nhello", "400 premature_eof"},
    {"RFC 9112 7.1: an end in a size", "5", "400 premature_eof"},
    {"RFC 9112 7.1: an end without the last chunk", "5\r\nhello\r\n", "400 premature_eof"},
    {"RFC 9112 7.1: an end in an extension", "5;a=\"b", "400 premature_eof"},
};

constexpr Case extensions[] = {
    {"RFC 9112 7.1.1: a name", "1;a\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: a name and a token", "1;a=b\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: a name and a quoted text", "1;a=\"b;c=d, e\"\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: quotes inside of quotes", "1;a=\"\\\"\\\\\"\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: an empty quoted text", "1;a=\"\"\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: bytes above ASCII in quotes", "1;a=\"\303\251\"\r\nx\r\n0\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: several", "1;a;b=c;d=\"e\";f\r\nx\r\n0;g=h\r\n\r\n", "POST / \"x\""},
    {"RFC 9112 7.1.1: an empty one", "1;\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: an empty one between", "1;a;;b\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: no name", "1;=b\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: no value", "1;a=\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: no value between", "1;a=;b\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: two values", "1;a=b=c\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: quotes that are not closed", "1;a=\"b\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: an escape that is not ended", "1;a=\"b\\\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: text after the quotes", "1;a=\"b\"c\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: quotes for a name", "1;\"a\"\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a space before the semicolon", "1 ;a\r\nx\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"RFC 9112 7.1.1: a space after the semicolon", "1; a\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: spaces around the equals sign", "1;a = b\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a space at the end", "1;a \r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a name that is no token", "1;(a)\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: LF in it", "1;a\nb\r\nx\r\n0\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1.1: LF ends it", "1;a\nx\r\n0\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1.1: CR in it", "1;a\rb\r\nx\r\n0\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 7.1.1: CR in quotes", "1;a=\"\rb\"\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: LF in quotes", "1;a=\"\nb\"\r\nx\r\n0\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1.1: an escaped LF in quotes", "1;a=\"\\\nb\"\r\nx\r\n0\r\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1.1: CRLF in quotes", "1;a=\"\r\nx\r\n0\r\n\r\n\"\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a control in quotes", "1;a=\"\001\"\r\nx\r\n0\r\n\r\n", "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a NUL in it", "1;a\000b\r\nx\r\n0\r\n\r\n"sv, "400 bad_chunk_extension"},
    {"RFC 9112 7.1.1: a comma for the semicolon", "1,a\r\nx\r\n0\r\n\r\n", "400 bad_chunk_size"},
};

constexpr Case trailers[] = {
    {"RFC 9112 7.1.2: a trailer stays apart", "0\r\nSum: y\r\n\r\n", "POST / \"\" trailer Sum=[y]"},
    {"RFC 9112 7.1.2: two", "0\r\nA: 1\r\nB: 2\r\n\r\n", "POST / \"\" trailer A=[1] trailer B=[2]"},
    {"RFC 9110 6.5.1: framing in a trailer", "0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nA: 1\r\n\r\n",
        "POST / \"\" trailer A=[1]"},
    {"RFC 9110 6.5.1: routing in a trailer", "0\r\nHost: b\r\n\r\n", "POST / \"\""},
    {"RFC 9110 6.5.1: authentication in a trailer",
        "0\r\nAuthorization: b\r\nCookie: c\r\nProxy-Authorization: d\r\nSet-Cookie: e\r\n\r\n", "POST / \"\""},
    {"RFC 9110 6.5.1: the connection in a trailer", "0\r\nConnection: close\r\nKeep-Alive: 1\r\nUpgrade: x\r\n\r\n",
        "POST / \"\""},
    {"RFC 9110 6.5.1: the request's conditions in a trailer",
        "0\r\nIf-Match: *\r\nRange: bytes=0-\r\nExpect: x\r\n\r\n", "POST / \"\""},
    {"RFC 9110 6.5.1: the content's form in a trailer",
        "0\r\nContent-Type: b\r\nContent-Encoding: c\r\nContent-Range: d\r\nTrailer: e\r\n\r\n", "POST / \"\""},
    {"RFC 9110 6.5.1: who the client is, in a trailer",
        "0\r\nForwarded: for=b\r\nX-Forwarded-For: c\r\nX-Real-IP: d\r\n\r\n", "POST / \"\""},
    {"RFC 9112 7.1.2: a space before the colon", "0\r\nA : 1\r\n\r\n", "400 whitespace_before_colon"},
    {"RFC 9112 7.1.2: no colon", "0\r\nA\r\n\r\n", "400 missing_colon"},
    {"RFC 9112 7.1.2: an empty name", "0\r\n: 1\r\n\r\n", "400 empty_field_name"},
    {"RFC 9112 7.1.2: a fold", "0\r\nA: 1\r\n 2\r\n\r\n", "400 obs_fold"},
    {"RFC 9112 7.1.2: a space before the first", "0\r\n A: 1\r\n\r\n", "400 whitespace_before_first_field"},
    {"RFC 9112 7.1.2: LF after it", "0\r\nA: 1\n\r\n", "400 bare_lf"},
    {"RFC 9112 7.1.2: CR in it", "0\r\nA: 1\r2\r\n\r\n", "400 bare_cr"},
    {"RFC 9112 7.1.2: a NUL in it", "0\r\nA: \000\r\n\r\n"sv, "400 control_in_value"},
    {"RFC 9112 7.1.2: a request line in its place", "0\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 whitespace_before_colon"},
    {"RFC 9112 7.1.2: an end in it", "0\r\nA: 1\r\n", "400 premature_eof"},
};

}  // namespace

void add_chunked_tables(std::vector<Table>& tables) {
    constexpr auto before = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv;
    tables.push_back({.title = "chunk_sizes", .cases = sizes, .before = before});
    tables.push_back({.title = "chunk_ends", .cases = ends, .before = before});
    tables.push_back({.title = "chunk_extensions", .cases = extensions, .before = before});
    tables.push_back({.title = "trailers", .cases = trailers, .before = before});
}

}  // namespace gyre::http::testing
