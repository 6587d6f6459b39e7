#include "net/reset_on_close.hpp"

#include "net/socket_transport.hpp"
#include "net/tls_transport.hpp"

namespace gyre::net {

void set_reset_on_close(Transport& transport, bool is_reset) noexcept {
    if (auto* const tls = dynamic_cast<TlsTransport*>(&transport)) return set_reset_on_close(tls->below(), is_reset);
    if (auto* const socket = dynamic_cast<SocketTransport*>(&transport)) socket->set_reset_on_close(is_reset);
}

}  // namespace gyre::net
