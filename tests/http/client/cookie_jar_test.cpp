// Cookie jars: each rule of RFC 6265bis in a row of its own, limits on both sides, files.
#include "os/scratch.hpp"
#include "support/loops.hpp"

#include <gyre/http/client/cookie_jar.hpp>

#include <filesystem>
#include <fstream>
#include <vector>

namespace gyre::testing {
namespace {

using namespace gyre::http;
using std::chrono::seconds;
using std::chrono::sys_seconds;

const sys_seconds now{seconds(1'800'000'000)};

void set(CookieJar& jar, std::string_view url, std::string_view text, sys_seconds when = now) {
    jar.set_from(Url::parse(url), {{"Set-Cookie", text}}, when);
}

auto sent(CookieJar& jar, std::string_view url, sys_seconds when = now) -> std::string {
    return jar.header_for(Url::parse(url), when).value_or("-");
}

struct Case {
    std::string_view rule;
    std::string_view set_by;
    std::string_view text;
    std::string_view asked_for;
    std::string_view sent;
};

void check(const std::vector<Case>& cases) {
    for (const auto& c : cases) {
        CookieJar jar;
        set(jar, c.set_by, c.text);
        EXPECT_EQ(sent(jar, c.asked_for), c.sent)
            << c.rule << ": " << c.set_by << " | " << c.text << " | " << c.asked_for;
    }
}

TEST(CookieJar, domains) {
    check({
        {"host only", "http://a.example.org/", "k=v", "http://a.example.org/", "k=v"},
        {"host only", "http://a.example.org/", "k=v", "http://b.a.example.org/", "-"},
        {"host only", "http://a.example.org/", "k=v", "http://example.org/", "-"},
        {"an empty domain is none", "http://example.org/", "k=v; Domain=", "http://a.example.org/", "-"},
        {"a lone dot is none", "http://example.org/", "k=v; Domain=.", "http://example.org/", "k=v"},
        {"domain: itself", "http://example.org/", "k=v; Domain=example.org", "http://example.org/", "k=v"},
        {"domain: below", "http://example.org/", "k=v; Domain=example.org", "http://a.b.example.org/", "k=v"},
        {"domain: a dot in front", "http://example.org/", "k=v; Domain=.example.org", "http://a.example.org/", "k=v"},
        {"domain: case", "http://Example.ORG/", "k=v; Domain=eXample.Org", "http://a.example.org/", "k=v"},
        {"domain: a parent", "http://a.b.example.org/", "k=v; Domain=example.org", "http://c.example.org/", "k=v"},
        {"domain: a child", "http://example.org/", "k=v; Domain=a.example.org", "http://a.example.org/", "-"},
        {"domain: a sibling", "http://a.example.org/", "k=v; Domain=b.example.org", "http://b.example.org/", "-"},
        {"domain: another", "http://example.org/", "k=v; Domain=example.com", "http://example.com/", "-"},
        {"domain: not in ASCII", "http://xn--bcher-kva.example/",
            "k=v; Domain=b\xc3\xbc"
            "cher.example",
            "http://xn--bcher-kva.example/", "-"},
        {"domain: punycode",
            "http://b\xc3\xbc"
            "cher.example/",
            "k=v; Domain=xn--bcher-kva.example", "http://a.xn--bcher-kva.example/", "k=v"},
        {"CVE-2018-20852: the end of another name", "http://notexample.org/", "k=v; Domain=example.org",
            "http://example.org/", "-"},
        {"CVE-2018-20852: the end of another name", "http://example.org/", "k=v; Domain=example.org",
            "http://notexample.org/", "-"},
        {"the last domain counts", "http://a.example.org/", "k=v; Domain=example.com; Domain=example.org",
            "http://example.org/", "k=v"},
        {"the port is not looked at", "http://example.org:81/", "k=v", "http://example.org:82/", "k=v"},
        {"only schemes of HTTP", "ftp://example.org/", "k=v", "http://example.org/", "-"},
        {"only schemes of HTTP", "http://example.org/", "k=v", "ftp://example.org/", "-"},
        {"WebSockets share", "http://example.org/", "k=v", "ws://example.org/", "k=v"},
    });
}

TEST(CookieJar, public_suffixes) {
    check({
        {"CVE-2014-3620: a top-level domain", "http://example.com/", "k=v; Domain=com", "http://other.com/", "-"},
        {"a list of two levels", "http://example.co.uk/", "k=v; Domain=co.uk", "http://other.co.uk/", "-"},
        {"the private part of the list", "http://me.github.io/", "k=v; Domain=github.io", "http://you.github.io/", "-"},
        {"the host itself: then host only", "http://github.io/", "k=v; Domain=github.io", "http://github.io/", "k=v"},
        {"the host itself: then host only", "http://github.io/", "k=v; Domain=github.io", "http://me.github.io/", "-"},
        {"below a suffix", "http://a.example.co.uk/", "k=v; Domain=example.co.uk", "http://b.example.co.uk/", "k=v"},
        {"a wildcard", "http://a.b.ck/", "k=v; Domain=b.ck", "http://c.b.ck/", "-"},
        {"an exception", "http://a.www.ck/", "k=v; Domain=www.ck", "http://b.www.ck/", "k=v"},
        {"an unknown single label", "http://a.localdomain/", "k=v; Domain=localdomain", "http://b.localdomain/", "-"},
        {"localhost", "http://localhost/", "k=v; Domain=localhost", "http://localhost/", "k=v"},
        {"CVE-2023-46218: in upper case", "http://example.co.uk/", "k=v; Domain=co.UK", "http://other.co.uk/", "-"},
        {"CVE-2022-27779: a dot at the end", "http://example.com./", "k=v; Domain=com.", "http://other.com./", "-"},
        {"a dot at the end is another name", "http://example.com/", "k=v", "http://example.com./", "-"},
    });
}

TEST(CookieJar, addresses_are_only_themselves) {
    check({
        {"IPv4", "http://127.0.0.1/", "k=v", "http://127.0.0.1/", "k=v"},
        {"IPv4 named", "http://127.0.0.1/", "k=v; Domain=127.0.0.1", "http://127.0.0.1/", "k=v"},
        {"IPv6", "http://[::1]/", "k=v; Domain=[::1]", "http://[::1]/", "k=v"},
        {"CVE-2014-3613: the end of an address", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://127.0.0.1/", "-"},
        {"CVE-2014-3613: the end of an address", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://1.0.0.1/", "-"},
    });
}

TEST(CookieJar, paths) {
    check({
        {"the directory of the request", "http://x.org/a/b", "k=v", "http://x.org/a/c", "k=v"},
        {"the directory of the request", "http://x.org/a/b", "k=v", "http://x.org/a", "k=v"},
        {"the directory of the request", "http://x.org/a/b", "k=v", "http://x.org/", "-"},
        {"the directory of the request", "http://x.org/a/b/", "k=v", "http://x.org/a/b", "k=v"},
        {"a request at the root", "http://x.org/a", "k=v", "http://x.org/b", "k=v"},
        {"the query is no path", "http://x.org/a/b?/c/d", "k=v", "http://x.org/a/e", "k=v"},
        {"given", "http://x.org/", "k=v; Path=/a", "http://x.org/a", "k=v"},
        {"below", "http://x.org/", "k=v; Path=/a", "http://x.org/a/b", "k=v"},
        {"only at a slash", "http://x.org/", "k=v; Path=/a", "http://x.org/ab", "-"},
        {"only at a slash", "http://x.org/", "k=v; Path=/a/", "http://x.org/a/b", "k=v"},
        {"only at a slash", "http://x.org/", "k=v; Path=/a/", "http://x.org/a", "-"},
        {"case", "http://x.org/", "k=v; Path=/A", "http://x.org/a", "-"},
        {"not from the root: as if none", "http://x.org/a/b", "k=v; Path=c", "http://x.org/a/x", "k=v"},
        {"empty: as if none", "http://x.org/a/b", "k=v; Path=", "http://x.org/a/x", "k=v"},
        {"CVE-2015-3145: a lone quote", "http://x.org/a/b", "k=v; Path=\"", "http://x.org/a/x", "k=v"},
        {"another path may be set", "http://x.org/a/b", "k=v; Path=/c", "http://x.org/c", "k=v"},
        {"the last path counts", "http://x.org/", "k=v; Path=/a; Path=/b", "http://x.org/b", "k=v"},
    });
}

TEST(CookieJar, secure) {
    check({
        {"only over TLS", "https://x.org/", "k=v; Secure", "https://x.org/", "k=v"},
        {"only over TLS", "https://x.org/", "k=v; Secure", "wss://x.org/", "k=v"},
        {"only over TLS", "https://x.org/", "k=v; Secure", "http://x.org/", "-"},
        {"only over TLS", "https://x.org/", "k=v; Secure", "ws://x.org/", "-"},
        {"not secure: both", "https://x.org/", "k=v", "http://x.org/", "k=v"},
        {"not settable from http", "http://x.org/", "k=v; Secure", "https://x.org/", "-"},
        {"SameSite=None needs it", "https://x.org/", "k=v; SameSite=None", "https://x.org/", "-"},
        {"SameSite=None needs it", "https://x.org/", "k=v; SameSite=None; Secure", "https://x.org/", "k=v"},
        {"Partitioned needs it", "https://x.org/", "k=v; Partitioned", "https://x.org/", "-"},
        {"Partitioned needs it", "https://x.org/", "k=v; Partitioned; Secure", "https://x.org/", "k=v"},
        {"SameSite=Strict is sent by a client", "http://x.org/", "k=v; SameSite=Strict", "http://x.org/", "k=v"},
    });
}

TEST(CookieJar, a_secure_cookie_is_never_replaced_or_hidden_from_http) {
    struct Row {
        std::string_view rule;
        std::string_view first;  // set by https://a.x.org/p/q
        std::string_view second;
        std::string_view second_url;
        bool is_taken;
    };
    for (const auto& row : std::vector<Row>{
             {"the same", "k=1; Secure", "k=2", "http://a.x.org/p/q", false},
             {"over TLS it may", "k=1; Secure", "k=2", "https://a.x.org/p/q", true},
             {"another name", "k=1; Secure", "j=2", "http://a.x.org/p/q", true},
             {"one that is not secure", "k=1", "k=2", "http://a.x.org/p/q", true},
             {"from the domain above", "k=1; Secure", "k=2; Path=/p", "http://x.org/", false},
             {"for the domain above", "k=1; Secure", "k=2; Domain=x.org; Path=/p", "http://b.x.org/", false},
             {"from below", "k=1; Secure", "k=2; Path=/p", "http://b.a.x.org/", false},
             {"from beside", "k=1; Secure", "k=2; Path=/p", "http://b.x.org/", true},
             {"a longer path hides it", "k=1; Secure; Path=/p", "k=2; Path=/p/q", "http://a.x.org/", false},
             {"a shorter path does not", "k=1; Secure; Path=/p", "k=2; Path=/", "http://a.x.org/", true},
             {"a removal", "k=1; Secure", "k=; Max-Age=0", "http://a.x.org/p/q", false},
         }) {
        CookieJar jar;
        set(jar, "https://a.x.org/p/q", row.first);
        const auto taken = jar.set(Url::parse(row.second_url), *parse_set_cookie(row.second), now);
        EXPECT_EQ(taken, row.is_taken) << row.rule;
    }
}

TEST(CookieJar, prefixes_are_promises) {
    check({
        {"__Secure-", "https://x.org/", "__Secure-k=v; Secure", "https://x.org/", "__Secure-k=v"},
        {"__Secure-", "https://x.org/", "__Secure-k=v", "https://x.org/", "-"},
        {"__Secure-", "http://x.org/", "__Secure-k=v; Secure", "https://x.org/", "-"},
        {"any case", "https://x.org/", "__sEcUrE-k=v", "https://x.org/", "-"},
        {"__Host-", "https://x.org/", "__Host-k=v; Secure; Path=/", "https://x.org/", "__Host-k=v"},
        {"__Host-: an empty path is the one of the request", "https://x.org/",
            "__Host-k=v; Secure; Path=", "https://x.org/", "__Host-k=v"},
        {"__Host-: secure", "https://x.org/", "__Host-k=v; Path=/", "https://x.org/", "-"},
        {"__Host-: a path", "https://x.org/", "__Host-k=v; Secure", "https://x.org/", "-"},
        {"__Host-: this path", "https://x.org/a", "__Host-k=v; Secure; Path=/a", "https://x.org/a", "-"},
        {"__Host-: no domain", "https://x.org/", "__Host-k=v; Secure; Path=/; Domain=x.org", "https://x.org/", "-"},
        {"any case", "https://x.org/", "__HOST-k=v; Secure; Path=/; Domain=x.org", "https://x.org/", "-"},
        {"a value without a name", "https://x.org/", "=__Host-k=v; Secure; Path=/", "https://x.org/", "-"},
        {"a value without a name", "https://x.org/", "__Secure-k; Secure", "https://x.org/", "-"},
        {"a value without a name", "https://x.org/", "k", "https://x.org/", "k"},
        {"no prefix", "https://x.org/", "_Host-k=v", "https://x.org/", "_Host-k=v"},
    });
}

TEST(CookieJar, expiry) {
    using namespace std::chrono_literals;
    struct Row {
        std::string_view rule;
        std::string_view text;
        seconds last;  // the last second in which it is sent; 0: never
    };
    const auto limit = seconds(24h * 400);
    for (const auto& row : std::vector<Row>{
             {"max-age", "k=v; Max-Age=60", 59s},
             {"max-age zero", "k=v; Max-Age=0", 0s},
             {"max-age below zero", "k=v; Max-Age=-1", 0s},
             {"expires", "k=v; Expires=Fri, 15 Jan 2027 08:01:00 GMT", 59s},
             {"expires in the past", "k=v; Expires=Fri, 15 Jan 2027 08:00:00 GMT", 0s},
             {"max-age goes before expires", "k=v; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 59s},
             {"max-age goes before expires", "k=v; Expires=Fri, 15 Jan 2027 09:00:00 GMT; Max-Age=60", 59s},
             {"400 days at most", "k=v; Max-Age=34560000", limit - 1s},
             {"400 days at most", "k=v; Max-Age=34560001", limit - 1s},
             {"400 days at most", "k=v; Max-Age=99999999999999999999", limit - 1s},
             {"400 days at most", "k=v; Expires=Fri, 31 Dec 9999 23:59:59 GMT", limit - 1s},
             {"no date: the session", "k=v; Expires=tomorrow", limit * 10},
         }) {
        CookieJar jar;
        set(jar, "http://x.org/", row.text);
        if (row.last == 0s) {
            EXPECT_TRUE(jar.empty()) << row.rule;
            continue;
        }
        EXPECT_EQ(sent(jar, "http://x.org/", now + row.last), "k=v") << row.rule << row.text;
        if (row.last < limit) EXPECT_EQ(sent(jar, "http://x.org/", now + row.last + 1s), "-") << row.rule << row.text;
    }
}

TEST(CookieJar, the_same_cookie_is_replaced) {
    CookieJar jar;
    set(jar, "http://a.x.org/", "k=1");
    set(jar, "http://a.x.org/", "j=1");
    set(jar, "http://a.x.org/", "k=2");
    EXPECT_EQ(sent(jar, "http://a.x.org/"), "k=2; j=1");  // and keeps its place
    set(jar, "http://a.x.org/", "k=3; Domain=a.x.org");   // another one: not host only
    set(jar, "http://a.x.org/", "k=4; Path=/p");
    EXPECT_EQ(sent(jar, "http://a.x.org/p"), "k=4; k=2; j=1; k=3");
    EXPECT_EQ(jar.size(), 4U);
    set(jar, "http://a.x.org/", "k=; Max-Age=0");
    EXPECT_EQ(sent(jar, "http://a.x.org/p"), "k=4; j=1; k=3");
    EXPECT_EQ(jar.size(), 3U);
    set(jar, "http://a.x.org/", "never=; Max-Age=0");
    EXPECT_EQ(jar.size(), 3U);
}

TEST(CookieJar, longer_paths_go_first_then_older_cookies) {
    CookieJar jar;
    set(jar, "http://x.org/", "a=1");
    set(jar, "http://x.org/", "b=2; Path=/p/q");
    set(jar, "http://x.org/", "c=3; Path=/p");
    set(jar, "http://x.org/", "d=4; Path=/p/q; Domain=x.org");
    EXPECT_EQ(sent(jar, "http://x.org/p/q"), "b=2; d=4; c=3; a=1");
}

// CVE-2022-32205: a server that sets very many cookies made every later request too large.
TEST(CookieJar, a_response_sets_fifty_at_most) {
    for (const std::size_t count : {50U, 51U}) {
        Fields fields;
        for (std::size_t i = 0; i < count; ++i) fields.add("Set-Cookie", "k" + std::to_string(i) + "=v; Domain=x.org");
        CookieJar jar({.cookies_per_domain = 100});
        jar.set_from(Url::parse("http://x.org/"), fields, now);
        EXPECT_EQ(jar.size(), 50U) << count;
    }
}

TEST(CookieJar, a_request_carries_150_at_most) {
    for (const std::size_t count : {150U, 151U}) {
        CookieJar jar({.cookies_per_domain = 1000});
        for (std::size_t i = 0; i < count; ++i) set(jar, "http://x.org/", "k" + std::to_string(i) + "=v");
        const auto header = sent(jar, "http://x.org/");
        EXPECT_EQ(std::count(header.begin(), header.end(), '='), 150) << count;
    }
}

TEST(CookieJar, a_request_carries_8190_bytes_at_most) {
    for (const std::size_t last : {180U, 181U}) {
        CookieJar jar;
        set(jar, "http://x.org/", "a=" + std::string(4000, 'x'));
        set(jar, "http://x.org/", "b=" + std::string(4000, 'x'));
        set(jar, "http://x.org/", "c=" + std::string(last, 'y'));
        EXPECT_EQ(sent(jar, "http://x.org/").size(), last == 180 ? 8190U : 8006U);
    }
    CookieJar jar({.request_bytes = 7});
    set(jar, "http://x.org/", "a=b");
    EXPECT_EQ(sent(jar, "http://x.org/"), "a=b");
    set(jar, "http://x.org/", "c=");
    EXPECT_EQ(sent(jar, "http://x.org/"), "a=b; c=");
    set(jar, "http://x.org/", "c=d");
    EXPECT_EQ(sent(jar, "http://x.org/"), "a=b");
    set(jar, "http://x.org/", "e=");
    EXPECT_EQ(sent(jar, "http://x.org/"), "a=b; e=");
}

TEST(CookieJar, a_domain_holds_fifty_and_gives_up_the_unguarded_first) {
    CookieJar jar;
    for (int i = 0; i < 50; ++i) set(jar, "https://x.org/", "k" + std::to_string(i) + "=v" + (i < 2 ? "; Secure" : ""));
    EXPECT_EQ(jar.size(), 50U);
    set(jar, "https://x.org/", "new=v; Secure");  // k0 and k1 are older, but guarded
    EXPECT_EQ(jar.size(), 50U);
    const auto header = sent(jar, "https://x.org/");
    EXPECT_NE(header.find("k0="), std::string::npos);
    EXPECT_EQ(header.find("k2="), std::string::npos);
    EXPECT_NE(header.find("new="), std::string::npos);
}

TEST(CookieJar, http_cannot_push_out_what_tls_set) {
    CookieJar jar;
    for (int i = 0; i < 50; ++i) set(jar, "https://x.org/", "k" + std::to_string(i) + "=v; Secure");
    set(jar, "http://x.org/", "evil=v");
    EXPECT_EQ(jar.size(), 50U);
    EXPECT_EQ(sent(jar, "https://x.org/").find("evil"), std::string::npos);
}

TEST(CookieJar, what_has_expired_gives_room_first_and_then_what_is_longest_unused) {
    CookieJar jar({.cookies_per_domain = 3});
    set(jar, "https://x.org/", "s=v; Secure; Max-Age=10");
    set(jar, "https://x.org/", "a=v; Path=/a");
    set(jar, "https://x.org/", "b=v; Path=/b");
    set(jar, "https://x.org/", "c=v; Path=/c", now + seconds(10));
    EXPECT_EQ(jar.size(), 3U);
    EXPECT_EQ(sent(jar, "https://x.org/a", now + seconds(10)), "a=v");  // used now: b is the oldest
    set(jar, "https://x.org/", "d=v; Path=/d", now + seconds(10));
    EXPECT_EQ(sent(jar, "https://x.org/a", now + seconds(10)), "a=v");
    EXPECT_EQ(sent(jar, "https://x.org/b", now + seconds(10)), "-");
}

TEST(CookieJar, three_thousand_in_all) {
    CookieJar jar;
    for (int i = 0; i < 3000; ++i)
        set(jar, "http://h" + std::to_string(i) + ".org/", i == 7 ? "k=v; Max-Age=5" : "k=v");
    EXPECT_EQ(jar.size(), 3000U);
    EXPECT_EQ(sent(jar, "http://h0.org/"), "k=v");  // used now: h1 is the oldest
    set(jar, "http://x.org/", "k=v");
    EXPECT_EQ(jar.size(), 3000U);
    EXPECT_EQ(sent(jar, "http://h1.org/"), "-");
    EXPECT_EQ(sent(jar, "http://h0.org/"), "k=v");
    set(jar, "http://y.org/", "k=v", now + seconds(5));  // h7 has expired
    EXPECT_EQ(jar.size(), 3000U);
    EXPECT_EQ(sent(jar, "http://h2.org/"), "k=v");
}

TEST(CookieJar, texts_that_could_not_be_sent_are_not_taken) {
    CookieJar jar;
    const auto url = Url::parse("http://x.org/");
    const auto take = [&](std::string name, std::string value, std::string path) {
        ReceivedCookie cookie;
        cookie.name = std::move(name);
        cookie.value = std::move(value);
        cookie.path = std::move(path);
        return jar.set(url, cookie, now);
    };
    EXPECT_TRUE(take("a", "b", "/"));
    EXPECT_FALSE(take("", "", "/"));
    EXPECT_FALSE(take("a=c", "b", "/"));
    EXPECT_FALSE(take("a;c", "b", "/"));
    EXPECT_FALSE(take("a", "b; c=d", "/"));
    EXPECT_FALSE(take("a", "b\r\nX: y", "/"));
    EXPECT_FALSE(take("a\n", "b", "/"));
    EXPECT_FALSE(take("a", "b", "/\n"));
    EXPECT_TRUE(take("a", std::string(4095, 'v'), "/"));
    EXPECT_FALSE(take("a", std::string(4096, 'v'), "/"));
    EXPECT_TRUE(take("a", "b", "/" + std::string(1023, 'p')));
    EXPECT_FALSE(take("a", "b", "/" + std::string(1024, 'p')));
    set(jar, "http://y.org/" + std::string(1023, 'd') + "/", "a=b");
    EXPECT_EQ(sent(jar, "http://y.org/" + std::string(1023, 'd') + "/"), "a=b");
    set(jar, "http://z.org/" + std::string(1024, 'd') + "/", "a=b");
    EXPECT_EQ(sent(jar, "http://z.org/" + std::string(1024, 'd') + "/"), "-");
}

TEST(CookieJar, emptied_in_parts) {
    CookieJar jar;
    set(jar, "http://x.org/", "a=1");
    set(jar, "http://y.org/", "b=2; Max-Age=10");
    set(jar, "http://y.org/", "c=3; Max-Age=20");
    jar.remove_expired(now + seconds(10));
    EXPECT_EQ(jar.size(), 2U);
    jar.end_session();
    EXPECT_EQ(jar.cookies().size(), 1U);
    EXPECT_EQ(jar.cookies().front().name, "c");
    jar.clear();
    EXPECT_TRUE(jar.empty());
    EXPECT_EQ(sent(jar, "http://y.org/"), "-");
}

// --- As text ----------------------------------------------------------------------------------------------------------

auto full_jar() -> CookieJar {
    CookieJar jar;
    set(jar, "https://a.x.org/p/q", "host=1; Max-Age=100");
    set(jar, "https://a.x.org/p/q",
        "below=2; Domain=x.org; Path=/; Max-Age=100; Secure; HttpOnly; SameSite=None; Partitioned");
    set(jar, "https://a.x.org/p/q", "odd=%41\t\"x\"; Max-Age=100; SameSite=Lax");
    set(jar, "https://a.x.org/p/q", "nameless; Max-Age=100; SameSite=Strict");
    set(jar, "https://a.x.org/p/q", "__Host-k=3; Max-Age=100; Secure; Path=/");
    set(jar, "https://a.x.org/p/q", "session=4");
    set(jar, "https://a.x.org/p/q", "short=5; Max-Age=1");
    return jar;
}

TEST(CookieJarText, what_is_written_is_read) {
    auto jar = full_jar();
    CookieJar copy;
    copy.add_text(jar.to_text(now + seconds(1)), now + seconds(1));
    EXPECT_EQ(copy.size(), 5U);  // without the session's and the expired one
    for (const auto* url : {"https://a.x.org/p", "https://x.org/p", "https://b.a.x.org/p", "http://a.x.org/p"}) {
        jar.end_session();
        EXPECT_EQ(sent(copy, url, now + seconds(2)), sent(jar, url, now + seconds(2))) << url;
    }
    EXPECT_EQ(sent(copy, "https://b.x.org/"), "below=2");  // the host-only ones stayed so
    EXPECT_EQ(copy.to_text(now + seconds(2)).size(), jar.to_text(now + seconds(2)).size());
}

TEST(CookieJarText, may_be_read_into_itself_any_number_of_times) {
    auto jar = full_jar();
    auto fresh = full_jar();
    for (int i = 0; i < 100; ++i) jar.add_text(jar.to_text(now), now);
    EXPECT_EQ(sent(jar, "https://b.a.x.org/p"), sent(fresh, "https://b.a.x.org/p"));
    CookieJar other;
    other.add_text(jar.to_text(now), now);
    EXPECT_EQ(other.size(), 6U);  // without the session's
}

TEST(CookieJarText, the_format_stays) {
    CookieJar jar;
    set(jar, "https://x.org/p/q", "a=%\t; Max-Age=100; HttpOnly; Secure");
    set(jar, "https://x.org/p/q", "b=1; Domain=x.org");
    const std::string line = "x.org\texact\t/p\t1800000100\t1\t1\tsecure,http-only\ta\t%25\n";
    EXPECT_EQ(jar.to_text(now), "gyre cookies 1\n" + line);
    EXPECT_EQ(jar.to_text(now, true), "gyre cookies 1\n" + line + "x.org\tbelow\t/p\t-\t2\t2\t-\tb\t1\n");
}

TEST(CookieJarText, a_file_is_held_to_the_rules_like_a_server) {
    struct Row {
        std::string_view rule;
        std::string_view line;
        std::size_t size;
    };
    for (const auto& row : std::vector<Row>{
             {"good", "x.org\texact\t/\t-\t1\t1\t-\ta\tb", 1},
             {"a public suffix", "com\tbelow\t/\t-\t1\t1\t-\ta\tb", 0},
             {"a public suffix as a host", "com\texact\t/\t-\t1\t1\t-\ta\tb", 1},
             {"expired", "x.org\texact\t/\t1800000000\t1\t1\t-\ta\tb", 0},
             {"not yet", "x.org\texact\t/\t1800000001\t1\t1\t-\ta\tb", 1},
             {"a control", "x.org\texact\t/\t-\t1\t1\t-\ta\tb%0D%0Ac", 0},
             {"a second cookie", "x.org\texact\t/\t-\t1\t1\t-\ta\tb; c=d", 0},
             {"no domain", "\texact\t/\t-\t1\t1\t-\ta\tb", 0},
             {"no path", "x.org\texact\tp\t-\t1\t1\t-\ta\tb", 0},
             {"prefix: not secure", "x.org\texact\t/\t-\t1\t1\t-\t__Host-a\tb", 0},
             {"prefix: not host only", "x.org\tbelow\t/\t-\t1\t1\tsecure\t__Host-a\tb", 0},
             {"prefix: kept", "x.org\texact\t/\t-\t1\t1\tsecure\t__Host-a\tb", 1},
         }) {
        CookieJar jar;
        jar.add_text("gyre cookies 1\n" + std::string(row.line) + "\n", now);
        EXPECT_EQ(jar.size(), row.size) << row.rule;
    }
    CookieJar jar;
    jar.add_text("gyre cookies 1\nx.org\texact\t/\t9007199254740992\t1\t1\t-\ta\tb\n", now);
    EXPECT_EQ(jar.cookies().front().expires, now + std::chrono::hours(24 * 400));
}

TEST(CookieJarText, what_is_no_jar_is_refused_whole) {
    const std::string good = "x.org\texact\t/\t-\t1\t1\t-\ta\tb\n";
    for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
             {"", "line 1: this is no jar of version 1"},
             {"gyre cookies 2\n", "line 1: this is no jar of version 1"},
             {"gyre cookies 1\n" + good + "x.org\n", "line 3: there are not nine columns"},
             {"gyre cookies 1\n" + good + "\n", "line 3: there are not nine columns"},
             {"gyre cookies 1\n" + good + good.substr(0, good.size() - 1), "line 3: it has no end: the text was cut"},
             {"gyre cookies 1\nx.org\tall\t/\t-\t1\t1\t-\ta\tb\n",
                 "line 2: the second column is neither exact nor below"},
             {"gyre cookies 1\nx.org\texact\t/\tx\t1\t1\t-\ta\tb\n", "line 2: a number is none, or out of range"},
             {"gyre cookies 1\nx.org\texact\t/\t-1\t1\t1\t-\ta\tb\n", "line 2: a number is none, or out of range"},
             {"gyre cookies 1\nx.org\texact\t/\t-\t9007199254740993\t1\t-\ta\tb\n",
                 "line 2: a number is none, or out of range"},
             {"gyre cookies 1\nx.org\texact\t/\t-\t1\t1\tfunny\ta\tb\n", "line 2: an unknown flag"},
         }) {
        CookieJar jar;
        EXPECT_EQ(error_of([&] { jar.add_text(text, now); }), "cookie jar: " + problem);
        EXPECT_TRUE(jar.empty());
    }
}

TEST(PublicSuffixList, of_your_own) {
    Scratch scratch;
    const auto path = scratch / "list";
    std::ofstream(path) << "// ===BEGIN ICANN DOMAINS===\nexample\ncorp.example\n// ===END ICANN DOMAINS===\n";
    CookieJar jar({}, PublicSuffixList::from_file(path));
    set(jar, "http://a.corp.example/", "k=v; Domain=corp.example");
    EXPECT_TRUE(jar.empty());
    set(jar, "http://a.b.corp.example/", "k=v; Domain=b.corp.example");
    EXPECT_EQ(jar.size(), 1U);
    EXPECT_EQ(error_of([&] { (void)PublicSuffixList::from_file(scratch / "none"); }),
        "public suffix list " + (scratch / "none").string() + ": cannot be read, or holds no list");
}

// --- Files ------------------------------------------------------------------------------------------------------------

class CookieJarFile : public OnLoops {
protected:
    Scratch scratch;
};
GYRE_ON_LOOPS(CookieJarFile);

// CVE-2022-32207: the file of a jar became readable for others.
TEST_P(CookieJarFile, only_its_owner_may_read_it) {
    const auto path = scratch / "jar";
    std::ofstream(path) << "open for all";
    std::filesystem::permissions(path, std::filesystem::perms(0666));
    auto jar = full_jar();
    run(jar.save(path, now));
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    CookieJar copy;
    run(copy.load(path, now));
    EXPECT_EQ(copy.size(), 6U);
    EXPECT_EQ(copy.to_text(now).size(), jar.to_text(now).size());
}

TEST_P(CookieJarFile, a_failed_save_leaves_the_old_file) {
    const auto path = scratch / "jar";
    auto jar = full_jar();
    run(jar.save(path, now, true));
    EXPECT_NE(error_of([&] { run(jar.save(scratch / "none" / "jar", now)); }), "nothing");
    CookieJar copy;
    run(copy.load(path, now));
    EXPECT_EQ(copy.size(), 7U);
    EXPECT_NE(error_of([&] { run(copy.load(scratch / "none", now)); }), "nothing");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

}  // namespace
}  // namespace gyre::testing
