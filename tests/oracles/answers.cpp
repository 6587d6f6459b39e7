// What gyre makes of URLs and cookies, for tests/oracles/compare.mjs: one question in a line, one answer in a line.
//
//   url TEXT [BASE]             HREF ORIGIN, or `refused`; then the same of strict mode
//   cookie TEXT                 `ignored`, or NAME VALUE DOMAIN PATH MAX_AGE EXPIRES SAME_SITE FLAGS
//   date TEXT                   seconds since 1970, or `none`
//   jar NOW (set URL COOKIE | get URL)...   a Cookie field, or `none`, for each `get`
//
// Texts are `=` and hexadecimal; what is not there is `-`.

#include <gyre/http/client/cookie_jar.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/core/url.hpp>

#include <iostream>
#include <optional>
#include <sstream>
#include <string>

namespace {

using namespace gyre::http;

auto from_hex(const std::string& word) -> std::string {
    std::string text;
    for (std::size_t i = 1; i + 1 < word.size(); i += 2) {
        text += static_cast<char>(std::stoi(word.substr(i, 2), nullptr, 16));
    }
    return text;
}

auto to_hex(std::string_view text) -> std::string {
    static constexpr auto digits = "0123456789abcdef";
    std::string word = "=";
    for (const char c : text) {
        word += digits[static_cast<unsigned char>(c) / 16];
        word += digits[static_cast<unsigned char>(c) % 16];
    }
    return word;
}

template<typename Time>
auto seconds_of(const std::optional<Time>& time) -> std::string {
    if (!time) return "-";
    if constexpr (requires { time->time_since_epoch(); })
        return std::to_string(time->time_since_epoch().count());
    else
        return std::to_string(time->count());
}

auto next_text(std::istream& words) -> std::string {
    std::string word;
    words >> word;
    return from_hex(word);
}

auto answer_url(const std::string& text, const std::optional<Url>& base, UrlMode mode) -> std::string {
    try {
        const auto url = base ? Url::parse(text, *base, mode) : Url::parse(text, mode);
        return to_hex(url.href()) + " " + to_hex(url.origin());
    } catch (const UrlError&) {
        return "refused";
    }
}

auto answer_url(std::istream& words) -> std::string {
    const auto text = next_text(words);
    std::optional<Url> base;
    if (std::string word; words >> word) base = Url::parse(from_hex(word));
    return answer_url(text, base, UrlMode::whatwg) + " " + answer_url(text, base, UrlMode::strict);
}

auto answer_cookie(const std::string& text) -> std::string {
    static constexpr const char* same_sites[] = {"unset", "none", "lax", "strict"};
    const auto cookie = parse_set_cookie(text);
    if (!cookie) return "ignored";
    auto answer = to_hex(cookie->name) + " " + to_hex(cookie->value) + " " + to_hex(cookie->domain) + " ";
    answer += cookie->path ? to_hex(*cookie->path) : "-";
    answer += " " + seconds_of(cookie->max_age) + " " + seconds_of(cookie->expires) + " ";
    answer += same_sites[static_cast<std::size_t>(cookie->same_site)];
    return answer + (cookie->secure ? " secure" : " -") + (cookie->http_only ? " httponly" : " -");
}

auto answer_jar(std::istream& words) -> std::string {
    std::int64_t now = 0;
    words >> now;
    const std::chrono::sys_seconds time{std::chrono::seconds(now)};
    CookieJar jar;
    std::string answer = "jar";
    for (std::string word; words >> word;) {
        const auto url = Url::parse(next_text(words));
        if (word == "set") {
            jar.set_from(url, Fields{{"Set-Cookie", next_text(words)}}, time);
        } else {
            const auto header = jar.header_for(url, time);
            answer += " " + (header ? to_hex(*header) : "none");
        }
    }
    return answer;
}

auto answer(const std::string& line) -> std::string {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "url") return answer_url(words);
    if (kind == "cookie") return answer_cookie(next_text(words));
    if (kind == "date") {
        const auto date = parse_cookie_date(next_text(words));
        return date ? seconds_of(date) : "none";
    }
    return kind == "jar" ? answer_jar(words) : "unknown question";
}

}  // namespace

auto main() -> int {
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << '\n';
    return 0;
}
