#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace gyre::net {

/// The addresses of a host, in the order in which they are best tried (RFC 6724; of localhost, IPv4 first).
///
/// A numeric address gives itself. Names are looked up with c-ares inside the loop; where the system's nsswitch.conf asks
/// for more than files and dns, by getaddrinfo(3) on a bounded pool of threads.
/// @throws IoError naming the host ("resolve example.invalid: no such name"), std::invalid_argument for a host that is
/// empty or has a NUL. On cancel: the query is dropped; a thread that runs it ends by itself.
[[nodiscard]] auto resolve(std::string host, std::uint16_t port) -> Task<std::vector<Address>>;

}  // namespace gyre::net
