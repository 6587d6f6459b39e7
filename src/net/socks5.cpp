#include <gyre/net/socks5.hpp>

#include "net/address_parts.hpp"
#include "net/attempts.hpp"

#include <gyre/core/errors.hpp>

#include <netinet/in.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace gyre::net {

namespace {

constexpr char version = 5;
constexpr char no_login = 0;
constexpr char by_password = 2;
constexpr char connect_command = 1;
constexpr char ipv4_kind = 1;
constexpr char name_kind = 3;
constexpr char ipv6_kind = 4;
constexpr std::size_t longest_text = 255;

/// One reply code: what it means.
struct Refusal {
    std::errc code;
    std::string_view text;
};
constexpr std::array<Refusal, 9> refusals = {{
    {{}, ""},
    {std::errc::io_error, "the proxy failed"},
    {std::errc::permission_denied, "the proxy does not allow it"},
    {std::errc::network_unreachable, "Network is unreachable, says the proxy"},
    {std::errc::host_unreachable, "No route to host, says the proxy"},
    {std::errc::connection_refused, "Connection refused, says the proxy"},
    {std::errc::timed_out, "timed out, says the proxy"},
    {std::errc::operation_not_supported, "the proxy does not connect"},
    {std::errc::address_family_not_supported, "the proxy does not know this kind of address"},
}};

/// The talk with a proxy before it connects.
class Socks5Talk {
public:
    Socks5Talk(Stream stream, std::string host, std::uint16_t port, Socks5Login login)
        : stream_(std::move(stream)),
          host_(std::move(host)),
          port_(port),
          login_(std::move(login)),
          object_(gyre::internal::host_and_port(host_, port)) {}

    [[nodiscard]] auto run() -> Task<Stream> {
        if (host_.empty() || host_.size() > longest_text) {
            throw std::invalid_argument("socks5: a host has 1 to 255 bytes, not " + std::to_string(host_.size()));
        }
        co_await log_in();
        const std::string request = request_bytes();
        co_await stream_.write(request);
        co_await read_reply();
        co_return std::move(stream_);
    }

private:
    [[nodiscard]] auto log_in() -> Task<void> {
        const bool has_login = !login_.username().empty();
        std::string greeting = {version, 1, no_login};
        if (has_login) greeting = {version, 2, no_login, by_password};
        co_await stream_.write(greeting);
        const auto choice = co_await read(2);
        if (choice[0] != version) fail(std::errc::protocol_error, "the other side is no SOCKS5 proxy");
        if (choice[1] == no_login) co_return;
        if (choice[1] != by_password || !has_login) {
            fail(std::errc::permission_denied, "the proxy wants another way to log in");
        }
        std::string words = {1, static_cast<char>(login_.username().size())};
        words += login_.username();
        words += static_cast<char>(login_.password().size());
        words += login_.password();
        co_await stream_.write(words);
        const auto verdict = co_await read(2);
        if (verdict[1] != 0) fail(std::errc::permission_denied, "the proxy does not accept user name and password");
    }

    [[nodiscard]] auto request_bytes() const -> std::string {
        std::string bytes = {version, connect_command, 0};
        const auto address = gyre::internal::parse_ip(host_, port_);
        if (address && address->family() == AF_INET) {
            sockaddr_in four{};
            std::memcpy(&four, &address->storage(), sizeof four);
            bytes += ipv4_kind;
            bytes.append(reinterpret_cast<const char*>(&four.sin_addr), sizeof four.sin_addr);
        } else if (address) {
            sockaddr_in6 six{};
            std::memcpy(&six, &address->storage(), sizeof six);
            bytes += ipv6_kind;
            bytes.append(reinterpret_cast<const char*>(&six.sin6_addr), sizeof six.sin6_addr);
        } else {
            bytes += name_kind;
            bytes += static_cast<char>(host_.size());
            bytes += host_;
        }
        bytes += static_cast<char>(port_ >> 8);
        bytes += static_cast<char>(port_ & 0xff);
        return bytes;
    }

    [[nodiscard]] auto read_reply() -> Task<void> {
        const auto head = co_await read(4);
        const auto code = static_cast<unsigned char>(head[1]);
        if (head[0] != version) fail(std::errc::protocol_error, "the other side is no SOCKS5 proxy");
        if (code >= refusals.size()) fail(std::errc::io_error, "the proxy failed, code " + std::to_string(code));
        if (code != 0) fail(refusals[code].code, refusals[code].text);
        // The address that the proxy uses itself: nobody needs it.
        std::size_t size = 0;
        if (head[3] == ipv4_kind) size = 4;
        if (head[3] == ipv6_kind) size = 16;
        if (head[3] == name_kind) {
            const auto length = co_await read(1);
            size = static_cast<unsigned char>(length[0]);
        }
        if (size == 0) fail(std::errc::protocol_error, "the proxy's answer is malformed");
        static_cast<void>(co_await read(size + 2));
    }

    [[nodiscard]] auto read(std::size_t size) -> Task<std::string> {
        try {
            auto bytes = co_await stream_.read_exactly(size);
            co_return bytes;
        } catch (const IncompleteReadError&) {
            fail(std::errc::connection_reset, "the proxy closed the connection");
        }
    }

    [[noreturn]] void fail(std::errc code, std::string_view text) const {
        throw IoError(std::make_error_code(code), "socks5", object_, text);
    }

    Stream stream_;
    std::string host_;
    std::uint16_t port_;
    Socks5Login login_;
    std::string object_;
};

}  // namespace

Socks5Login::Socks5Login() noexcept = default;

Socks5Login::Socks5Login(std::string username, std::string password)
    : username_(std::move(username)), password_(std::move(password)) {
    if (username_.empty() || username_.size() > longest_text || password_.size() > longest_text) {
        throw std::invalid_argument("Socks5Login: a name has 1 to 255 bytes, a password at most 255");
    }
}

auto socks5_connect(Stream stream, std::string host, std::uint16_t port, Socks5Login login) -> Task<Stream> {
    Socks5Talk talk(std::move(stream), std::move(host), port, std::move(login));
    co_return co_await talk.run();
}

}  // namespace gyre::net
