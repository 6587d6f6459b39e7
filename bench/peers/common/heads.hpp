#pragma once

#include "rounds.hpp"

#include <string_view>

/// What the C++ programs that parse heads of requests share: the heads, and rounds of them. bench/peers/httparse has the same text.
namespace rounds {

inline constexpr std::string_view small_head = "GET /hello.htm HTTP/1.1\r\nHost: an.example.net\r\n\r\n";
static_assert(small_head.size() == 49);

inline constexpr std::string_view browser_head =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.example\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 "
    "Pathtraq/0.9\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Keep-Alive: 115\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=readers.example|utmcct=/reader/|utmcmd=referral\r\n"
    "\r\n";
static_assert(browser_head.size() == 703);

/// Nanoseconds of processor time for each of `count` heads. `parse` gives the number of fields that it found.
template<class Parse>
double parse_heads(int count, std::string_view head, std::size_t fields, Parse parse) {
    std::size_t found = 0;
    const double start = cpu();
    for (int i = 0; i < count; ++i) {
        const char* text = head.data();
        asm volatile("" : "+r"(text) : : "memory");  // what it says must not be known when the loop is compiled
        found += parse(std::string_view(text, head.size()));
    }
    const double spent = cpu() - start;
    if (found != fields * static_cast<std::size_t>(count)) {
        std::fprintf(stderr, "a head was not read as it is\n");
        std::_Exit(1);
    }
    return spent / count;
}

/// `WORK COUNT SECONDS`.
template<class Parse>
int run_with_heads(int argc, char** argv, Parse parse) {
    return run(argc, argv,
        {{"small", {[&](int count) { return parse_heads(count, small_head, 1, parse); }}},
            {"browser", {[&](int count) { return parse_heads(count, browser_head, 9, parse); }}}});
}

}  // namespace rounds
