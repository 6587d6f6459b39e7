#pragma once

#include "support/loops.hpp"
#include "support/relay.hpp"

#include <gyre/gyre.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/tls.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

/// A proxy for HTTP and CONNECT, which answers what it is asked to pass on itself.
class TestProxy {
public:
    TestProxy() = default;
    TestProxy(const TestProxy&) = delete;
    auto operator=(const TestProxy&) -> TestProxy& = delete;

    const net::TlsServerContext* tls = nullptr;  ///< Of an https proxy.
    std::string refusal;                         ///< The answer to CONNECT instead of a tunnel.
    std::string surplus;                         ///< Sent right behind the answer to CONNECT.
    std::vector<std::string> heads;              ///< What it was asked.
    std::size_t connections = 0;

    /// Serves, runs `body("127.0.0.1:PORT")`, and stops.
    [[nodiscard]] auto run(std::function<Task<>(std::string place)> body) -> Task<> {
        const net::ConnectionHandler handler = [this](net::Stream stream) { return handle(std::move(stream)); };
        co_await serve_while(handler, std::move(body));
    }

private:
    [[nodiscard]] auto handle(net::Stream stream) -> Task<> {
        ++connections;
        if (tls != nullptr) {
            auto outcome = co_await as_outcome(tls->handshake(std::move(stream)));
            if (!outcome.has_value()) co_return;
            stream = std::move(outcome).value();
        }
        try {
            for (;;) {
                const auto head = co_await stream.read_until("\r\n\r\n");
                heads.push_back(head);
                if (head.starts_with("CONNECT ")) co_return co_await tunnel(stream, head);
                const std::string line = head.substr(0, head.find('\r'));
                const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(line.size()) +
                                           "\r\n\r\n" + line;
                co_await stream.write(answer);
            }
        } catch (const net::IncompleteReadError&) {
        } catch (const IoError&) {}
    }

    [[nodiscard]] auto tunnel(net::Stream& stream, std::string head) -> Task<> {
        if (!refusal.empty()) co_return co_await stream.write(refusal);
        // Names of tests mean this machine.
        const std::string target = head.substr(8, head.find(' ', 8) - 8);
        const auto port = static_cast<std::uint16_t>(std::stoul(target.substr(target.rfind(':') + 1)));
        auto there = co_await net::connect("127.0.0.1", port);
        const std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n" + surplus;
        co_await stream.write(answer);
        co_await join_streams(stream, there);
    }
};

}  // namespace gyre::testing
