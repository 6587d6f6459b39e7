// llhttp and our parser read a table of messages and several hundred thousand deterministic mutations of it, and agree but
// for what llhttp_oracle.hpp lists.

#include "llhttp_oracle.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;

struct Comparison {
    std::map<std::string, std::pair<std::size_t, std::string>> unexplained;  // class -> how often, an example

    void compare(std::string_view text, bool is_response) {
        const auto name = testing::difference_to_llhttp(text, is_response);
        if (!name) return;
        auto& entry = unexplained[*name];
        if (++entry.first == 1) entry.second = text;
    }
};

constexpr std::array requests{
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /x?y=z HTTP/1.0\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA;a=b\r\n0123456789\r\n1\r\nx\r\n0\r\nT: "
    "u\r\n\r\n",
    "PUT /p HTTP/1.1\r\nHost: a:80\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX: a, b\t c \r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nbytes",
    "DELETE http://a/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
};

constexpr std::array responses{
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
    "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nuntil the end",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope",
    "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",
};

auto mutate(std::string text, std::minstd_rand& chance) -> std::string {
    static constexpr std::string_view bytes = "\0\t\n\r \"#%,:;=\\aAfFxX019+-\x7f\x80\xff/.*"sv;
    static constexpr std::array<std::string_view, 16> words{"\r\n", "\r\n\r\n", "\n", "chunked", "gzip",
        "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "close", "Host: b\r\n", "HTTP/1.0", " ", "0\r\n\r\n",
        "5", "ffffffffffffffff", "Connection: ", "\"q\\\"\""};
    const auto pick = [&chance](std::size_t bound) { return static_cast<std::size_t>(chance()) % bound; };
    for (auto steps = 1 + pick(3); steps > 0; --steps) {
        const auto at = pick(text.size() + 1);
        switch (pick(5)) {
        case 0:
            text.erase(at, 1 + pick(3));
            break;
        case 1:
            text.insert(at, 1, bytes[pick(bytes.size())]);
            break;
        case 2:
            if (at < text.size()) text[at] = bytes[pick(bytes.size())];
            break;
        case 3:
            text.insert(at, words[pick(words.size())]);
            break;
        case 4:
            text.insert(at, text.substr(pick(text.size() + 1), 1 + pick(12)));
            break;
        }
    }
    return text;
}

template<typename Table>
void compare_all(const Table& table, bool is_response, int mutations_each) {
    Comparison comparison;
    std::minstd_rand chance(20261121);  // the same mutations every time
    for (const std::string text : table) {
        comparison.compare(text, is_response);
        for (std::size_t size = 0; size < text.size(); ++size) comparison.compare(text.substr(0, size), is_response);
        for (int i = 0; i < mutations_each; ++i) comparison.compare(mutate(text, chance), is_response);
    }
    for (const auto& [name, found] : comparison.unexplained) {
        ADD_FAILURE() << name << ": " << found.first << " times, such as\n" << ::testing::PrintToString(found.second);
    }
}

TEST(LlhttpDifferential, requests_agree) { compare_all(requests, false, 20'000); }
TEST(LlhttpDifferential, responses_agree) { compare_all(responses, true, 20'000); }

}  // namespace
}  // namespace gyre::http
