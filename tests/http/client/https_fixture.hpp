#pragma once

#include <gyre/http/client/client_options.hpp>
#include <gyre/net/test_authority.hpp>
#include <gyre/net/tls.hpp>

#include <utility>

namespace gyre::testing {

/// The authority that the clients of these tests trust.
inline auto https_authority() -> const net::TestAuthority& {
    static const net::TestAuthority made;
    return made;
}

inline auto https_context(const net::TestCertificate& certificate) -> net::TlsServerContext {
    net::TlsServerOptions options;
    options.certificate_pem(certificate.chain, certificate.key).alpn({"http/1.1"});
    return net::TlsServerContext(options);
}

inline auto https_client_options() -> http::ClientOptions {
    static const auto trusting = net::TlsClientOptions().ca_pem(https_authority().certificate());
    return {.tls = &trusting};
}

}  // namespace gyre::testing
