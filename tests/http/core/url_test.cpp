#include <gyre/http/core/limits.hpp>
#include <gyre/http/core/percent.hpp>
#include <gyre/http/core/url.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;

struct Row {
    std::string_view text;
    std::string_view base;
    std::string_view href;  // empty: refused
};

constexpr std::string_view page = "http://u:p@host:8080/a/b/c?q#f";

constexpr Row rows[] = {
    {"http://example.org", "", "http://example.org/"},
    {"HTTP://EXAMPLE.org:80/%7Ea/../b?c#d", "", "http://example.org/b?c#d"},
    {"https://h:443/", "", "https://h/"},
    {"https://h:/", "", "https://h/"},
    {"wss://h:80/x", "", "wss://h:80/x"},
    {"http:\\\\h\\a\\b", "", "http://h/a/b"},
    {"http:h/a", "", "http://h/a"},
    {"http:////h/a", "", "http://h/a"},
    {"  http://h/a\tb\n ", "", "http://h/ab"},
    {"http://u@x:p@h/", "", "http://u%40x:p@h/"},
    {"http://h/a b\"<>`{}?a b'#c `", "", "http://h/a%20b%22%3C%3E%60%7B%7D?a%20b%27#c%20%60"},
    {"http://h/%2e%2E/./a/.%2e/b/.", "", "http://h/b/"},
    {"http://127.1/", "", "http://127.0.0.1/"},
    {"http://0x7f.1/", "", "http://127.0.0.1/"},
    {"http://0300.0250.0.1./", "", "http://192.168.0.1/"},
    {"http://4294967295/", "", "http://255.255.255.255/"},
    {"http://4294967296/", "", ""},
    {"http://1.2.3.256/", "", ""},
    {"http://1.2.3.4.5/", "", ""},
    {"http://1.2.3.08/", "", ""},
    {"http://a.1.2.3.4x/", "", "http://a.1.2.3.4x/"},
    {"http://foo.0x4/", "", ""},
    {"http://[::1]:8080/", "", "http://[::1]:8080/"},
    {"http://[1:0:0:2:0:0:0:3]/", "", "http://[1:0:0:2::3]/"},
    {"http://[1:0:3:0:5:0:7:0]/", "", "http://[1:0:3:0:5:0:7:0]/"},
    {"http://[0:0:0:0:0:0:0:0]/", "", "http://[::]/"},
    {"http://[2001:DB8::]/", "", "http://[2001:db8::]/"},
    {"http://[::ffff:1.2.3.4]/", "", "http://[::ffff:102:304]/"},
    {"http://[1::2::3]/", "", ""},
    {"http://[1:2:3:4:5:6:7:8:9]/", "", ""},
    {"http://[1:2:3]/", "", ""},
    {"http://[1:2:3:4:5:6:7::]/", "", "http://[1:2:3:4:5:6:7:0]/"},
    {"http://[::2:3:4:5:6:7:8]/", "", "http://[0:2:3:4:5:6:7:8]/"},
    {"http://[1:2:3:4::5:6:7:8]/", "", ""},
    {"http://[::1:2:3:4:5:6:7:8]/", "", ""},
    {"http://[1:2:3:4:5:6:7:8::]/", "", ""},
    {"http://[::2:3:4:5:6:1.2.3.4]/", "", "http://[0:2:3:4:5:6:102:304]/"},
    {"http://[1::2:3:4:5:6:1.2.3.4]/", "", ""},
    {"http://[::1.2.3.04]/", "", ""},
    {"http://[:1]/", "", ""},
    {"http://[1:]/", "", ""},
    {"http://[fe80::1%25eth0]/", "", ""},
    {"http://[::1/", "", ""},
    {"http://b\xc3\xbc"
     "cher.example/",
        "", "http://xn--bcher-kva.example/"},
    {"http://fa\xc3\x9f.de/", "", "http://xn--fa-hia.de/"},
    {"http://\xef\xbc\xa1.com/", "", "http://a.com/"},
    {"http://%41.com/", "", "http://a.com/"},
    {"http://a%2fb/", "", ""},
    {"http://a b/", "", ""},
    {"http://a<b/", "", ""},
    {"http://\xff/", "", ""},
    {"http://", "", ""},
    {"http://:80/", "", ""},
    {"http://u@/", "", ""},
    {"http://h:65535/", "", "http://h:65535/"},
    {"http://h:65536/", "", ""},
    {"http://h:8a/", "", ""},
    {"/only/path", "", ""},
    {"", "", ""},
    {"mailto:a@b?c#d", "", "mailto:a@b?c#d"},
    {"foo://Host/../a b", "", "foo://Host/a%20b"},
    {"foo:/.//p", "", "foo:/.//p"},
    {"foo://h\xc3\xa9/", "", "foo://h%C3%A9/"},
    {"file:///C|/x/../..", "", "file:///C:/"},
    {"file://localhost/etc", "", "file:///etc"},
    {"g", page, "http://u:p@host:8080/a/b/g"},
    {"./g/", page, "http://u:p@host:8080/a/b/g/"},
    {"../../../g", page, "http://u:p@host:8080/g"},
    {"/g", page, "http://u:p@host:8080/g"},
    {"//g/x", page, "http://g/x"},
    {"?y", page, "http://u:p@host:8080/a/b/c?y"},
    {"#s", page, "http://u:p@host:8080/a/b/c?q#s"},
    {"", page, "http://u:p@host:8080/a/b/c?q"},
    {"http:g", page, "http://u:p@host:8080/a/b/g"},
    {"https:g", page, "https://g/"},
    {"\\\\g\\x", page, "http://g/x"},
    {"javascript:1", page, "javascript:1"},
    {"#s", "mailto:x", "mailto:x#s"},
    {"g", "mailto:x", ""},
    {"../x", "file:///C:/a/b", "file:///C:/x"},
};

// Schemes, hosts of every odd kind, drive letters, bases. What is wanted here is what whatwg-url says.
constexpr Row corners[] = {
    {"http://h\r\n/a", "", "http://h/a"},
    {"foo:a ?q", "", "foo:a%20?q"},
    {"foo:a  #f", "", "foo:a %20#f"},
    {"", "mailto:x", ""},
    {"D|?q", "file:///C:/a", "file:///D:?q"},
    {"D|", "file:///C:/a", "file:///D:"},
    {"/y", "file:///C:x/z", "file:///y"},
    {"file:///ab/..", "", "file:///"},
    {"file:///a:/..", "", "file:///a:/"},
    {"http://\303\251%00/", "", ""},
    {"ftp://h:21/x", "", "ftp://h/x"},
    {"ws://h:80/", "", "ws://h/"},
    {"a+b-c.1:x", "", "a+b-c.1:x"},
    {"Http+9://x/y", "", "http+9://x/y"},
    {"no-colon", "", ""},
    {"abc", "", ""},
    {"http://h/.../%2e%2e%2e", "", "http://h/.../%2e%2e%2e"},
    {"http://a\001b/", "", ""},
    {"http://a\177b/", "", ""},
    {"http://a%25b/", "", ""},
    {"http://a..b/", "", "http://a..b/"},
    {"http://1..2/", "", ""},
    {"http://0X7F.0x1/", "", "http://127.0.0.1/"},
    {"http://./", "", "http://./"},
    {"http://../", "", "http://../"},
    {"http://.1/", "", ""},
    {"http://1./", "", "http://0.0.0.1/"},
    {"http://0x/", "", "http://0.0.0.0/"},
    {"http://[::1.2.3]/", "", ""},
    {"http://[::1.2.3.]/", "", ""},
    {"http://[::1.2.3.1234]/", "", ""},
    {"http://[::1.2.3.a]/", "", ""},
    {"http://[::1.2.3.0]/", "", "http://[::102:300]/"},
    {"http://[::1.2.3.256]/", "", ""},
    {"http://[::.1.2.3]/", "", ""},
    {"http://[::1g]/", "", ""},
    {"http://[::12345]/", "", ""},
    {"foo:///x", "", "foo:///x"},
    {"foo://a b/", "", ""},
    {"foo://u@/", "", ""},
    {"foo://:1/", "", ""},
    {"foo://h", "", "foo://h"},
    {"foo://h?q", "", "foo://h?q"},
    {"foo:a b ", "", "foo:a b"},
    {"foo:/a", "", "foo:/a"},
    {"http://%00/", "", ""},
    {"http://\302\255/", "", ""},
    {"file:", "", "file:///"},
    {"file:x/y", "", "file:///x/y"},
    {"file:?q", "", "file:///?q"},
    {"file:/x", "", "file:///x"},
    {"file:/C|/x", "", "file:///C:/x"},
    {"file://C|/x", "", "file:///C:/x"},
    {"file:///C|", "", "file:///C:"},
    {"file://a b/", "", ""},
    {"file:\\\\h\\x", "", "file://h/x"},
    {"file:/..//x", "", "file:////x"},
    {"file:///C:/..", "", "file:///C:/"},
    {"file:///c:", "", "file:///c:"},
    {"file:///1:/..", "", "file:///"},
    {"file:///C/..", "", "file:///"},
    {"file:///C1/..", "", "file:///"},
    {"", "file:///C:/a/b", "file:///C:/a/b"},
    {"?q", "file:///C:/a/b", "file:///C:/a/b?q"},
    {"#f", "file:///C:/a/b", "file:///C:/a/b#f"},
    {"D:", "file:///C:/a/b", "d:"},
    {"D|/y", "file:///C:/a/b", "file:///D:/y"},
    {"D|\\y", "file:///C:/a/b", "file:///D:/y"},
    {"D|y", "file:///C:/a/b", "file:///C:/a/D|y"},
    {"D:?q", "file:///C:/a/b", "d:?q"},
    {"D:x", "file:///C:/a/b", "d:x"},
    {"1:x", "file:///C:/a/b", "file:///C:/a/1:x"},
    {"Dx", "file:///C:/a/b", "file:///C:/a/Dx"},
    {"/y", "file:///C:/a/b", "file:///C:/y"},
    {"/D:/y", "file:///C:/a/b", "file:///D:/y"},
    {"/y", "file:///C:", "file:///C:/y"},
    {"/y", "file:///etc/x", "file:///y"},
    {"/y", "file:///", "file:///y"},
    {"/y", "file:///C:x", "file:///y"},
    {"/y", "http://h/a", "http://h/y"},
    {"file:/y", "file:///C:/a/b", "file:///C:/y"},
    {"file:y", "file:///C:/a/b", "file:///C:/a/y"},
    {"file:y", "http://h/a", "file:///y"},
    {"file:/y", "http://h/a", "file:///y"},
    {"y", "file:///etc/x", "file:///etc/y"},
    {"D|", "file:///C:/a/b", "file:///D:"},
    {"D:#f", "file:///C:/a/b", "d:#f"},
    {"//g", "foo://h/a", "foo://g"},
    {"/g", "foo://h/a", "foo://h/g"},
    {"\\g", "foo://h/a", "foo://h/\\g"},
    {"\\\\g", "foo://h/a", "foo://h/\\\\g"},
    {"/\\g", "foo://h/a", "foo://h/\\g"},
    {"x#f", "mailto:x", ""},
    {"http:///g", "http://u:p@host:8080/a/b/c?q#f", "http://g/"},
    {"http:\\g", "http://u:p@host:8080/a/b/c?q#f", "http://u:p@host:8080/g"},
    {"HTTP:?y", "http://u:p@host:8080/a/b/c?q#f", "http://u:p@host:8080/a/b/c?y"},
    {"/%2e%2e", "http://u:p@host:8080/a/b/c?q#f", "http://u:p@host:8080/"},
    {"http://:p@h/", "", "http://:p@h/"},
    {"http://u:@h/", "", "http://u@h/"},
    {"foo:/..//x", "", "foo:/.//x"},
    {"foo:/.", "", "foo:/"},
    {"http://xn--bcher-kva.example/", "", "http://xn--bcher-kva.example/"},
    {"http://a.xn--bcher-kva/", "", "http://a.xn--bcher-kva/"},
    {"http://h:/?", "", "http://h/?"},
    {"foo://[::1]:1/", "", "foo://[::1]:1/"},
};

auto parse(std::string_view text, std::string_view base, UrlMode mode = UrlMode::whatwg) -> Url {
    return base.empty() ? Url::parse(text, mode) : Url::parse(text, Url::parse(base), mode);
}

void expect_href(const Row& row) {
    std::string href;
    try {
        href = parse(row.text, row.base).href();
        EXPECT_EQ(Url::parse(href).href(), href) << "its own text must read back the same";
    } catch (const UrlError&) {}
    EXPECT_EQ(href, row.href) << row.text << " on " << row.base;
}

TEST(Url, follows_the_url_standard) {
    for (const auto& row : rows) expect_href(row);
    for (const auto& row : corners) expect_href(row);
}

TEST(Url, strict_mode_refuses_what_would_be_repaired) {
    for (const auto text : {"http:\\\\h/"sv, "http://h\\@evil/"sv, "http://h/a\tb"sv, "http://h/\n"sv, " http://h/"sv,
             "http://h/ "sv, "http:h/"sv, "http:/h/"sv, "http:///h/"sv, "http://u@h/"sv, "http://u:p@h/"sv,
             "http://@h/"sv, "http://0x7f.1/"sv, "http://127.1/"sv, "http://2130706433/"sv, "http://127.0.0.01/"sv,
             "http://127.0.0.1./"sv, "http://a%2ecom/"sv, "http://%68/"sv, "http:///"sv, "http://:80/"sv,
             "http://[fe80::1%25eth0]/"sv, "foo:///x"sv, "file:/x"sv, "file:x"sv}) {
        EXPECT_THROW((void)Url::parse(text, UrlMode::strict), UrlError) << text;
    }
}

TEST(Url, strict_mode_takes_clean_urls_with_the_same_result) {
    for (const auto text : {"http://example.org/a/../b?c=d#e"sv, "https://127.0.0.1:8443/"sv, "http://[::1]/"sv,
             "http://b\xc3\xbc"
             "cher.example/"sv,
             "file:///etc/hosts"sv, "mailto:a@b"sv, "HTTP://H/%20"sv}) {
        EXPECT_EQ(Url::parse(text, UrlMode::strict), Url::parse(text)) << text;
    }
    const auto base = Url::parse("https://h/a");
    EXPECT_EQ(Url::parse("//other/x", base, UrlMode::strict).href(), "https://other/x");
    EXPECT_EQ(Url::parse("../x?y", base, UrlMode::strict).href(), "https://h/x?y");
    EXPECT_THROW((void)Url::parse("///other/x", base, UrlMode::strict), UrlError);
    EXPECT_THROW((void)Url::parse("https:x", base, UrlMode::strict), UrlError);
}

TEST(Url, parts) {
    const auto url = Url::parse("https://u:p@Example.org:8443/a%20b?c=d#e");
    EXPECT_EQ(url.scheme(), "https");
    EXPECT_EQ(url.username(), "u");
    EXPECT_EQ(url.password(), "p");
    EXPECT_EQ(url.host(), "example.org");
    EXPECT_EQ(url.host_kind(), HostKind::domain);
    EXPECT_EQ(url.port(), 8443);
    EXPECT_EQ(url.path(), "/a%20b");
    EXPECT_EQ(url.query(), "c=d");
    EXPECT_EQ(url.fragment(), "e");
    EXPECT_EQ(url.origin(), "https://example.org:8443");
    EXPECT_EQ(url.authority(), "example.org:8443");
    EXPECT_EQ(url.request_target(), "/a%20b?c=d");
    EXPECT_EQ(Url::parse("wss://h").effective_port(), 443);
    EXPECT_EQ(Url::parse("file:///x").origin(), "null");
    EXPECT_EQ(Url::parse("http://1.2.3.4").host_kind(), HostKind::ipv4);
    EXPECT_EQ(Url::parse("http://[::]").host_kind(), HostKind::ipv6);
    EXPECT_EQ(Url::parse("mailto:x").host_kind(), HostKind::none);
    EXPECT_TRUE(Url::parse("mailto:x").has_opaque_path());
    EXPECT_EQ(Url::parse("foo://h:7").origin(), "null");
    EXPECT_EQ(Url::parse("foo://h").request_target(), "/");
    EXPECT_EQ(Url::parse("http://h/p").request_target(), "/p");
    EXPECT_EQ(Url::parse("http://h:81/").effective_port(), 81);
    EXPECT_EQ(Url::parse("foo://h/").effective_port(), 0);
    EXPECT_EQ(Url::parse("http://:p@h/").href(), "http://:p@h/");
}

TEST(Url, errors_say_where) {
    const auto offset_of = [](std::string_view text) -> std::size_t {
        try {
            (void)Url::parse(text);
        } catch (const UrlError& error) {
            return error.offset();
        }
        return 999;
    };
    EXPECT_EQ(offset_of("http://h:8a/"), 10U);
    EXPECT_EQ(offset_of("  http://h:8a/"), 12U);
    EXPECT_EQ(offset_of("ht\ttp://h:8a/"), 11U);
    EXPECT_EQ(offset_of("http://a b/"), 7U);
    EXPECT_EQ(offset_of("ht\ttp://"), 8U);
    EXPECT_EQ(offset_of(" ht\ntp://h:\t8a/"), 13U);
    EXPECT_EQ(offset_of("http://\t\na b/"), 9U);
}

/// What `text` says, or why it is no URL.
auto outcome_of(const std::string& text, UrlMode mode) -> std::string {
    try {
        const auto url = Url::parse(text, mode);
        const std::string kind = std::to_string(static_cast<int>(url.host_kind()));
        return url.href() + " " + kind + " " + std::string(url.host()) + " " + std::string(url.path()) + " " +
               std::string(url.query().value_or("-")) + " " + std::to_string(url.effective_port());
    } catch (const UrlError& error) {
        return error.what();
    }
}

// A scheme in capitals goes the long way: the short one for plain URLs gives the same.
TEST(Url, the_short_way_gives_what_the_long_one_gives) {
    const auto check = [](const std::string& rest) {
        for (const auto mode : {UrlMode::whatwg, UrlMode::strict}) {
            EXPECT_EQ(outcome_of("http://" + rest, mode), outcome_of("HTTP://" + rest, mode)) << rest;
            EXPECT_EQ(outcome_of("https://" + rest, mode), outcome_of("HTTPS://" + rest, mode)) << rest;
        }
    };
    for (const char* rest : {"h", "h/", "h:80/", "h:443/", "h:00080/", "h:000080/", "h:/", "h:65536/", "h?q", "h/?",
             "h/?"
             "?/",
             "h/'?'", "h/.", "h/..", "h/.x", "h/a/../b", "h/%2e", "h/a/%2E%2e/b", "h/a%2fb?%20", "h/a//b", "1.2.3.4/",
             "1.2.3/", "1.2.3.4.5/", "01.2.3.4/", "1.2.3.256/", "1.2.3.04/", "1.2.3.0/", "0.0.0.0/", "1..3.4/",
             "0x7f.1/", "a.0x1/", "a.1/", "a.1b/", "9a/", "a./", ".a/", "a..b/", "./", "-/", "xn--/",
             "xn--bcher-kva.de/", "a.xn--p1ai/", "axn--/", "u@h/", "h/@:", "h/a b", "h/a\\b", "h/#f", "h/\xc3\xa4",
             "h/{|}", "h/?a|b\"", "H/", "h_x/", "", ":80/", "/"}) {
        check(rest);
    }
    std::uint64_t state = 7;
    const auto random = [&state] {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        return static_cast<std::size_t>(state >> 33U);
    };
    constexpr std::string_view alphabet = "aa09x.-%2e/?:@'#&=~\\ [";
    for (int i = 0; i < 20'000; ++i) {
        std::string rest;
        for (auto size = random() % 14; size > 0; --size) rest += alphabet[random() % alphabet.size()];
        check(rest);
    }
}

TEST(Url, length_is_limited) {
    const std::string start = "http://h/";
    EXPECT_NO_THROW((void)Url::parse(start + std::string(max_url_bytes - start.size(), 'a')));
    EXPECT_THROW((void)Url::parse(start + std::string(max_url_bytes - start.size() + 1, 'a')), UrlError);
}

TEST(Url, fragment_can_be_inherited) {
    auto url = Url::parse("http://h/#old");
    url.set_fragment("a b");
    EXPECT_EQ(url.href(), "http://h/#a%20b");
    url.set_fragment(std::nullopt);
    EXPECT_EQ(url.href(), "http://h/");
}

TEST(Percent, encodes_and_decodes) {
    EXPECT_EQ(percent_encode("a b/c%?\xc3\xa9", EncodeSet::component), "a%20b%2Fc%25%3F%C3%A9");
    EXPECT_EQ(percent_decode("a%20b%2g%"), "a b%2g%");
    EXPECT_EQ(percent_decode(percent_encode("\0\x7f\xff'"sv, EncodeSet::component)), "\0\x7f\xff'"sv);
}

}  // namespace
}  // namespace gyre::http
