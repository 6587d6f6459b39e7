#pragma once

#include "support/relay.hpp"

#include <gyre/gyre.hpp>
#include <gyre/net/connect.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

/// A SOCKS5 proxy to which every name means this machine.
class SocksServer {
public:
    SocksServer() = default;
    SocksServer(const SocksServer&) = delete;
    auto operator=(const SocksServer&) -> SocksServer& = delete;

    char method = 2;                 ///< How it wants a login.
    char verdict = 0;                ///< On user name and password.
    char reply = 0;                  ///< To the request.
    std::string bytes;               ///< Sent in place of all that, if it is not empty.
    std::string login;               ///< "user:password", as they came.
    std::vector<std::string> hosts;  ///< As they came; addresses in hexadecimal.

    /// Serves, runs `body("127.0.0.1:PORT")`, and stops.
    [[nodiscard]] auto run(std::function<Task<>(std::string place)> body) -> Task<> {
        const net::ConnectionHandler handler = [this](net::Stream stream) { return handle(std::move(stream)); };
        co_await serve_while(handler, std::move(body));
    }

private:
    [[nodiscard]] auto handle(net::Stream stream) -> Task<> {
        try {
            co_await talk(stream);
        } catch (const net::IncompleteReadError&) {
        } catch (const IoError&) {}
    }

    [[nodiscard]] auto talk(net::Stream& stream) -> Task<> {
        const auto greeting = co_await stream.read_exactly(2);
        static_cast<void>(co_await stream.read_exactly(byte(greeting[1])));
        if (!bytes.empty()) co_return co_await stream.write(bytes);
        const std::string choice = {5, method};
        co_await stream.write(choice);
        if (method == 2) {
            const auto version_and_length = co_await stream.read_exactly(2);
            login = co_await stream.read_exactly(byte(version_and_length[1]));
            const auto length = co_await stream.read_exactly(1);
            login += ":";
            login += co_await stream.read_exactly(byte(length[0]));
            const std::string answer = {1, verdict};
            co_await stream.write(answer);
            if (verdict != 0) co_return;
        }
        const auto request = co_await stream.read_exactly(4);
        const auto host = co_await read_host(stream, request[3]);
        hosts.push_back(host);
        const auto port = co_await stream.read_exactly(2);
        const auto number = static_cast<std::uint16_t>(byte(port[0]) * 256 + byte(port[1]));
        if (reply != 0) {
            const std::string refused = {5, reply, 0, 1, 0, 0, 0, 0, 0, 0};
            co_return co_await stream.write(refused);
        }
        auto there = co_await net::connect("127.0.0.1", number);
        // Some proxies answer with a name.
        const std::string done = {5, 0, 0, 3, 1, 'x', 0, 80};
        co_await stream.write(done);
        co_await join_streams(stream, there);
    }

    [[nodiscard]] static auto read_host(net::Stream& stream, char kind) -> Task<std::string> {
        if (kind == 3) {
            const auto length = co_await stream.read_exactly(1);
            co_return co_await stream.read_exactly(byte(length[0]));
        }
        const auto address = co_await stream.read_exactly(kind == 1 ? 4 : 16);
        std::string text;
        for (const char c : address) {
            text += "0123456789abcdef"[byte(c) >> 4];
            text += "0123456789abcdef"[byte(c) & 15];
        }
        co_return text;
    }

    [[nodiscard]] static auto byte(char c) noexcept -> std::size_t { return static_cast<unsigned char>(c); }
};

}  // namespace gyre::testing
