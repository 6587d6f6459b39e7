#include "net/quiet.hpp"

#include "net/tls_transport.hpp"

#include <utility>

namespace gyre::net {

auto is_quiet(Transport& transport) -> Task<bool> {
    if (!transport.has_input()) co_return true;
    auto* const tls = dynamic_cast<TlsTransport*>(&transport);
    if (tls == nullptr) co_return false;
    auto taking = tls->take_messages();
    co_return co_await std::move(taking);
}

}  // namespace gyre::net
