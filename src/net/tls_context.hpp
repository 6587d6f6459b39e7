#pragma once

#include "net/tls_handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// A context with what clients and servers share: versions, suites, curves, no compression, no renegotiation, no early data.
[[nodiscard]] auto make_tls_context(const SSL_METHOD* method) -> SslContextPointer;

/// The text of a file. @throws TlsError naming it.
[[nodiscard]] auto read_tls_file(const std::string& path) -> std::string;

/// Trusts every certificate of `pem`. @param source as errors name it. @throws TlsError.
void trust_certificates(SSL_CTX& context, std::string_view pem, std::string_view source);
/// Trusts what the system trusts. @throws TlsError.
void trust_system(SSL_CTX& context);

/// Sets what a server shows. @throws TlsError naming the source of what is wrong.
void use_certificate(SSL_CTX& context, std::string_view chain, std::string_view chain_source);
void use_key(SSL_CTX& context, std::string_view key, std::string_view key_source);

/// Protocols as TLS writes them: each after its length. @throws std::invalid_argument for one that is empty or too long.
[[nodiscard]] auto alpn_wire(const std::vector<std::string>& protocols) -> std::string;
void offer_protocols(SSL_CTX& context, const std::string& wire);
/// @param wire best first; must outlive the handshakes. A client that offers none of them is refused (RFC 7301).
void select_protocols(SSL_CTX& context, const std::string& wire);

}  // namespace gyre::net
