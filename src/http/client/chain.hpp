#pragma once

#include "outgoing.hpp"
#include "pool.hpp"

#include <gyre/http/client/middleware.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace gyre::http::internal {

using Middlewares = std::vector<ClientMiddleware>;

/// What stands around one request: the client's middlewares, its own, and the transport.
class ClientChain {
public:
    ClientChain(std::shared_ptr<Pool> pool, Middlewares own);
    ClientChain(const ClientChain&) = delete;
    auto operator=(const ClientChain&) -> ClientChain& = delete;
    ~ClientChain() = default;

    /// Sends `request`, which is afterwards as it was. @throws as `ClientRequest::send`.
    [[nodiscard]] auto send(Outgoing& request) const -> Task<ClientResponse>;
    /// What follows on `place` steps.
    [[nodiscard]] auto step(std::size_t place, ClientCall& call) const -> Task<ClientResponse>;

private:
    static constexpr std::size_t connections = static_cast<std::size_t>(-1);

    [[nodiscard]] auto send_through(Outgoing& request) const -> Task<ClientResponse>;
    [[nodiscard]] auto end(ClientCall& call) const -> Task<ClientResponse>;
    [[nodiscard]] auto send_over(ClientTransport& transport, ClientCall& call) const -> Task<ClientResponse>;
    [[nodiscard]] auto exchange(Outgoing& request) const -> Task<ClientResponse>;

    std::shared_ptr<Pool> pool_;
    std::shared_ptr<const Middlewares> common_;  ///< The client's when the request was sent; null: none.
    Middlewares own_;
};

}  // namespace gyre::http::internal
