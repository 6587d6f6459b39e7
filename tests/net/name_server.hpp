#pragma once

#include <gyre/core/sleep.hpp>
#include <gyre/net/udp.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace gyre::testing {

/// A name server that knows a few names: the first label says what it answers.
class NameServer {
public:
    explicit NameServer(net::UdpSocket socket) : socket_(std::move(socket)) {}

    [[nodiscard]] auto address() const -> std::string { return socket_.local_address().text(); }

    auto serve() -> Task<> {
        for (;;) {
            const auto packet = co_await socket_.receive();
            ++questions;
            if (packet.data.find("\4late") != std::string::npos) co_await sleep(std::chrono::milliseconds(30));
            const auto reply = answer(packet.data);
            if (!reply.empty()) co_await socket_.send_to(reply, packet.sender);
        }
    }

    int questions = 0;

private:
    static auto answer(const std::string& question) -> std::string {
        constexpr std::size_t header = 12;
        const auto label = question.substr(header + 1, static_cast<std::uint8_t>(question[header]));
        if (label == "silent") return {};
        const std::size_t name_end = question.find('\0', header);
        const bool is_six = question[name_end + 2] == 28;
        if (is_six ? label == "dropsix" : label == "dropfour") return {};
        const bool is_known = label == "both" || label == "late" || label == "dropsix" || label == "dropfour" ||
                              (label == "four" && !is_six);
        const bool is_missing = label == "missing";
        std::string reply = question.substr(0, name_end + 5);
        reply[2] = static_cast<char>(0x81);
        reply[3] = static_cast<char>(is_missing ? 0x83 : label == "broken" ? 0x82 : 0x80);
        reply[7] = is_known ? 1 : 0;
        reply[9] = reply[11] = 0;
        if (!is_known) return reply;
        reply += std::string("\xc0\x0c\0", 3) + (is_six ? '\x1c' : '\x01') + std::string("\0\x01\0\0\0\x3c\0", 7);
        if (is_six) return reply + '\x10' + std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
        return reply + '\x04' + std::string("\xc0\0\x02\x01", 4);
    }

    net::UdpSocket socket_;
};

}  // namespace gyre::testing
