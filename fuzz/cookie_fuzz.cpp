// Cookies: what a jar takes it can send in a field that parses, to hosts that may have it and to no others; a saved jar
// reads back the same; a jar's text of any bytes is taken or refused.
// Input: lines, each a Set-Cookie field; a line that begins with "?" is a jar's text up to the end.

#include "require.hpp"

#include <gyre/http/client/cookie_jar.hpp>

#include <cstdint>

using namespace gyre::http;
using testing::require;

namespace {

const std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};

void check_request(CookieJar& jar, const Url& url) {
    const auto header = jar.header_for(url, now);
    if (!header) return;
    require(header->size() <= 8190 && !header->empty(), "the Cookie field is not empty and not too long");
    Fields fields;
    fields.add("Cookie", *header);  // throws if it holds a control
    require(parse_cookies(fields).size() <= 150, "no more than 150 cookies are sent");
}

void check_rules(const CookieJar& jar) {
    for (const auto& cookie : jar.cookies()) {
        require(cookie.name.size() + cookie.value.size() <= max_cookie_bytes, "no cookie is too long");
        require(
            cookie.host_only || !PublicSuffixList::system().is_public_suffix(cookie.domain), "no cookie for a suffix");
        require(
            !cookie.expires || *cookie.expires <= now + std::chrono::hours(24 * 400), "none lasts more than 400 days");
        require(cookie.path.starts_with('/'), "every path is absolute");
    }
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static const Url urls[] = {Url::parse("https://a.example.org/p/q"), Url::parse("http://example.org/"),
        Url::parse("http://192.0.2.1/"), Url::parse("https://b.co.uk/p")};
    std::string_view input{reinterpret_cast<const char*>(data), size};
    CookieJar jar;
    for (std::size_t turn = 0; !input.empty(); ++turn) {
        if (input.front() == '?') {
            try {
                jar.add_text(input.substr(1), now);
            } catch (const CookieJarError&) {}
            break;
        }
        const auto line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        const auto cookie = parse_set_cookie(line);
        if (cookie) (void)jar.set(urls[turn % std::size(urls)], *cookie, now);
        (void)parse_cookie_date(line);
    }
    check_rules(jar);
    CookieJar copy;
    copy.add_text(jar.to_text(now, true), now);
    require(copy.size() == jar.size(), "a saved jar reads back whole");
    for (const auto& url : urls) {
        require(copy.header_for(url, now) == jar.header_for(url, now), "a saved jar sends the same");
        check_request(jar, url);
    }
    return 0;
}
