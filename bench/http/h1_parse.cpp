// How long one request head takes to parse, framing decided, in nanoseconds: best and median of several runs.
// Usage: h1_parse [rounds]. Compile with -O2 or -O3.

#include <gyre/http/core/h1_parser.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_view_literals;

constexpr auto small_request = "GET /hello.htm HTTP/1.1\r\nHost: an.example.net\r\n\r\n"sv;
static_assert(small_request.size() == 49);

constexpr auto browser_request =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.example\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Keep-Alive: 115\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.example|utmcct=/reader/|utmcmd=referral\r\n"
    "\r\n"sv;

auto parse_once(gyre::http::RequestParser& parser, std::string_view text) -> std::size_t {
    auto event = parser.next(text);
    if (event.kind != gyre::http::EventKind::head) std::abort();
    if (parser.next(std::span{text}.subspan(event.consumed)).kind != gyre::http::EventKind::complete) std::abort();
    return parser.head().fields.size();
}

void measure(const char* name, std::string_view text, std::size_t rounds) {
    gyre::http::RequestParser parser;
    std::vector<double> runs;
    std::size_t fields = 0;
    for (int run = 0; run < 15; ++run) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < rounds; ++i) fields += parse_once(parser, text);
        const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
        runs.push_back(spent.count() / static_cast<double>(rounds));
    }
    std::sort(runs.begin(), runs.end());
    std::printf("%-8s %4zu bytes %2zu fields: best %6.1f ns, median %6.1f ns\n", name, text.size(),
        fields / (rounds * runs.size()), runs.front(), runs[runs.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 300'000;
    measure("small", small_request, std::max<std::size_t>(rounds, 1));
    measure("browser", browser_request, std::max<std::size_t>(rounds, 1));
}
