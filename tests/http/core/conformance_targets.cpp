// What a request is for: the forms of a target, its characters, and Host.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

// The whole request line without its version; then Host: a.
constexpr Case forms[] = {
    {"RFC 9112 3.2.1: origin form", "GET /where?q=now", "GET /where?q=now"},
    {"RFC 9112 3.2.1: an empty query", "GET /?", "GET /?"},
    {"RFC 9112 3.2.1: two slashes are a path", "GET //b/c", "GET //b/c"},
    {"RFC 9112 3.2.1: a URL as the path", "GET /http://b/", "GET /http://b/"},
    {"RFC 9112 3.2.1: a path without its slash", "GET index.html", "400 bad_target_form"},
    {"RFC 9112 3.2.1: a query alone", "GET ?q", "400 bad_target_form"},
    {"RFC 9112 3.2.2: absolute form wins over Host", "GET http://b/x?y", "GET http://b/x?y for b"},
    {"RFC 9112 3.2.2: a port", "GET http://b:81/", "GET http://b:81/ for b:81"},
    {"RFC 9112 3.2.2: an empty port", "GET http://b:/", "GET http://b:/ for b:"},
    {"RFC 9112 3.2.2: without a path", "GET http://b", "GET http://b for b"},
    {"RFC 9112 3.2.2: a query right after the host", "GET http://b?q", "GET http://b?q for b"},
    {"RFC 9112 3.2.2: the scheme's case does not matter", "GET HTTP://b/", "GET HTTP://b/ for b"},
    {"RFC 9112 3.2.2: another scheme", "GET coap+tcp://b/", "GET coap+tcp://b/ for b"},
    {"RFC 9112 3.2.2: an IPv6 address", "GET http://[::1]:81/", "GET http://[::1]:81/ for [::1]:81"},
    {"RFC 9112 3.2.2: OPTIONS for a whole server", "OPTIONS http://b", "OPTIONS http://b for b"},
    {"RFC 9110 4.2.4: a user name", "GET http://u@b/", "400 bad_host"},
    {"RFC 9110 4.2.4: a user name and password", "GET http://u:p@b/", "400 bad_host"},
    {"RFC 9110 4.2.1: an empty host", "GET http:///", "400 bad_host"},
    {"RFC 9110 4.2.1: a query without a host", "GET http://?q", "400 bad_host"},
    {"RFC 9110 4.2.1: a port without a host", "GET http://:80/", "400 bad_host"},
    {"RFC 9112 3.2.2: one slash after the scheme", "GET http:/b", "400 bad_target_form"},
    {"RFC 9112 3.2.2: a scheme that begins with a digit", "GET 1http://b/", "400 bad_target_form"},
    {"RFC 9112 3.2.2: no scheme", "GET ://b/", "400 bad_target_form"},
    {"RFC 9112 3.2.2: a port out of range", "GET http://b:65536/", "400 bad_host"},
    {"RFC 9112 3.2.2: a port that is no number", "GET http://b:8a/", "400 bad_host"},
    {"RFC 9112 3.2.2: a backslash ends no host", "GET http://b\\c/", "400 bad_host"},
    {"RFC 9112 3.2.3: authority form", "CONNECT b:443", "CONNECT b:443 for b:443"},
    {"RFC 9112 3.2.3: an IPv6 address", "CONNECT [::1]:443", "CONNECT [::1]:443 for [::1]:443"},
    {"RFC 9110 9.3.6: no port", "CONNECT b", "400 bad_target_form"},
    {"RFC 9110 9.3.6: an empty port", "CONNECT b:", "400 bad_target_form"},
    {"RFC 9110 9.3.6: no host", "CONNECT :443", "400 bad_target_form"},
    {"RFC 9110 9.3.6: a port out of range", "CONNECT b:65536", "400 bad_target_form"},
    {"RFC 9110 9.3.6: a path", "CONNECT /", "400 bad_target_form"},
    {"RFC 9110 9.3.6: a URL", "CONNECT http://b:80/", "400 bad_target_form"},
    {"RFC 9110 9.3.6: a user name", "CONNECT u@b:443", "400 bad_target_form"},
    {"RFC 9110 9.3.6: an asterisk", "CONNECT *", "400 bad_target_form"},
    {"RFC 9112 3.2.3: authority form with another method", "GET b:443", "400 bad_target_form"},
    {"RFC 9110 9.1: connect in small letters is another method", "connect /", "connect /"},
    {"RFC 9112 3.2.4: asterisk form", "OPTIONS *", "OPTIONS *"},
    {"RFC 9112 3.2.4: an asterisk with another method", "GET *", "400 bad_target_form"},
    {"RFC 9112 3.2.4: an asterisk and more", "OPTIONS *x", "400 bad_target_form"},
    {"RFC 9112 3.2.4: options in small letters is another method", "options *", "400 bad_target_form"},

    {"RFC 3986 3.3: what a path may hold", "GET /-._~!$&'()*+,;=:@", "GET /-._~!$&'()*+,;=:@"},
    {"RFC 3986 3.3: brackets, which browsers send", "GET /a[0]|b", "GET /a[0]|b"},
    {"RFC 3986 2.1: percent-encoding is left as it is", "GET /%2e%2E/%00%0d%0a", "GET /%2e%2E/%00%0d%0a"},
    {"RFC 3986 2.1: no hexadecimal digits", "GET /%zz", "400 bad_target_character"},
    {"RFC 3986 2.1: one digit", "GET /%4", "400 bad_target_character"},
    {"RFC 3986 2.1: a percent sign at the end", "GET /%", "400 bad_target_character"},
    {"RFC 3986 2.1: the digits of IIS", "GET /%u0041", "400 bad_target_character"},
    {"RFC 3986 3.4: what browsers leave in a query", "GET /?a[]={b}|c^d`e\\100%", "GET /?a[]={b}|c^d`e\\100%"},
    {"RFC 3986 3.5: a fragment", "GET /a#b", "400 fragment_in_target"},
    {"RFC 3986 3.5: a fragment in the query", "GET /a?b#c", "400 fragment_in_target"},
    {"RFC 3986 3.5: a fragment of a URL", "GET http://b/#c", "400 fragment_in_target"},
    {"RFC 3986 2: a double quote", "GET /a\"b", "400 bad_target_character"},
    {"RFC 3986 2: a double quote in the query", "GET /?a\"b", "400 bad_target_character"},
    {"RFC 3986 2: a less-than sign", "GET /a<b", "400 bad_target_character"},
    {"RFC 3986 2: a greater-than sign in the query", "GET /?a>b", "400 bad_target_character"},
    {"RFC 3986 2: a backslash in the path", "GET /a\\b", "400 bad_target_character"},
    {"RFC 3986 2: a brace in the path", "GET /a{b", "400 bad_target_character"},
    {"RFC 3986 2: a caret in the path", "GET /a^b", "400 bad_target_character"},
    {"RFC 3986 2: a grave accent in the path", "GET /a`b", "400 bad_target_character"},
    {"RFC 3986 2: UTF-8 in the path", "GET /\303\251", "400 bad_target_character"},
    {"RFC 3986 2: Latin-1 in the query", "GET /?\351", "400 bad_target_character"},
    {"RFC 3986 2: a NUL", "GET /a\000b"sv, "400 bad_target_character"},
    {"RFC 3986 2: a control", "GET /a\001b", "400 bad_target_character"},
    {"RFC 3986 2: DEL", "GET /a\177b", "400 bad_target_character"},
    {"RFC 3986 2: NBSP", "GET /a\240b", "400 bad_target_character"},
};

// The fields of a request for /.
constexpr Case hosts[] = {
    {"RFC 9112 3.2: no Host", "X: y\r\n", "400 missing_host"},
    {"RFC 9112 3.2: no field at all", "", "400 missing_host"},
    {"RFC 9112 3.2: two that agree", "Host: a\r\nHost: a\r\n", "400 repeated_host"},
    {"RFC 9112 3.2: two that differ", "Host: a\r\nX: y\r\nhOST: b\r\n", "400 repeated_host"},
    {"RFC 9112 3.2: an empty one", "Host:\r\n", "GET / for nobody"},
    {"RFC 9112 3.2: one of spaces", "Host:   \r\n", "GET / for nobody"},
    {"RFC 9110 7.2: a name and a port", "Host: www.example.org:8080\r\n", "GET / for www.example.org:8080"},
    {"RFC 9110 7.2: an empty port", "Host: b:\r\n", "GET / for b:"},
    {"RFC 9110 7.2: port 65535", "Host: b:65535\r\n", "GET / for b:65535"},
    {"RFC 9110 7.2: port 65536", "Host: b:65536\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a port with many zeros", "Host: b:00000000080\r\n", "GET / for b:00000000080"},
    {"RFC 9110 7.2: a port that is no number", "Host: b:x\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a signed port", "Host: b:+80\r\n", "400 bad_host"},
    {"RFC 9110 7.2: two ports", "Host: b:80:80\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a port without a host", "Host: :80\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a space", "Host: a b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a tab", "Host: a\tb\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a path", "Host: a/b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a URL", "Host: http://a\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a user name", "Host: u@a\r\n", "400 bad_host"},
    {"RFC 9110 7.2: two in one list", "Host: a, b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a query", "Host: a?b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a fragment", "Host: a#b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a backslash", "Host: a\\b\r\n", "400 bad_host"},
    {"RFC 9110 7.2: a byte above ASCII", "Host: \303\251\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: what a registered name may hold", "Host: a-b._~!$&'()*+;=%20\r\n",
        "GET / for a-b._~!$&'()*+;=%20"},
    {"RFC 3986 3.2.2: broken percent-encoding", "Host: a%2\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: an IPv4 address", "Host: 127.0.0.1\r\n", "GET / for 127.0.0.1"},
    {"RFC 3986 3.2.2: an IPv6 address", "Host: [2001:db8::1.2.3.4]:80\r\n", "GET / for [2001:db8::1.2.3.4]:80"},
    {"RFC 3986 3.2.2: one without brackets", "Host: ::1\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: one without its last bracket", "Host: [::1\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: text after the bracket", "Host: [::1]a\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: text before the bracket", "Host: a[::1]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: empty brackets", "Host: []\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: no colon inside", "Host: [abcd]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a future address", "Host: [v1f.a:b~c]\r\n", "GET / for [v1f.a:b~c]"},
    {"RFC 3986 3.2.2: a future address without its version", "Host: [v.abcd]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a future address that is empty", "Host: [v12.]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a future address without its dot", "Host: [v1ab]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a future address without anything", "Host: [v1.]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a future version that is no number", "Host: [vx.ab]\r\n", "400 bad_host"},
    {"RFC 3986 3.2.2: a slash in a future address", "Host: [v1.a/b]\r\n", "400 bad_host"},
    {"RFC 6874 2: a zone id", "Host: [fe80::1%25eth0]\r\n", "400 bad_host"},
};

constexpr Case absolute[] = {
    {"RFC 9112 3.2.2: Host is needed beside an absolute target", "", "400 missing_host"},
    {"RFC 9112 3.2: two beside an absolute target", "Host: b\r\nHost: b\r\n", "400 repeated_host"},
    {"RFC 9112 3.2: a bad one beside an absolute target", "Host: b/c\r\n", "400 bad_host"},
    {"RFC 9112 3.2.2: another one beside an absolute target", "Host: c\r\n", "GET http://b/ for b"},
};

constexpr Case old_hosts[] = {
    {"RFC 9112 3.2: HTTP/1.0 needs none", "", "GET / 1.0 for nobody close"},
    {"RFC 9112 3.2: HTTP/1.0 with one", "Host: b\r\n", "GET / 1.0 for b close"},
    {"RFC 9112 3.2: HTTP/1.0 with two", "Host: b\r\nHost: b\r\n", "400 repeated_host"},
    {"RFC 9112 3.2: HTTP/1.0 with a bad one", "Host: b c\r\n", "400 bad_host"},
};

}  // namespace

void add_target_tables(std::vector<Table>& tables) {
    tables.push_back({.title = "targets", .cases = forms, .after = " HTTP/1.1\r\nHost: a\r\n\r\n"});
    tables.push_back({.title = "hosts", .cases = hosts, .before = "GET / HTTP/1.1\r\n", .after = "\r\n"});
    tables.push_back(
        {.title = "absolute_hosts", .cases = absolute, .before = "GET http://b/ HTTP/1.1\r\n", .after = "\r\n"});
    tables.push_back({.title = "old_hosts", .cases = old_hosts, .before = "GET / HTTP/1.0\r\n", .after = "\r\n"});
}

}  // namespace gyre::http::testing
