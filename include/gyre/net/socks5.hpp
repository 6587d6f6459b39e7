#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>

#include <cstdint>
#include <string>

namespace gyre::net {

/// Who logs in to a SOCKS5 proxy. Without a name nobody does.
class Socks5Login {
public:
    Socks5Login() noexcept;
    /// @throws std::invalid_argument if either has more than 255 bytes, or the name is empty. Source: RFC 1929.
    Socks5Login(std::string username, std::string password);

    [[nodiscard]] auto username() const noexcept -> const std::string& { return username_; }
    [[nodiscard]] auto password() const noexcept -> const std::string& { return password_; }

private:
    std::string username_;
    std::string password_;
};

/// Asks the SOCKS5 proxy on the other side of `stream` to connect to a host. A name is given to it as it is: the proxy looks it up.
/// @return the stream, on which the host is reached now. @throws IoError that names the host and the proxy's reason
/// ("socks5 example.org:443: the proxy does not allow it"), std::invalid_argument for a host that is empty or has more than
/// 255 bytes. No time limit of its own. After an error, and on cancel: the connection is dropped. Source: RFC 1928.
[[nodiscard]] auto socks5_connect(
    Stream stream, std::string host, std::uint16_t port, Socks5Login login = Socks5Login()) -> Task<Stream>;

}  // namespace gyre::net
