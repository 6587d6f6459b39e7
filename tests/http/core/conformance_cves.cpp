// Faults that other implementations had, by their number: what made them fail must not pass here.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

// The rest of POST / HTTP/1.1 after Host: a.
constexpr Case framing[] = {
    {"CVE-2005-2090: two lengths (Tomcat)", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "400 repeated_content_length"},
    {"CVE-2018-7159: a space inside of a length (Node)", "Content-Length: 1 2\r\n\r\n012345678901",
        "400 bad_content_length"},
    {"CVE-2019-15605: a coding with a space before its colon (Node)", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "400 whitespace_before_colon"},
    {"CVE-2019-16276: a space before the colon (Go)", "Content-Length : 5\r\n\r\nhello", "400 whitespace_before_colon"},
    {"CVE-2019-16785: lines ended by LF (waitress)", "Content-Length: 5\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
        "400 bare_lf"},
    {"CVE-2019-16786: codings before chunked (waitress)", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "501 unknown_transfer_coding"},
    {"CVE-2019-16789: a vertical tab before chunked (waitress)", "Transfer-Encoding: \013chunked\r\n\r\n0\r\n\r\n",
        "400 control_in_value"},
    {"CVE-2019-16792: two lengths as one list (waitress)", "Content-Length: 5, 5\r\n\r\nhello",
        "400 bad_content_length"},
    {"CVE-2019-16869: a space before the colon (Netty)",
        "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\nhello", "400 whitespace_before_colon"},
    {"CVE-2019-18678: a tab before the colon (Squid)", "Content-Length\t: 5\r\n\r\nhello",
        "400 whitespace_before_colon"},
    {"CVE-2019-20444: a line without a colon (Netty)", "Transfer-Encoding\r\n chunked\r\n\r\n", "400 missing_colon"},
    {"CVE-2019-20445: a length beside chunked (Netty)",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 content_length_and_transfer_encoding"},
    {"CVE-2020-7238: an odd space in a coding (Netty)", "Transfer-Encoding:chunked , identity\r\n\r\n",
        "400 chunked_not_last"},
    {"CVE-2020-8287: two codings, the second unknown (Node)",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked-false\r\n\r\n0\r\n\r\n", "400 chunked_not_last"},
    {"CVE-2020-10108: two lengths (Twisted)", "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
        "400 repeated_content_length"},
    {"CVE-2020-10109: a length and chunked (Twisted)",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400 content_length_and_transfer_encoding"},
    {"CVE-2020-15049: a length with a plus (Squid)", "Content-Length: +5\r\n\r\nhello", "400 bad_content_length"},
    {"CVE-2020-15810: a coding after odd whitespace (Squid)", "Transfer-Encoding:\014chunked\r\n\r\n",
        "400 control_in_value"},
    {"CVE-2020-15811: a list of codings with a parameter (Squid)", "Transfer-Encoding: chunked;a=b\r\n\r\n",
        "400 chunked_with_parameters"},
    {"CVE-2021-22959: a space after a name (llhttp)", "Content-Length : 5\r\nX: y\r\n\r\nhello",
        "400 whitespace_before_colon"},
    {"CVE-2021-32715: a length with a plus (hyper)", "Content-Length: +3\r\n\r\nabc", "400 bad_content_length"},
    {"CVE-2021-33037: identity (Tomcat)", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
        "400 content_length_and_transfer_encoding"},
    {"CVE-2021-40346: a name of 270 letters (HAProxy)",
        "Content-"
        "Length0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "a"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\r\nContent-Length: 5\r\n\r\nhello",
        "POST / \"hello\""},
    {"CVE-2021-41136: LF ends the head (Puma)", "Content-Length: 5\r\n\nhello", "400 bare_lf"},
    {"CVE-2021-43797: a control in a name (Netty)", "\001Transfer-Encoding: chunked\r\n\r\n", "400 bad_field_name"},
    {"CVE-2022-1705: an odd coding (Go)", "Transfer-Encoding: \"chunked\"\r\n\r\n", "400 bad_transfer_coding"},
    {"CVE-2022-24761: a length with an underscore (waitress)", "Content-Length: 1_0\r\n\r\n0123456789",
        "400 bad_content_length"},
    {"CVE-2022-24801: a length with a plus (Twisted)", "Content-Length: +0x5\r\n\r\nhello", "400 bad_content_length"},
    {"CVE-2022-32213: a coding that only ends in chunked (llhttp)", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "400 chunked_not_last"},
    {"CVE-2022-32214: LF between two fields (llhttp)", "X: y\nContent-Length: 5\r\n\r\nhello", "400 bare_lf"},
    {"CVE-2022-32215: a coding over two lines (llhttp)", "Transfer-Encoding: chunked\r\n , identity\r\n\r\n",
        "400 obs_fold"},
    {"CVE-2022-35256: a value ended by CR (llhttp)", "X: y\rTransfer-Encoding: chunked\r\n\r\n", "400 bare_cr"},
    {"CVE-2022-42252: an invalid length (Tomcat)", "Content-Length: 5,\r\n\r\nhello", "400 bad_content_length"},
    {"CVE-2023-25725: an empty name (HAProxy)", ":\r\nContent-Length: 5\r\n\r\nhello", "400 empty_field_name"},
    {"CVE-2023-30589: CR between two fields (llhttp)", "X: y\rContent-Length: 5\r\n\r\nhello", "400 bare_cr"},
    {"CVE-2023-40167: a length with a plus (Jetty)", "Content-Length: +1\r\n\r\nx", "400 bad_content_length"},
    {"CVE-2023-40175: an empty length (Puma)", "Content-Length: \r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 bad_content_length"},
    {"CVE-2023-40225: an empty length (HAProxy)", "Content-Length:\r\n\r\n", "400 bad_content_length"},
    {"CVE-2023-47627: a length with a minus (aiohttp)", "Content-Length: -1\r\n\r\n", "400 bad_content_length"},
    {"CVE-2024-1135: two codings (gunicorn)", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        "400 chunked_not_last"},
    {"CVE-2024-6827: an unknown coding beside a length (gunicorn)",
        "Transfer-Encoding: chunked,gzip\r\nContent-Length: 5\r\n\r\nhello", "400 content_length_and_transfer_encoding"},
    {"CVE-2024-27982: a space before a length (Node)", "X: y\r\n Content-Length: 5\r\n\r\nhello", "400 obs_fold"},
};

// The chunks of a request.
constexpr Case chunks[] = {
    {"CVE-2013-2028: a size that is negative when signed (nginx)", "fffffffffffffff0\r\n", "400 chunk_size_overflow"},
    {"CVE-2014-0075: a size that overflows (Tomcat)", "7fffffffffffffff1\r\n", "400 chunk_size_too_long"},
    {"CVE-2017-7657: a size that overflows 32 bits (Jetty)", "100000000\r\n0\r\n\r\n", "400 premature_eof"},
    {"CVE-2021-32714: a size that overflows 64 bits (hyper)", "f0000000000000003\r\nabc\r\n0\r\n\r\n",
        "400 chunk_size_too_long"},
    {"CVE-2021-22960: an extension with CR in it (llhttp)", "5;a\rb\r\nhello\r\n0\r\n\r\n", "400 bare_cr"},
    {"CVE-2023-45648: a trailer that is a request (Tomcat)", "0\r\nGET / HTTP/1.1\r\n\r\n",
        "400 whitespace_before_colon"},
    {"CVE-2023-46846: a size with text after it (Squid)", "5 x\r\nhello\r\n0\r\n\r\n", "400 bad_chunk_size"},
    {"CVE-2024-52304: LF in an extension (aiohttp)", "5;a=\nb\r\nhello\r\n0\r\n\r\n", "400 bare_lf"},
    {"CVE-2025-22871: LF after a size (Go)", "5\nhello\r\n0\r\n\r\n", "400 bare_lf"},
    {"CVE-2025-43859: any two bytes after the data (h11)", "5\r\nhello__0\r\n\r\n", "400 missing_crlf_after_chunk"},
    {"CVE-2025-53643: a trailer without a colon (aiohttp)", "0\r\nnonsense\r\n\r\n", "400 missing_colon"},
    {"CVE-2025-58056: LF ends an extension (Netty)", "5;\n\r\nhello\r\n0\r\n\r\n", "400 bare_lf"},
    {"CVE-2026-2332: a line end in a quoted extension (Jetty)",
        "1;a=\"\r\nX\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\"\r\nx\r\n", "400 bad_chunk_extension"},
};

constexpr Case heads[] = {
    {"CVE-2015-8852: CR in a field (Varnish)", "GET / HTTP/1.1\r\nHost: a\r\nX: \rContent-Length: 5\r\n\r\n",
        "400 bare_cr"},
    {"CVE-2016-6816: a character the target may not have (Tomcat)", "GET /?{a}\"<> HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 bad_target_character"},
    {"CVE-2016-8743: a form feed between the parts (Apache)", "GET /\014HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 bad_target_character"},
    {"CVE-2017-7656: HTTP/0.9 (Jetty)", "GET / HTTP/0.9\r\n\r\n", "505 unsupported_version"},
    {"CVE-2017-7658: both lengths in HTTP/1.0 (Jetty)",
        "POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "400 content_length_and_transfer_encoding"},
    {"CVE-2018-12116: a space smuggled into the target (Node)", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n\304\240HTTP/1.1",
        "GET /x | 400 bad_method"},
    {"CVE-2023-45539: a number sign in the target (HAProxy)", "GET /a#.png HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 fragment_in_target"},
    {"CVE-2023-46137: a second request in the same bytes (Twisted)",
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1 | GET /2"},
    {"CVE-2023-49081: a version with a line end in it (aiohttp)", "GET / HTTP/1.\r\n1\r\nHost: a\r\n\r\n",
        "400 bad_version"},
    {"CVE-2023-49082: a line end in the method (aiohttp)",
        "GET / HTTP/1.1\r\nHost: b\r\n\r\nX / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / for b | X /"},
    {"CVE-2024-23829: a space at the end of the version (aiohttp)", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "400 extra_whitespace_in_start_line"},
};

}  // namespace

void add_cve_tables(std::vector<Table>& tables) {
    constexpr auto before = "POST / HTTP/1.1\r\nHost: a\r\n"sv;
    constexpr auto chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv;
    tables.push_back({.title = "cves_of_framing", .cases = framing, .before = before});
    tables.push_back({.title = "cves_of_chunks", .cases = chunks, .before = chunked});
    tables.push_back({.title = "cves_of_heads", .cases = heads});
}

}  // namespace gyre::http::testing
