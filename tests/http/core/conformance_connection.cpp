// What a request says about its connection: who goes on, who expects, who offers another protocol.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

// The fields of GET / HTTP/1.1, after Host.
constexpr Case options[] = {
    {"RFC 9112 9.3: HTTP/1.1 goes on", "", "GET /"},
    {"RFC 9112 9.6: close", "Connection: close\r\n", "GET / close"},
    {"RFC 9110 7.6.1: options have no case", "Connection: CLOSE\r\n", "GET / close"},
    {"RFC 9110 7.6.1: close in a list", "Connection: x, close, y\r\n", "GET / close"},
    {"RFC 9110 7.6.1: close in a second field", "Connection: keep-alive\r\nConnection: close\r\n", "GET / close"},
    {"RFC 9110 5.6.1: empty members are passed over", "Connection: ,, ,close,\r\n", "GET / close"},
    {"RFC 9110 7.6.1: a longer option is another one", "Connection: closed\r\n", "GET /"},
    {"RFC 9110 7.6.1: a part of an option is none", "Connection: not-close\r\n", "GET /"},
    {"RFC 9110 7.6.1: two words are no option", "Connection: please close\r\n", "GET /"},
    {"RFC 9110 7.6.1: quotes", "Connection: \"close\"\r\n", "GET /"},
    {"RFC 9112 9.3: close beats keep-alive", "Connection: close, keep-alive\r\n", "GET / close"},
    {"RFC 9110 7.6.1: Proxy-Connection says nothing", "Proxy-Connection: close\r\n", "GET /"},
    {"RFC 9110 7.6.1: Keep-Alive says nothing", "Keep-Alive: timeout=0\r\n", "GET /"},

    {"RFC 9110 10.1.1: 100-continue", "Expect: 100-continue\r\n", "GET / continue"},
    {"RFC 9110 10.1.1: its case does not matter", "Expect: 100-Continue\r\n", "GET / continue"},
    {"RFC 9110 10.1.1: twice", "Expect: 100-continue, 100-continue\r\n", "GET / continue"},
    {"RFC 9110 10.1.1: an empty one", "Expect:\r\n", "GET /"},
    {"RFC 9110 10.1.1: another expectation", "Expect: 200-ok\r\n", "417 unknown_expectation"},
    {"RFC 9110 10.1.1: another one beside it", "Expect: 100-continue, x=y\r\n", "417 unknown_expectation"},
    {"RFC 9110 10.1.1: a parameter", "Expect: 100-continue;x\r\n", "417 unknown_expectation"},
    {"RFC 9110 10.1.1: 100 alone", "Expect: 100\r\n", "417 unknown_expectation"},

    {"RFC 9110 7.8: an upgrade", "Connection: upgrade\r\nUpgrade: websocket\r\n", "GET / upgrade"},
    {"RFC 9110 7.8: in a list, in any case", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
        "GET / upgrade"},
    {"RFC 9110 7.8: without the option", "Upgrade: websocket\r\n", "GET /"},
    {"RFC 9110 7.8: an option that contains the word", "Connection: no-upgrade\r\nUpgrade: websocket\r\n", "GET /"},
    {"RFC 9110 7.8: the option alone", "Connection: upgrade\r\n", "GET /"},
    {"RFC 9113 3.1: h2c is not taken at its word",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "GET / upgrade"},
};

constexpr Case old[] = {
    {"RFC 9112 9.3: HTTP/1.0 ends", "", "GET / 1.0 close"},
    {"RFC 9112 9.3: HTTP/1.0 with keep-alive goes on", "Connection: keep-alive\r\n", "GET / 1.0"},
    {"RFC 9112 9.3: HTTP/1.0 with keep-alive in any case", "Connection: Keep-Alive\r\n", "GET / 1.0"},
    {"RFC 9112 9.3: HTTP/1.0 with keep-alive and close", "Connection: keep-alive, close\r\n", "GET / 1.0 close"},
    {"RFC 9110 10.1.1: HTTP/1.0 is owed no 100", "Expect: 100-continue\r\n", "GET / 1.0 close"},
    {"RFC 9110 7.8: HTTP/1.0 offers no upgrade", "Connection: upgrade\r\nUpgrade: x\r\n", "GET / 1.0 close"},
};

constexpr Case pipelines[] = {
    {"RFC 9112 9.3.2: three requests at once",
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
        "GET /3 HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET /1 | POST /2 \"ok\" | GET /3 for b"},
    {"RFC 9112 9.3.2: chunks, a length, and neither",
        "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nS: t\r\n\r\n"
        "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nyGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /1 \"x\" trailer S=[t] | PUT /2 \"y\" | GET /3"},
    {"RFC 9112 9.3.2: what was said once does not stay",
        "GET /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: upgrade\r\nUpgrade: x\r\nX: y\r\n\r\n"
        "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 X=[y] continue upgrade | GET /2"},
    {"RFC 9112 9.3.2: the second is bad", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
        "GET /1 | 400 missing_host"},
    {"RFC 9112 9.3.2: the second is cut", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HT", "GET /1 | 400 premature_eof"},
    {"RFC 9112 9.6: a request after close",
        "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 close | 400 request_after_close"},
    {"RFC 9112 9.6: a byte after close", "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nG",
        "GET /1 close | 400 request_after_close"},
    {"RFC 9112 9.6: a line end after close", "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\r\n",
        "GET /1 close | 400 request_after_close"},
    {"RFC 9112 9.3: a request after HTTP/1.0", "GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "GET /1 1.0 for nobody close | 400 request_after_close"},
    {"RFC 9112 9.3: HTTP/1.0 with keep-alive, then another",
        "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "GET /1 1.0 for nobody | GET /2 1.0 for nobody close"},
    {"RFC 9112 11.2: a body longer than its length", "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokay",
        "POST /1 \"ok\" | 400 premature_eof"},
    {"RFC 9112 11.2: a request in what is left of a body",
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok\r\nG: ET\r\n\r\n",
        "POST /1 \"ok\" | 400 bad_method"},
};

}  // namespace

void add_connection_tables(std::vector<Table>& tables) {
    tables.push_back({.title = "options", .cases = options, .before = "GET / HTTP/1.1\r\nHost: a\r\n", .after = "\r\n"});
    tables.push_back({.title = "old_options", .cases = old, .before = "GET / HTTP/1.0\r\nHost: a\r\n", .after = "\r\n"});
    tables.push_back({.title = "pipelines", .cases = pipelines});
}

}  // namespace gyre::http::testing
