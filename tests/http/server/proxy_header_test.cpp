// The PROXY protocol: its two forms, what is none, and a server behind a proxy that speaks it.

#include "http/server/proxy_header.hpp"
#include "app_harness.hpp"
#include "harness.hpp"

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::internal::parse_proxy_header;
using http::internal::ProxyHeaderError;
using namespace std::string_literals;

/// "1.2.3.4:5 of 40 bytes", "nobody of 52 bytes, over TLS", "nobody of 15 bytes", "more", or the error.
auto read_header(const std::string& bytes) -> std::string {
    try {
        const auto header = parse_proxy_header(bytes);
        if (!header) return "more";
        auto text = (header->source ? header->source->text() : "nobody") + " of " + std::to_string(header->size) +
                    " bytes";
        if (header->is_secure) text += *header->is_secure ? ", over TLS" : ", without TLS";
        return text;
    } catch (const ProxyHeaderError& error) {
        return error.what();
    }
}

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string four_addresses("\xc0\x00\x02\x01\x0a\x00\x00\x01\x04\xd2\x00\x50", 12);

auto version_2(const std::string& rest, char command = '\x21', char family = '\x11') -> std::string {
    std::string header = signature + command + family;
    header.push_back(static_cast<char>(rest.size() >> 8U));
    header.push_back(static_cast<char>(rest.size() & 255U));
    return header + rest;
}

TEST(ProxyHeader, has_a_form_for_people) {
    const std::pair<std::string, const char*> cases[] = {
        {"PROXY TCP4 192.0.2.1 10.0.0.1 1234 80\r\nGET", "192.0.2.1:1234 of 39 bytes"},
        {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "[2001:db8::1]:65535 of 36 bytes"},
        {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1234 80\r\n", "192.0.2.1:1234 of 41 bytes"},
        {"PROXY UNKNOWN\r\n", "nobody of 15 bytes"},
        {"PROXY UNKNOWN ff::1 whatever\r\n", "nobody of 30 bytes"},
        {"", "more"},
        {"PRO", "more"},
        {"PROXY TCP4 192.0.2.1 10.0.0.1 1234 80\r", "more"},
        {"PROXY UNKNOWN" + std::string(92, ' ') + "\r\n", "nobody of 107 bytes"},
        {"PROXY UNKNOWN" + std::string(93, ' ') + "\r\n", "PROXY header: the line is too long"},
        {"GET / HTTP/1.1\r\n", "PROXY header: there is none"},
        {"PROXY\tTCP4", "PROXY header: there is none"},
        {"PROXY TCP5 192.0.2.1 10.0.0.1 1234 80\r\n", "PROXY header: the protocol is not TCP4, TCP6 or UNKNOWN"},
        {"PROXY UNKNOWNX\r\n", "PROXY header: words are missing"},
        {"PROXY TCP4 192.0.2.1 10.0.0.1 1234\r\n", "PROXY header: words are missing"},
        {"PROXY TCP4 ::1 10.0.0.1 1234 80\r\n", "PROXY header: an address is none of its family"},
        {"PROXY TCP4 192.0.2.1 localhost 1234 80\r\n", "PROXY header: an address is none of its family"},
        {"PROXY TCP6 fe80::1%1 ::1 1234 80\r\n", "PROXY header: an address is none of its family"},
        {"PROXY TCP4 192.0.2.1 10.0.0.1 65536 80\r\n", "PROXY header: a port is no number up to 65535"},
        {"PROXY TCP4 192.0.2.1 10.0.0.1 01 80\r\n", "PROXY header: a port is no number up to 65535"},
        {"PROXY TCP4 192.0.2.1 10.0.0.1 1 80 \r\n", "PROXY header: a port is no number up to 65535"},
        {"PROXY TCP4  192.0.2.1 10.0.0.1 1 80\r\n", "PROXY header: words are missing"},
    };
    for (const auto& [bytes, expected] : cases) {
        const auto result = read_header(bytes);
        EXPECT_EQ(result.starts_with("PROXY header: ") ? result.substr(0, 14) : result,
            std::string_view(expected).starts_with("PROXY header: ") ? "PROXY header: " : expected)
            << bytes << ": " << result;
    }
}

TEST(ProxyHeader, has_a_form_for_machines) {
    EXPECT_EQ(read_header(version_2(four_addresses) + "GET"), "192.0.2.1:1234 of 28 bytes");
    const std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(16, '\0') +
                            "\x04\xd2\x00\x50"s;
    EXPECT_EQ(read_header(version_2(six, '\x21', '\x21')), "[2001:db8::1]:1234 of 52 bytes");
    const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x01"s + std::string(16, '\0') +
                               "\x04\xd2\x00\x50"s;
    EXPECT_EQ(read_header(version_2(mapped, '\x21', '\x21')), "192.0.2.1:1234 of 52 bytes");
    EXPECT_EQ(read_header(version_2(std::string(216, 'x'), '\x21', '\x31')), "nobody of 232 bytes");
    EXPECT_EQ(read_header(version_2("", '\x20', '\x00')), "nobody of 16 bytes") << "the proxy's own";
    EXPECT_EQ(read_header(version_2("whatever", '\x20', '\x11')), "nobody of 24 bytes");
    EXPECT_EQ(read_header(version_2("", '\x21', '\x00')), "nobody of 16 bytes");
    EXPECT_EQ(read_header(version_2(four_addresses + "\x04\x00\x02xy"s)), "192.0.2.1:1234 of 33 bytes");
    const auto whole = version_2(four_addresses);
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(read_header(whole.substr(0, i)), "more") << i;
    const std::string padding(4096 - 16 - 12 - 3, 'x');
    const auto extension = [](std::size_t size) {
        return "\x04"s + static_cast<char>(size >> 8U) + static_cast<char>(size & 255U);
    };
    EXPECT_EQ(
        read_header(version_2(four_addresses + extension(padding.size()) + padding)), "192.0.2.1:1234 of 4096 bytes");
    EXPECT_EQ(read_header(version_2(four_addresses + extension(padding.size() + 1) + padding + "x")),
        "PROXY header: it is too long");
}

TEST(ProxyHeader, of_machines_may_be_wrong) {
    EXPECT_EQ(read_header(version_2(four_addresses, '\x11')), "PROXY header: the version is not 2");
    EXPECT_EQ(read_header(version_2(four_addresses, '\x22')), "PROXY header: the command is neither LOCAL nor PROXY");
    EXPECT_EQ(read_header(version_2(four_addresses, '\x21', '\x12')),
        "PROXY header: the connection is neither TCP nor a Unix stream");
    EXPECT_EQ(read_header(version_2(four_addresses.substr(1))), "PROXY header: the addresses are cut off");
    EXPECT_EQ(read_header(version_2(four_addresses + "\x04\x00"s)), "PROXY header: an extension is cut off");
    EXPECT_EQ(read_header(version_2(four_addresses + "\x04\x00\x02x"s)), "PROXY header: an extension is cut off");
    EXPECT_EQ(read_header(version_2(four_addresses + "\x03\x00\x03xyz"s)), "PROXY header: a checksum has four bytes");
    EXPECT_EQ(read_header(version_2(four_addresses + "\x03\x00\x04wxyz"s)), "PROXY header: its checksum is wrong");
    const std::string good = "\x04\x00\x01x\x03\x00\x04\xbe\x0c\x64\x8e"s;
    EXPECT_EQ(read_header(version_2(four_addresses + good)), "192.0.2.1:1234 of 39 bytes");
}

TEST(ProxyHeader, of_machines_may_tell_of_tls) {
    const auto told = [](const std::string& extensions, char command = '\x21') {
        const auto text = read_header(version_2(four_addresses + extensions, command));
        return text.starts_with("PROXY header") ? text : text.substr(text.find("bytes"));
    };
    EXPECT_EQ(told(""), "bytes") << "it does not say";
    EXPECT_EQ(told("\x20\x00\x05\x01\x00\x00\x00\x00"s), "bytes, over TLS");
    EXPECT_EQ(told("\x20\x00\x05\x07\x00\x00\x00\x00"s), "bytes, over TLS") << "and it showed a certificate";
    EXPECT_EQ(told("\x20\x00\x05\x00\x00\x00\x00\x01"s), "bytes, without TLS");
    EXPECT_EQ(told("\x20\x00\x05\x06\x00\x00\x00\x00"s), "bytes, without TLS") << "the first bit says it";
    EXPECT_EQ(told("\x04\x00\x01x\x20\x00\x0f\x01\x00\x00\x00\x00\x21\x00\x07TLSv1.3\x04\x00\x00"s), "bytes, over TLS");
    EXPECT_EQ(told("\x20\x00\x05\x01\x00\x00\x00\x00"s, '\x20'), "bytes") << "the proxy's own";
    EXPECT_EQ(told("\x20\x00\x04\x01\x00\x00\x00"s), "PROXY header: what it says of TLS is cut off");
    EXPECT_EQ(told("\x20\x00\x00"s), "PROXY header: what it says of TLS is cut off");
    EXPECT_EQ(told("\x20\x00\x05\x01\x00\x00\x00"s), "PROXY header: an extension is cut off");
    EXPECT_EQ(told("\x20\xff\xff\x01\x00\x00\x00\x00"s), "PROXY header: an extension is cut off");
}

class HttpProxyProtocol : public OnLoops {};
GYRE_ON_LOOPS(HttpProxyProtocol);

/// Sends `bytes` on a connection of its own. @return what comes, to the end.
auto talk_raw(std::uint16_t port, std::string bytes) -> Task<std::string> {
    auto stream = co_await net::connect("127.0.0.1", port);
    try {
        co_await stream.write(bytes);
        auto all = co_await stream.read_all();
        co_return all;
    } catch (const IoError&) {
        co_return "reset";
    }
}

auto peer_app() -> http::App {
    http::App app;
    app.get("/", [](http::Request& request) -> Task<http::Response> {
        co_return http::Response::text("you are " + request.client().text());
    });
    return app;
}

TEST_P(HttpProxyProtocol, says_who_is_at_the_other_end) {
    run([]() -> Task<> {
        const http::TrustedProxies proxies({"127.0.0.0/8"});
        http::ServerOptions options{.port = 0};
        options.connection.trusted_proxies = &proxies;
        options.connection.proxy_protocol = true;
        auto server = co_await http::Server::start(peer_app(), options);
        const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        const auto one = co_await talk_raw(server.port(), "PROXY TCP4 192.0.2.1 10.0.0.1 1234 80\r\n" + request);
        EXPECT_TRUE(one.ends_with("you are 192.0.2.1:1234")) << one;
        const auto two = co_await talk_raw(server.port(), version_2(four_addresses) + request);
        EXPECT_TRUE(two.ends_with("you are 192.0.2.1:1234")) << two;
        const auto own = co_await talk_raw(server.port(), "PROXY UNKNOWN\r\n" + request);
        EXPECT_NE(own.find("you are 127.0.0.1:"), own.npos) << own;
        const auto none = co_await talk_raw(server.port(), request);
        EXPECT_EQ(none.find("HTTP/1.1"), none.npos) << none;
        co_await server.stop(1s);
    });
}

TEST_P(HttpProxyProtocol, says_whether_the_client_came_over_tls) {
    run([]() -> Task<> {
        http::App app;
        app.use(http::security_headers());
        app.get("/", [](http::Request& request) -> Task<http::Response> {
            co_return http::Response::text(request.client().ip() + " over " + std::string(request.scheme()));
        });
        const http::TrustedProxies proxies({"127.0.0.0/8"});
        http::ServerOptions options{.port = 0};
        options.connection.trusted_proxies = &proxies;
        options.connection.proxy_protocol = true;
        auto server = co_await http::Server::start(std::move(app), options);
        const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
        const std::string claim = "X-Forwarded-Proto: https\r\n";
        const auto over_tls = version_2(four_addresses + "\x20\x00\x05\x01\x00\x00\x00\x00"s);
        const auto without_tls = version_2(four_addresses + "\x20\x00\x05\x00\x00\x00\x00\x00"s);
        const auto one = co_await talk_raw(server.port(), over_tls + request + "\r\n");
        EXPECT_TRUE(one.ends_with("192.0.2.1 over https")) << one;
        EXPECT_NE(one.find("Strict-Transport-Security"), one.npos) << one;
        const auto other = co_await talk_raw(server.port(), without_tls + request + "\r\n");
        EXPECT_TRUE(other.ends_with("192.0.2.1 over http")) << other;
        EXPECT_EQ(other.find("Strict-Transport-Security"), other.npos) << other;
        const auto claimed = co_await talk_raw(server.port(), without_tls + request + claim + "\r\n");
        EXPECT_TRUE(claimed.ends_with("192.0.2.1 over http")) << "the client may have written that: " << claimed;
        co_await server.stop(1s);
    });
}

TEST_P(HttpProxyProtocol, leaves_the_scheme_to_a_field_where_the_proxy_sets_it) {
    run([]() -> Task<> {
        http::App app;
        app.get("/", [](http::Request& request) -> Task<http::Response> {
            co_return http::Response::text(request.client().ip() + " over " + std::string(request.scheme()));
        });
        const http::TrustedProxies proxies({"127.0.0.0/8"});
        http::ServerOptions options{.port = 0};
        options.connection.trusted_proxies = &proxies;
        options.connection.proxy_protocol = true;
        options.connection.proxy_tells_scheme = true;
        auto server = co_await http::Server::start(std::move(app), options);
        const std::string request =
            "PROXY TCP4 192.0.2.1 10.0.0.1 1234 80\r\n"
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
        const std::pair<const char*, const char*> cases[] = {
            {"", "192.0.2.1 over http"},
            {"X-Forwarded-Proto: https\r\n", "192.0.2.1 over https"},
            {"X-Forwarded-Proto: https, http\r\n", "192.0.2.1 over http"},
            {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n", "192.0.2.1 over https"},
        };
        for (const auto& [fields, expected] : cases) {
            const auto answer = co_await talk_raw(server.port(), request + fields + "\r\n");
            EXPECT_TRUE(answer.ends_with(expected)) << fields << answer;
        }
        co_await server.stop(1s);
    });
}

TEST_P(HttpProxyProtocol, is_believed_of_nobody_else) {
    run([]() -> Task<> {
        const http::TrustedProxies proxies({"10.0.0.0/8"});
        http::ServerOptions options{.port = 0};
        options.connection.trusted_proxies = &proxies;
        options.connection.proxy_protocol = true;
        auto server = co_await http::Server::start(peer_app(), options);
        const auto refused = co_await talk_raw(
            server.port(), "PROXY TCP4 10.0.0.9 10.0.0.1 1 80\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_EQ(refused.find("HTTP/1.1"), refused.npos) << refused;
        co_await server.stop(1s);
        http::ServerOptions nobody{.port = 0};
        nobody.connection.proxy_protocol = true;
        const auto outcome = co_await as_outcome(http::Server::start(peer_app(), nobody));
        EXPECT_TRUE(failed_with<std::invalid_argument>(outcome));
    });
}

GYRE_TEST(HttpProxyProtocolTime, is_limited) {
    const http::TrustedProxies proxies({"127.0.0.0/8"});
    http::ServerOptions options{.port = 0};
    options.connection.trusted_proxies = &proxies;
    options.connection.proxy_protocol = true;
    auto server = co_await http::Server::start(peer_app(), options);
    const auto before = this_loop().now();
    const auto nothing = co_await talk_raw(server.port(), "PROXY TCP4 ");
    EXPECT_EQ(nothing.find("HTTP"), nothing.npos);
    EXPECT_EQ(this_loop().now() - before, 10s);
    co_await server.stop(1s);
}

}  // namespace
}  // namespace gyre::testing
