#pragma once

#include "support/loops.hpp"
#include "support/test_certificates.hpp"

#include <gyre/gyre.hpp>
#include <gyre/net/test_authority.hpp>
#include <gyre/net/tls.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace gyre::testing {

/// The authority of all tests; making one for each would only take time.
inline auto authority() -> const net::TestAuthority& {
    static const net::TestAuthority made;
    return made;
}

/// A client that trusts `authority()`.
inline auto client_options() -> net::TlsClientOptions {
    net::TlsClientOptions options;
    options.ca_pem(authority().certificate());
    return options;
}

inline auto server_options(const net::TestCertificate& certificate) -> net::TlsServerOptions {
    net::TlsServerOptions options;
    options.certificate_pem(certificate.chain, certificate.key);
    return options;
}

/// A certificate for server.example and 127.0.0.1.
inline auto good_certificate() -> const net::TestCertificate& {
    static const auto made = authority().issue({"server.example", "127.0.0.1", "::1", "localhost"});
    return made;
}

inline auto good_client() -> const net::TlsClientContext& {
    static const net::TlsClientContext made(client_options());
    return made;
}

inline auto good_server() -> const net::TlsServerContext& {
    static const net::TlsServerContext made(server_options(good_certificate()));
    return made;
}

/// How a handshake ended on both sides: a stream, or the text of the error.
struct Handshake {
    Handshake() = default;
    std::optional<net::Stream> client;
    std::optional<net::Stream> server;
    std::string client_error = "none";
    std::string server_error = "none";
};

/// Runs one side; what it ends with goes to `stream` or `text`. A side that fails drops its end of the connection.
inline auto attempt(Task<net::Stream> work, std::optional<net::Stream>& stream, std::string& text) -> Task<void> {
    auto outcome = co_await as_outcome(std::move(work));
    if (outcome.has_value()) {
        stream.emplace(std::move(outcome).value());
    } else {
        text = outcome.is_error() ? describe(outcome.error()) : "cancelled";
        if (outcome.is_error() && !failed_with<IoError>(outcome)) text += " (and it is no IoError)";
    }
}

inline auto shake_hands(const net::TlsClientContext& client, const net::TlsServerContext& server,
    std::string host = "server.example", MemoryOptions options = {}) -> Task<Handshake> {
    MemoryConnection connection(options);
    Handshake result;
    auto left = client.handshake(net::Stream(std::move(connection.client)), std::move(host));
    auto right = server.handshake(net::Stream(std::move(connection.server)));
    auto one = attempt(std::move(left), result.client, result.client_error);
    auto two = attempt(std::move(right), result.server, result.server_error);
    co_await gather(std::move(one), std::move(two));
    co_return std::move(result);
}

/// The streams of a handshake that succeeds.
inline auto secure_pair(MemoryOptions options = {}) -> Task<std::pair<net::Stream, net::Stream>> {
    MemoryConnection connection(options);
    auto left = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    auto right = good_server().handshake(net::Stream(std::move(connection.server)));
    auto both = co_await gather(std::move(left), std::move(right));
    co_return std::pair<net::Stream, net::Stream>(std::get<0>(std::move(both)), std::get<1>(std::move(both)));
}

}  // namespace gyre::testing
