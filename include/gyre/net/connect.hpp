#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gyre::net {

class EgressPolicy;

/// How a connection is made.
struct ConnectOptions {
    AnyDuration timeout = std::chrono::seconds(10);  ///< For all of it: names, attempts. Zero or less: none.
    AnyDuration attempt_delay = std::chrono::milliseconds(
        250);                        ///< Before the next address is tried beside the last one.
    bool no_delay = true;            ///< TCP_NODELAY.
    const Address* local = nullptr;  ///< Where it is to come from; port 0 takes a free one. Null: as the system likes.
    const EgressPolicy* egress = nullptr;  ///< What must not be connected to. Null: nothing. Both must outlive the call.
};

/// Connects to a host by Happy Eyeballs: addresses of both families in turn, the next one when an attempt fails or after
/// `attempt_delay`; the first connection wins and the other attempts are closed.
/// @throws IoError naming host, address and reason of the most telling attempt ("connect 127.0.0.1:81: Connection
/// refused"); with several addresses, all of them; EgressError if the policy refuses every address of the host: it is asked
/// about each one; std::invalid_argument as `resolve`. Addresses of another family than the local one are left out.
/// TimeoutError never: a passed `timeout` is an IoError `timed_out`.
/// On cancel: nothing stays open. Source: RFC 8305.
[[nodiscard]] auto connect(std::string host, std::uint16_t port, ConnectOptions options = {}) -> Task<Stream>;

/// Connects to one address. Throws, and is cancelled, as the other.
[[nodiscard]] auto connect(Address address, ConnectOptions options = {}) -> Task<Stream>;

/// Connects to a Unix socket. @throws IoError naming the path. On cancel: nothing stays open.
[[nodiscard]] auto connect_unix(std::string path, ConnectOptions options = {}) -> Task<Stream>;

}  // namespace gyre::net
