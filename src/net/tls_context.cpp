#include "net/tls_context.hpp"

#include "net/tls_text.hpp"

#include <gyre/net/tls.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace gyre::net {

namespace {

// Mozilla's "intermediate" configuration, guidelines 5.7, without the finite-field suites. Source: wiki.mozilla.org/Security/Server_Side_TLS.
constexpr const char* suites_12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-"
    "SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* suites_13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* groups = "X25519:P-256:P-384";

/// Refuses RSA below 2048 bits, elliptic curves below 224 and SHA-1 signatures.
constexpr int security_level = 2;

[[noreturn]] void fail(std::string_view source, std::string_view otherwise) {
    const auto text = take_queued_error(otherwise);
    throw TlsError(std::make_error_code(std::errc::invalid_argument), "tls", source, text);
}

void require(bool done, std::string_view what) {
    if (!done) fail(what, "the TLS library refuses it");
}

auto memory_bio(std::string_view text) -> BioPointer {
    BioPointer bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

/// Refuses to ask the terminal for a passphrase, which would stop the loop.
auto no_passphrase(char*, int, int, void* asked) -> int {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// The next certificate, or null at the end. @throws TlsError for one that is broken.
auto next_certificate(BIO& bio, std::string_view source) -> CertificatePointer {
    bool asked = false;
    ERR_clear_error();
    CertificatePointer certificate(PEM_read_bio_X509(&bio, nullptr, &no_passphrase, &asked));
    if (certificate) return certificate;
    const auto code = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (!at_end) {
        ERR_clear_error();
        fail(source, "holds a certificate that is broken");
    }
    ERR_clear_error();
    return nullptr;
}

auto select_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
    unsigned offered_length, void* ours) -> int {
    const auto& wire = *static_cast<const std::string*>(ours);
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, length, reinterpret_cast<const unsigned char*>(wire.data()),
        static_cast<unsigned>(wire.size()), offered, offered_length);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

auto make_tls_context(const SSL_METHOD* method) -> SslContextPointer {
    ERR_clear_error();
    SslContextPointer context(SSL_CTX_new(method));
    require(context != nullptr, "context");
    auto* raw = context.get();
    require(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1, "protocol version");
    require(SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1, "protocol version");
    SSL_CTX_set_security_level(raw, security_level);
    require(SSL_CTX_set_cipher_list(raw, suites_12) == 1, "cipher suites");
    require(SSL_CTX_set_ciphersuites(raw, suites_13) == 1, "cipher suites");
    require(SSL_CTX_set1_groups_list(raw, groups) == 1, "elliptic curves");
    SSL_CTX_clear_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // Not SSL_MODE_RELEASE_BUFFERS, which takes and frees two buffers of 16 KiB for every request: see TlsBuffers.
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    require(SSL_CTX_set_max_early_data(raw, 0) == 1, "early data");
    // Tickets carry their sessions themselves; a table of them would only hold memory.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    // The name that a client asks for is acknowledged, whatever it is: there is one certificate to show.
    SSL_CTX_set_tlsext_servername_callback(raw, +[](SSL*, int*, void*) -> int { return SSL_TLSEXT_ERR_OK; });
    return context;
}

auto read_tls_file(const std::string& path) -> std::string {
    ERR_clear_error();
    const BioPointer file(BIO_new_file(
        path.c_str(), "rb"));  // seam: contexts are made before a program's work, as OpenSSL reads its own trust store
    if (!file) fail(path, "cannot be opened");
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        std::size_t count = 0;
        if (BIO_read_ex(file.get(), buffer.data(), buffer.size(), &count) != 1) break;
        text.append(buffer.data(), count);
    }
    if (text.empty()) fail(path, "is empty");
    return text;
}

void trust_certificates(SSL_CTX& context, std::string_view pem, std::string_view source) {
    const auto bio = memory_bio(pem);
    auto* store = SSL_CTX_get_cert_store(&context);
    int count = 0;
    for (auto certificate = next_certificate(*bio, source); certificate; certificate = next_certificate(*bio, source)) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) fail(source, "holds a certificate that cannot be used");
        ++count;
    }
    if (count == 0) fail(source, "holds no certificate in PEM form");
}

void trust_system(SSL_CTX& context) {
    ERR_clear_error();
    if (SSL_CTX_set_default_verify_paths(&context) != 1) fail("the system's certificates", "cannot be read");
    ERR_clear_error();
}

void use_certificate(SSL_CTX& context, std::string_view chain, std::string_view chain_source) {
    const auto bio = memory_bio(chain);
    const auto own = next_certificate(*bio, chain_source);
    if (!own) fail(chain_source, "holds no certificate in PEM form");
    if (SSL_CTX_use_certificate(&context, own.get()) != 1)
        fail(chain_source, "holds a certificate that cannot be used");
    for (auto issuer = next_certificate(*bio, chain_source); issuer; issuer = next_certificate(*bio, chain_source)) {
        if (SSL_CTX_add1_chain_cert(&context, issuer.get()) != 1)
            fail(chain_source, "holds a chain that cannot be used");
    }
}

void use_key(SSL_CTX& context, std::string_view key, std::string_view key_source) {
    const auto bio = memory_bio(key);
    bool asked = false;
    ERR_clear_error();
    const KeyPointer read(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, &asked));
    if (!read) {
        ERR_clear_error();
        fail(key_source,
            asked ? "the key is locked with a passphrase; one without is needed" : "holds no private key in PEM form");
    }
    const bool fits = X509_check_private_key(SSL_CTX_get0_certificate(&context), read.get()) == 1;
    ERR_clear_error();
    if (!fits) fail(key_source, "key and certificate do not belong together");
    if (SSL_CTX_use_PrivateKey(&context, read.get()) != 1) fail(key_source, "holds a key that cannot be used");
}

auto alpn_wire(const std::vector<std::string>& protocols) -> std::string {
    std::string wire;
    for (const auto& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255) {
            throw std::invalid_argument("TLS: an ALPN protocol name has 1 to 255 bytes: '" + protocol + "'");
        }
        wire += static_cast<char>(static_cast<unsigned char>(protocol.size()));
        wire += protocol;
    }
    if (wire.size() > 65'535) throw std::invalid_argument("TLS: too many ALPN protocols");
    return wire;
}

void offer_protocols(SSL_CTX& context, const std::string& wire) {
    if (wire.empty()) return;
    // Of all these functions only this one gives 0 for success.
    const auto* bytes = reinterpret_cast<const unsigned char*>(wire.data());
    if (SSL_CTX_set_alpn_protos(&context, bytes, static_cast<unsigned>(wire.size())) != 0) throw std::bad_alloc();
}

void select_protocols(SSL_CTX& context, const std::string& wire) {
    if (wire.empty()) return;
    SSL_CTX_set_alpn_select_cb(&context, &select_protocol, const_cast<std::string*>(&wire));
}

}  // namespace gyre::net
