#include <gyre/net/resolve.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <stdexcept>

namespace gyre::net {

auto resolve(std::string host, std::uint16_t port) -> Task<std::vector<Address>> {
    if (host.empty() || host.find('\0') != std::string::npos) throw std::invalid_argument("resolve: bad host");
    std::vector<Address> addresses;
    try {
        addresses.push_back(Address::from_ip(host, port));
        co_return addresses;
    } catch (const std::invalid_argument&) {
    }
    if (host == "localhost") {
        addresses.push_back(Address::from_ip("127.0.0.1", port));
        addresses.push_back(Address::from_ip("::1", port));
        co_return addresses;
    }
    throw IoError(std::make_error_code(std::errc::host_unreachable), "resolve", host, "no such name");
}

}  // namespace gyre::net
