#include <gyre/http/core/cookie.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace gyre::http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;
using namespace std::string_literals;

const sys_seconds example = sys_days{1994y / November / 6} + 8h + 49min + 37s;

TEST(Cookie, the_smallest_is_for_all_paths_of_the_host) {
    EXPECT_EQ(Cookie("session", "s3cret").to_set_cookie(), "session=s3cret; Path=/");
    EXPECT_EQ(Cookie("session", "s3cret").http_only().to_set_cookie(), "session=s3cret; Path=/; HttpOnly");
}

TEST(Cookie, every_attribute_is_written) {
    auto cookie = Cookie("a", "b");
    cookie.domain(".example.org").path("/x").max_age(1h).expires(example).secure().http_only();
    cookie.same_site(SameSite::strict).partitioned();
    EXPECT_EQ(cookie.to_set_cookie(),
        "a=b; Path=/x; Domain=example.org; Max-Age=3600; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; HttpOnly; "
        "SameSite=Strict; Partitioned");
    EXPECT_EQ(Cookie("a", "").same_site(SameSite::lax).to_set_cookie(), "a=; Path=/; SameSite=Lax");
    EXPECT_EQ(cookie.domain(), "example.org");
    EXPECT_EQ(cookie.path(), "/x");
    EXPECT_EQ(cookie.max_age(), 3600s);
    EXPECT_EQ(cookie.expires(), example);
    EXPECT_TRUE(cookie.is_secure() && cookie.is_http_only() && cookie.is_partitioned());
    EXPECT_EQ(cookie.same_site(), SameSite::strict);
}

TEST(Cookie, a_removal_is_long_past) {
    EXPECT_EQ(Cookie::removal("a").to_set_cookie(), "a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Cookie, what_needs_secure_turns_it_on_and_keeps_it_on) {
    EXPECT_EQ(Cookie("__Secure-a", "b").to_set_cookie(), "__Secure-a=b; Path=/; Secure");
    EXPECT_EQ(Cookie("__hOsT-a", "b").to_set_cookie(), "__hOsT-a=b; Path=/; Secure");
    EXPECT_EQ(Cookie("a", "b").same_site(SameSite::none).to_set_cookie(), "a=b; Path=/; Secure; SameSite=None");
    EXPECT_EQ(Cookie("a", "b").partitioned().to_set_cookie(), "a=b; Path=/; Secure; Partitioned");
    EXPECT_EQ(Cookie("a", "b").partitioned(false).to_set_cookie(), "a=b; Path=/") << "nothing needs it";
    EXPECT_FALSE(Cookie("a", "b").secure().secure(false).is_secure());
    for (auto cookie : {Cookie("__Secure-a", "b"), Cookie("__host-a", "b"), Cookie("a", "b").same_site(SameSite::none),
             Cookie("a", "b").partitioned()}) {
        EXPECT_THROW(cookie.secure(false), std::invalid_argument) << cookie.name();
        EXPECT_TRUE(cookie.is_secure());
    }
}

TEST(Cookie, the_host_prefix_allows_no_domain_and_no_other_path) {
    for (const auto* name : {"__Host-a", "__HOST-a"}) {
        Cookie cookie(name, "b");
        EXPECT_THROW(cookie.domain("example.org"), std::invalid_argument);
        EXPECT_THROW(cookie.path("/x"), std::invalid_argument);
        EXPECT_EQ(cookie.domain("").path("/").to_set_cookie(), name + "=b; Path=/; Secure"s);
    }
    EXPECT_EQ(Cookie("__Secure-a", "b").domain("example.org").path("/x").domain(), "example.org");
}

// CVE-2023-26130, CVE-2026-21428, CVE-2026-1527: what was set became fields and messages of its own.
TEST(Cookie, injection_is_refused_when_set) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        SCOPED_TRACE(byte);
        if (byte <= 0x20 || byte >= 0x7f || c == ";") {
            EXPECT_THROW(Cookie("a" + c + "b", ""), std::invalid_argument);
            EXPECT_THROW(Cookie("a", "x" + c + "y"), std::invalid_argument);
            EXPECT_THROW(Cookie("a", "").domain("x" + c + "y"), std::invalid_argument);
            if (c != " ") EXPECT_THROW(Cookie("a", "").path("/x" + c + "y"), std::invalid_argument);
        }
    }
    for (const auto* bad : {"", "a=b", "a,b", "a(b", "a\"b", "a/b"})
        EXPECT_THROW(Cookie(bad, ""), std::invalid_argument) << bad;
    for (const auto* bad : {"a,b", "a\"b", "a\\b", "\"", "\"a", "a\"", "\"a\"b\""}) {
        EXPECT_THROW(Cookie("a", bad), std::invalid_argument) << bad;
    }
    for (const auto* bad : {"a..b", "..a", "a.", "[::1]", "a/b", "a:80"}) {
        EXPECT_THROW(Cookie("a", "").domain(bad), std::invalid_argument) << bad;
    }
    for (const auto* bad : {"", "x", " /"}) EXPECT_THROW(Cookie("a", "").path(bad), std::invalid_argument) << bad;
    EXPECT_EQ(Cookie("a", "\"quoted\"").value(), "\"quoted\"");
    EXPECT_EQ(Cookie("a", "!#$%&'()*+-./:<=>?@[]^_`{|}~").value().size(), 28U);
}

TEST(Cookie, a_setter_that_throws_changes_nothing) {
    auto cookie = Cookie("a", "b").domain("example.org").path("/x").expires(example);
    const auto before = cookie;
    EXPECT_THROW(cookie.domain("a b"), std::invalid_argument);
    EXPECT_THROW(cookie.path("x"), std::invalid_argument);
    EXPECT_THROW(cookie.expires(sys_days{10000y / 1 / 1}), std::out_of_range);
    EXPECT_EQ(cookie, before);
}

TEST(Cookie, limits_hold_on_both_sides) {
    EXPECT_NO_THROW(Cookie("n", std::string(max_cookie_bytes - 1, 'v')));
    EXPECT_THROW(Cookie("n", std::string(max_cookie_bytes, 'v')), std::invalid_argument);
    EXPECT_NO_THROW(Cookie("a", "").path("/" + std::string(max_cookie_attribute_bytes - 1, 'p')));
    EXPECT_THROW(Cookie("a", "").path("/" + std::string(max_cookie_attribute_bytes, 'p')), std::invalid_argument);
    EXPECT_NO_THROW(Cookie("a", "").domain(std::string(max_cookie_attribute_bytes, 'd')));
    EXPECT_THROW(Cookie("a", "").domain(std::string(max_cookie_attribute_bytes + 1, 'd')), std::invalid_argument);
}

TEST(Cookie, what_is_written_is_read) {
    auto cookie = Cookie("__Secure-a", "\"v\"").domain("Example.org").path("/x y").max_age(-5s).expires(example);
    cookie.http_only().same_site(SameSite::none).partitioned();
    const auto read = parse_set_cookie(cookie.to_set_cookie());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, cookie.name());
    EXPECT_EQ(read->value, cookie.value());
    EXPECT_EQ(read->domain, "example.org");
    EXPECT_EQ(read->path, cookie.path());
    EXPECT_EQ(read->max_age, cookie.max_age());
    EXPECT_EQ(read->expires, cookie.expires());
    EXPECT_EQ(read->same_site, SameSite::none);
    EXPECT_TRUE(read->secure && read->http_only && read->partitioned);
}

TEST(SetCookie, name_and_value) {
    struct Case {
        std::string_view text;
        std::string_view name;
        std::string_view value;
    };
    for (const auto& c : std::vector<Case>{
             {"a=b", "a", "b"}, {" a \t=\t b c ; x", "a", "b c"}, {"a=b=c", "a", "b=c"}, {"a=", "a", ""},
             {"=b", "", "b"},                                                  // RFC 6265bis: a cookie without a name
             {"b", "", "b"}, {"=a=b", "", "a=b"}, {"a=\"b; c\"", "a", "\"b"},  // quotes are not special
             {"a=b\tc", "a", "b\tc"}, {"a=\xc3\xa4", "a", "\xc3\xa4"},
             {"__proto__=x", "__proto__", "x"},  // CVE-2023-26136: only a name here
         }) {
        const auto cookie = parse_set_cookie(c.text);
        ASSERT_TRUE(cookie) << c.text;
        EXPECT_EQ(cookie->name, c.name) << c.text;
        EXPECT_EQ(cookie->value, c.value) << c.text;
    }
    for (const auto* text : {"", "=", " = ", ";", "; a=b", "=; Secure"}) EXPECT_FALSE(parse_set_cookie(text)) << text;
}

// CVE-2022-35252: a jar that took control bytes and sent them back made servers answer 400 for good.
TEST(SetCookie, controls_make_the_whole_cookie_ignored) {
    for (int byte = 0; byte < 0x80; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        EXPECT_EQ(parse_set_cookie("a=b" + c + "c").has_value(), !is_control) << byte;
        EXPECT_EQ(parse_set_cookie("a=b; Path=/" + c).has_value(), !is_control) << byte;
    }
}

TEST(SetCookie, limits_hold_on_both_sides) {
    EXPECT_TRUE(parse_set_cookie("ab=" + std::string(max_cookie_bytes - 2, 'v')));
    EXPECT_FALSE(parse_set_cookie("ab=" + std::string(max_cookie_bytes - 1, 'v')));
    EXPECT_TRUE(parse_set_cookie("a=b; " + std::string(max_set_cookie_bytes - 5, 'x')));
    EXPECT_FALSE(parse_set_cookie("a=b; " + std::string(max_set_cookie_bytes - 4, 'x')));
    EXPECT_TRUE(parse_set_cookie(std::string(max_cookie_bytes, 'v')));
    EXPECT_FALSE(parse_set_cookie(std::string(max_cookie_bytes + 1, 'v')));
    EXPECT_TRUE(parse_set_cookie("a=b; Path=/" + std::string(max_cookie_attribute_bytes - 1, 'p'))->path);
    EXPECT_FALSE(parse_set_cookie("a=b; Path=/" + std::string(max_cookie_attribute_bytes, 'p'))->path);
    EXPECT_FALSE(parse_set_cookie("a=b; Domain=" + std::string(max_cookie_attribute_bytes, 'd'))->domain.empty());
    EXPECT_TRUE(parse_set_cookie("a=b; Domain=" + std::string(max_cookie_attribute_bytes + 1, 'd'))->domain.empty());
}

TEST(SetCookie, attributes_are_read_without_case_and_the_last_counts) {
    const auto cookie = parse_set_cookie(
        "a=b;DOMAIN=.X.org ; domain = Y.org;path=/1;PATH=/2;max-age=1;MAX-AGE=2;secure=no;HTTPONLY;samesite=LAX;"
        "SameSite=stRict; Partitioned; Unknown=1; ; =x");
    ASSERT_TRUE(cookie);
    EXPECT_EQ(cookie->domain, "y.org");
    EXPECT_EQ(cookie->path, "/2");
    EXPECT_EQ(cookie->max_age, 2s);
    EXPECT_TRUE(cookie->secure && cookie->http_only && cookie->partitioned);
    EXPECT_EQ(cookie->same_site, SameSite::strict);
    EXPECT_EQ(parse_set_cookie("a=b; Domain=x.org; Domain=")->domain, "");
    EXPECT_EQ(parse_set_cookie("a=b; SameSite=Lax; SameSite=what")->same_site, SameSite::unset);
    EXPECT_EQ(parse_set_cookie("a=b; SameSite=None")->same_site, SameSite::none);
    EXPECT_EQ(parse_set_cookie("a=b; Path")->path, "");
    EXPECT_FALSE(parse_set_cookie("a=b")->secure);
}

TEST(SetCookie, max_age_is_digits_with_at_most_a_minus) {
    struct Case {
        std::string_view text;
        std::optional<seconds> age;
    };
    for (const auto& c : std::vector<Case>{{"0", 0s}, {"60", 60s}, {"-1", -1s}, {"007", 7s}, {"-", {}}, {"", {}},
             {"+1", {}}, {"1.5", {}}, {"1 2", {}}, {"0x10", {}}, {"9007199254740992", seconds(std::int64_t{1} << 53)},
             {"99999999999999999999999999", seconds(std::int64_t{1} << 53)},
             {"-99999999999999999999999999", seconds(-(std::int64_t{1} << 53))}}) {
        EXPECT_EQ(parse_set_cookie("a=b; Max-Age=" + std::string(c.text))->max_age, c.age) << c.text;
    }
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=5; Max-Age=x")->max_age, 5s);
}

TEST(CookieDate, nearly_any_notation_is_read) {
    for (const auto* text : {
             "Sun, 06 Nov 1994 08:49:37 GMT",
             "Sunday, 06-Nov-94 08:49:37 GMT",
             "Sun Nov  6 08:49:37 1994",
             "6 nov 94 8:49:37",
             "08:49:37 november 6 1994",
             "1994 08:49:37x 06 Nov",  // 1994 fits no day and no month, so it is the year
             "06th Novembre 1994AD 08:49:37Z",
             "what;06_Nov_1994/08:49:37",
             "on 06 Nov 1994 at 08:49:37",
             "06 Nov\x01 1994\x7f 08:49:37\xff",
             "06[Nov`1994{08:49:37}ab~cd@ef\tg!",
         }) {
        EXPECT_EQ(parse_cookie_date(text), example) << text;
    }
    EXPECT_EQ(parse_cookie_date("1 Jan 69 0:0:0"), sys_days{2069y / January / 1});
    EXPECT_EQ(parse_cookie_date("1 Jan 70 0:0:0"), sys_days{1970y / January / 1});
    EXPECT_EQ(parse_cookie_date("1 Jan 1601 0:0:0"), sys_days{1601y / January / 1});
    EXPECT_EQ(parse_cookie_date("31 Dec 9999 23:59:59"), sys_days{9999y / December / 31} + 23h + 59min + 59s);
}

// RFC 6265bis 5.1.1: controls, DEL and bytes above ASCII divide nothing.
TEST(CookieDate, nothing_else_is_read) {
    for (const auto* text : {"", "0", "06 Nov 1994", "06 Nov 08:49:37", "Nov 1994 08:49:37", "06 1994 08:49:37",
             "1 Jan 1600 0:0:0", "0 Jan 1994 0:0:0", "32 Jan 1994 0:0:0", "30 Feb 1994 0:0:0", "29 Feb 1995 0:0:0",
             "1 Jan 1994 24:0:0", "1 Jan 1994 0:60:0", "1 Jan 1994 0:0:60", "1 Jan 1994 0:0", "1 Jan 19945 0:0:0",
             "1 Jan 1994 000:0:0", "1 Jan 1994 24:0:0 12:0:0", "06\x01Nov 1994 08:49:37", "06\x7fNov 1994 08:49:37",
             "06\xffNov 1994 08:49:37"}) {
        EXPECT_FALSE(parse_cookie_date(text)) << text;
    }
}

TEST(SetCookie, a_date_that_is_none_takes_nothing_back) {
    EXPECT_EQ(parse_set_cookie("a=b; Expires=06 Nov 1994 08:49:37; Expires=soon")->expires, example);
    EXPECT_FALSE(parse_set_cookie("a=b; Expires=soon")->expires);
}

TEST(RequestCookies, all_fields_are_read_in_order) {
    const Fields fields{{"X", "x=y"}, {"Cookie", "a=1; b=2;c=\"x y\" ; a=3;;=; bare"}, {"cookie", "d=4=5; A=6"}};
    EXPECT_EQ(parse_cookies(fields), (std::vector<CookiePair>{{"a", "1"}, {"b", "2"}, {"c", "\"x y\""}, {"a", "3"},
                                         {"", "bare"}, {"d", "4=5"}, {"A", "6"}}));
    EXPECT_EQ(find_cookie(fields, "a"), "1");
    EXPECT_EQ(find_cookie(fields, "A"), "6");
    EXPECT_EQ(find_cookie(fields, "d"), "4=5");
    EXPECT_EQ(find_cookie(fields, "x"), std::nullopt);
    EXPECT_TRUE(parse_cookies({}).empty());
}

// A value without a name must not turn into a name that was protected by its prefix.
TEST(RequestCookies, a_nameless_value_gives_no_name) {
    const Fields fields{{"Cookie", "=__Host-a=evil; __Host-a=good"}};
    EXPECT_EQ(find_cookie(fields, "__Host-a"), "good");
}

}  // namespace
}  // namespace gyre::http
