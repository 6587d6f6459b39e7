// SOCKS5: what is sent, and what is made of every answer.
#include <gyre/net/socks5.hpp>

#include "connected.hpp"
#include "socks_server.hpp"
#include "support/loops.hpp"

namespace gyre::testing {
namespace {

class Socks5 : public OnLoops {};
GYRE_ON_LOOPS(Socks5);

/// Asks the proxy for a host. @return "connected" or the error.
auto ask_proxy(std::string place, std::string host, std::uint16_t port, net::Socks5Login login = {})
    -> Task<std::string> {
    const auto colon = place.rfind(':');
    auto stream = co_await net::connect(
        place.substr(0, colon), static_cast<std::uint16_t>(std::stoul(place.substr(colon + 1))));
    auto outcome = co_await as_outcome(net::socks5_connect(std::move(stream), std::move(host), port, std::move(login)));
    co_return outcome.has_value() ? "connected" : describe(outcome.error());
}

TEST_P(Socks5, reaches_a_host_by_name_and_by_address) {
    SocksServer proxy;
    run(proxy.run([&](std::string place) -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto port = listener.local_address().port();
        const net::Socks5Login login("user", "");
        for (const std::string host : {"far.example", "192.0.2.1", "2001:db8::1"}) {
            const auto end = co_await ask_proxy(place, host, port, login);
            EXPECT_EQ(end, "connected");
        }
        proxy.method = 0;
        const auto end = co_await ask_proxy(place, "far.example", port);
        EXPECT_EQ(end, "connected");
    }));
    const std::vector<std::string> hosts = {
        "far.example", "c0000201", "20010db8000000000000000000000001", "far.example"};
    EXPECT_EQ(proxy.hosts, hosts);
    EXPECT_EQ(proxy.login, "user:");
}

TEST_P(Socks5, says_why_it_failed) {
    SocksServer proxy;
    run(proxy.run([&](std::string place) -> Task<> {
        const net::Socks5Login login("user", "wrong");
        const auto without = co_await ask_proxy(place, "x.example", 80);
        EXPECT_EQ(without, "socks5 x.example:80: the proxy wants another way to log in");
        proxy.verdict = 1;
        const auto wrong = co_await ask_proxy(place, "x.example", 80, login);
        EXPECT_EQ(wrong, "socks5 x.example:80: the proxy does not accept user name and password");
        proxy.verdict = 0;
        const std::string_view texts[] = {"the proxy failed", "the proxy does not allow it",
            "Network is unreachable, says the proxy", "No route to host, says the proxy",
            "Connection refused, says the proxy", "timed out, says the proxy", "the proxy does not connect",
            "the proxy does not know this kind of address", "the proxy failed, code 9"};
        for (std::size_t code = 1; code <= 9; ++code) {
            proxy.reply = static_cast<char>(code);
            const auto refused = co_await ask_proxy(place, "x.example", 80, login);
            EXPECT_EQ(refused, "socks5 x.example:80: " + std::string(texts[code - 1]));
        }
    }));
}

TEST_P(Socks5, malformed_answers_are_errors) {
    using namespace std::string_literals;
    const std::pair<std::string, std::string_view> cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n", "the other side is no SOCKS5 proxy"},
        {"\5", "the proxy closed the connection"},
        {"\5\377"s, "the proxy wants another way to log in"},
        {"\5\0\4\0\0\1"s, "the other side is no SOCKS5 proxy"},
        {"\5\0\5\0\0\11"s, "the proxy's answer is malformed"},
        {"\5\0\5\0\0\3\0"s, "the proxy's answer is malformed"},
        {"\5\0\5\0\0\1\1\2"s, "the proxy closed the connection"},
    };
    for (const auto& [bytes, text] : cases) {
        SocksServer proxy;
        proxy.bytes = bytes;
        run(proxy.run([&](std::string place) -> Task<> {
            const auto end = co_await ask_proxy(place, "x.example", 80);
            EXPECT_EQ(end, "socks5 x.example:80: " + std::string(text));
        }));
    }
}

TEST_P(Socks5, lengths_are_checked) {
    SocksServer proxy;
    proxy.method = 0;
    run(proxy.run([&](std::string place) -> Task<> {
        const auto longest = co_await ask_proxy(place, std::string(255, 'x'), 1);
        EXPECT_EQ(longest.find("a host has"), std::string::npos) << longest;
        const auto longer = co_await ask_proxy(place, std::string(256, 'x'), 1);
        EXPECT_EQ(longer, "socks5: a host has 1 to 255 bytes, not 256");
    }));
    EXPECT_EQ(proxy.hosts.size(), 1U);
    const std::string text = "Socks5Login: a name has 1 to 255 bytes, a password at most 255";
    EXPECT_EQ(error_of([] { net::Socks5Login("", "x"); }), text);
    EXPECT_EQ(error_of([] { net::Socks5Login(std::string(256, 'x'), ""); }), text);
    EXPECT_EQ(error_of([] { net::Socks5Login("x", std::string(256, 'x')); }), text);
    EXPECT_EQ(error_of([] { net::Socks5Login(std::string(255, 'x'), std::string(255, 'x')); }), "nothing");
}

}  // namespace
}  // namespace gyre::testing
