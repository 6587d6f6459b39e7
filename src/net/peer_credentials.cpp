#include <gyre/net/peer_credentials.hpp>

#include "net/socket_transport.hpp"

#include <sys/socket.h>

namespace gyre::net {

auto peer_credentials(Stream& stream) -> std::optional<PeerCredentials> {
    const auto* transport = dynamic_cast<const SocketTransport*>(&stream.transport());
    if (transport == nullptr || transport->is_closed() || transport->local_address().family() != AF_UNIX) {
        return std::nullopt;
    }
    ucred found{};
    socklen_t size = sizeof found;
    if (transport->get_option(SOL_SOCKET, SO_PEERCRED, &found, size) < 0 || size != sizeof found) return std::nullopt;
    return PeerCredentials{found.pid, found.uid, found.gid};
}

}  // namespace gyre::net
