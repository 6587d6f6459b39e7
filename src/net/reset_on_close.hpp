#pragma once

#include <gyre/net/transport.hpp>

namespace gyre::net {

/// Whether the peer sees an error where this side closes, and not an end: for as long as an end would tell it that all has come.
/// What the peer has not been sent by then is dropped. It holds for every way in which the connection may go, the end of the
/// process too. TCP only, also under TLS; else nothing happens, for a Unix socket has no such end. Source: socket(7), SO_LINGER.
void set_reset_on_close(Transport& transport, bool is_reset) noexcept;

}  // namespace gyre::net
