#include <gyre/net/tls.hpp>

#include "net/tls_context.hpp"
#include "net/tls_text.hpp"
#include "net/tls_tickets.hpp"
#include "net/tls_transport.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <idn2.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace gyre::net {

struct TlsClientContext::State {
    SslContextPointer context;
    std::vector<std::string> pins;

    static auto handshake(std::shared_ptr<const State> self, Stream stream, std::string host) -> Task<Stream>;
};

struct TlsServerContext::State {
    std::vector<SslContextPointer> contexts;  ///< One for each certificate; the first is shown to who asks for no other.
    std::string protocols;
    std::shared_ptr<TlsTicketKeys> tickets;

    void prepare(SSL_CTX& context, const TlsServerOptions& options) const;
    static auto choose(SSL* ssl, int* alert, void* self) -> int;
    static auto handshake(std::shared_ptr<const State> self, Stream stream) -> Task<Stream>;
};

namespace {

/// The host as certificates and SNI write it: international names in their ASCII form, no dot at the end.
auto ascii_host(std::string host) -> std::string {
    if (host.ends_with('.')) host.pop_back();
    // To OpenSSL an empty name means any name, and one that begins with a dot any name below it.
    if (host.empty() || host.front() == '.' || host.find('\0') != std::string::npos) {
        throw std::invalid_argument("TLS handshake: the host is empty, begins with a dot or has a NUL");
    }
    if (std::none_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        return host;
    char* converted = nullptr;
    const int result = idn2_to_ascii_8z(host.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, void (*)(void*)> owner(converted, &idn2_free);
    if (result != IDN2_OK) {
        throw TlsError(std::make_error_code(std::errc::invalid_argument), "tls", host, idn2_strerror(result));
    }
    return converted;
}

/// "example.org:443", "[::1]:443": a host with the port that was connected to.
auto peer_of(const std::string& host, const Stream& stream) -> std::string {
    const auto port = stream.peer_address().port();
    if (port == 0) return host;
    const bool bracketed = host.find(':') != std::string::npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// The address of a client; transports in memory have none.
auto peer_of(const Stream& stream) -> std::string {
    const auto address = stream.peer_address();
    return address.family() == AF_UNSPEC ? "client" : address.text();
}

auto make_transport(Stream stream, SslPointer ssl, std::string host, std::string peer) -> std::unique_ptr<TlsTransport> {
    auto below = stream.release_transport();
    return std::make_unique<TlsTransport>(std::move(below), std::move(ssl), std::move(host), std::move(peer));
}

/// Sets what is shown to the peer: of the texts, else of the files.
void show_certificate(SSL_CTX& context, const std::string& chain_pem, const std::string& key_pem,
    const std::string& chain_file, const std::string& key_file) {
    if (!chain_pem.empty()) {
        use_certificate(context, chain_pem, "certificate");
        use_key(context, key_pem, "private key");
    } else {
        use_certificate(context, read_tls_file(chain_file), chain_file);
        use_key(context, read_tls_file(key_file), key_file);
    }
}

/// Accepts only clients with a certificate that one of the trusted ones issued. @param trusted the texts of all of these.
void demand_certificate(SSL_CTX& context, const std::string& trusted, bool is_optional) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (is_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), nullptr);
    // Who comes back with a ticket was looked at before, by these rules and no others.
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    const std::string rules = (is_optional ? "optional " : "required ") + trusted;
    if (EVP_Digest(rules.data(), rules.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    SSL_CTX_set_session_id_context(&context, digest.data(), size);
}

/// Whether two certificates are for the same names.
auto have_same_names(const X509& one, const X509& other) noexcept -> bool {
    const int here = X509_get_ext_by_NID(&one, NID_subject_alt_name, -1);
    const int there = X509_get_ext_by_NID(&other, NID_subject_alt_name, -1);
    if (here < 0 || there < 0) return false;
    return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_get_ext(&one, here)),
               X509_EXTENSION_get_data(X509_get_ext(&other, there))) == 0;
}

auto key_kind(const X509& certificate) noexcept -> int { return EVP_PKEY_get_base_id(X509_get0_pubkey(&certificate)); }

}  // namespace

// --- Clients ----------------------------------------------------------------------------------------------------------

TlsClientOptions::TlsClientOptions() = default;

auto TlsClientOptions::ca_file(std::string path) -> TlsClientOptions& {
    ca_file_ = std::move(path);
    return *this;
}

auto TlsClientOptions::ca_pem(std::string pem) -> TlsClientOptions& {
    ca_pem_ = std::move(pem);
    return *this;
}

auto TlsClientOptions::alpn(std::vector<std::string> protocols) -> TlsClientOptions& {
    alpn_ = std::move(protocols);
    return *this;
}

auto TlsClientOptions::certificate(std::string chain_file, std::string key_file) -> TlsClientOptions& {
    chain_file_ = std::move(chain_file);
    key_file_ = std::move(key_file);
    return *this;
}

auto TlsClientOptions::certificate_pem(std::string chain, std::string key) -> TlsClientOptions& {
    chain_pem_ = std::move(chain);
    key_pem_ = std::move(key);
    return *this;
}

auto TlsClientOptions::pin_key(std::string sha256) -> TlsClientOptions& {
    constexpr std::size_t size = 44;  // of 32 bytes in base64, with one '=' at the end
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (sha256.size() != size || sha256.find_first_not_of(digits) != size - 1 || sha256.back() != '=') {
        throw std::invalid_argument("TLS: a pin is the SHA-256 of a key in base64, not '" + sha256 + "'");
    }
    pins_.push_back(std::move(sha256));
    return *this;
}

auto TlsClientOptions::insecure_skip_verify() -> TlsClientOptions& {
    verify_ = false;
    return *this;
}

TlsClientContext::TlsClientContext(const TlsClientOptions& options) {
    auto state = std::make_shared<State>();
    state->context = make_tls_context(TLS_client_method());
    auto& context = *state->context;
    SSL_CTX_set_verify(&context, options.verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (!options.ca_file_.empty()) {
        trust_certificates(context, read_tls_file(options.ca_file_), options.ca_file_);
    }
    if (!options.ca_pem_.empty()) trust_certificates(context, options.ca_pem_, "trusted certificates");
    if (options.ca_file_.empty() && options.ca_pem_.empty() && options.verify_) trust_system(context);
    if (!options.chain_pem_.empty() || !options.chain_file_.empty()) {
        show_certificate(context, options.chain_pem_, options.key_pem_, options.chain_file_, options.key_file_);
    }
    offer_protocols(context, alpn_wire(options.alpn_));
    state->pins = options.pins_;
    state_ = std::move(state);
}

TlsClientContext::TlsClientContext(TlsClientContext&&) noexcept = default;
auto TlsClientContext::operator=(TlsClientContext&&) noexcept -> TlsClientContext& = default;
TlsClientContext::~TlsClientContext() = default;

auto TlsClientContext::handshake(Stream stream, std::string host) const -> Task<Stream> {
    return State::handshake(state_, std::move(stream), std::move(host));
}

auto TlsClientContext::State::handshake(std::shared_ptr<const State> self, Stream stream, std::string host)
    -> Task<Stream> {
    auto name = ascii_host(host);
    auto ssl = TlsEngine::client(*self->context, name);
    auto peer = peer_of(host, stream);
    auto transport = make_transport(std::move(stream), std::move(ssl), std::move(name), std::move(peer));
    co_await transport->handshake();
    transport->check_pins(self->pins);
    co_return Stream(std::move(transport));
}

// --- Servers ----------------------------------------------------------------------------------------------------------

TlsServerOptions::TlsServerOptions() : tickets_(std::make_shared<TlsTicketKeys>()) {}

auto TlsServerOptions::certificate(std::string chain_file, std::string key_file) -> TlsServerOptions& {
    auto& shown = shown_.emplace_back();
    shown.chain_file = std::move(chain_file);
    shown.key_file = std::move(key_file);
    return *this;
}

auto TlsServerOptions::certificate_pem(std::string chain, std::string key) -> TlsServerOptions& {
    auto& shown = shown_.emplace_back();
    shown.chain_pem = std::move(chain);
    shown.key_pem = std::move(key);
    return *this;
}

auto TlsServerOptions::client_certificate_optional() -> TlsServerOptions& {
    client_optional_ = true;
    return *this;
}

auto TlsServerOptions::share_tickets(const TlsServerOptions& other) -> TlsServerOptions& {
    tickets_ = other.tickets_;
    return *this;
}

auto TlsServerOptions::files() const -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& shown : shown_) {
        if (shown.chain_file.empty()) continue;
        names.push_back(shown.chain_file);
        names.push_back(shown.key_file);
    }
    if (!client_ca_file_.empty()) names.push_back(client_ca_file_);
    return names;
}

auto TlsServerOptions::alpn(std::vector<std::string> protocols) -> TlsServerOptions& {
    alpn_ = std::move(protocols);
    return *this;
}

auto TlsServerOptions::client_ca_file(std::string path) -> TlsServerOptions& {
    client_ca_file_ = std::move(path);
    return *this;
}

auto TlsServerOptions::client_ca_pem(std::string pem) -> TlsServerOptions& {
    client_ca_pem_ = std::move(pem);
    return *this;
}

TlsServerContext::TlsServerContext(const TlsServerOptions& options) {
    auto state = std::make_shared<State>();
    if (options.shown_.empty()) {
        throw TlsError(std::make_error_code(std::errc::invalid_argument), "tls", "server", "no certificate was given");
    }
    state->protocols = alpn_wire(options.alpn_);
    state->tickets = options.tickets_;
    for (const auto& shown : options.shown_) {
        auto context = make_tls_context(TLS_server_method());
        show_certificate(*context, shown.chain_pem, shown.key_pem, shown.chain_file, shown.key_file);
        const auto& certificate = *SSL_CTX_get0_certificate(context.get());
        SSL_CTX* related = nullptr;
        for (const auto& earlier : state->contexts) {
            const auto& known = *SSL_CTX_get0_certificate(earlier.get());
            if (have_same_names(known, certificate) && key_kind(known) != key_kind(certificate))
                related = earlier.get();
        }
        if (related != nullptr) {
            show_certificate(*related, shown.chain_pem, shown.key_pem, shown.chain_file, shown.key_file);
            continue;
        }
        state->prepare(*context, options);
        state->contexts.push_back(std::move(context));
    }
    auto& first = *state->contexts.front();
    SSL_CTX_set_tlsext_servername_callback(&first, &State::choose);
    SSL_CTX_set_tlsext_servername_arg(&first, state.get());
    state_ = std::move(state);
}

void TlsServerContext::State::prepare(SSL_CTX& context, const TlsServerOptions& options) const {
    std::string trusted = options.client_ca_pem_;
    if (!trusted.empty()) trust_certificates(context, trusted, "trusted certificates");
    if (!options.client_ca_file_.empty()) {
        const auto pem = read_tls_file(options.client_ca_file_);
        trust_certificates(context, pem, options.client_ca_file_);
        trusted.append("\n").append(pem);
    }
    if (!trusted.empty()) demand_certificate(context, trusted, options.client_optional_);
    select_protocols(context, protocols);
    tickets->use_for(context);
}

/// Shows the certificate for the name that the client asks for.
auto TlsServerContext::State::choose(SSL* ssl, int*, void* self) -> int {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_OK;
    constexpr unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    for (const auto& context : static_cast<const State*>(self)->contexts) {
        auto* certificate = SSL_CTX_get0_certificate(context.get());
        if (X509_check_host(certificate, name, 0, flags, nullptr) != 1) continue;
        SSL_set_SSL_CTX(ssl, context.get());
        break;
    }
    return SSL_TLSEXT_ERR_OK;
}

TlsServerContext::TlsServerContext(TlsServerContext&&) noexcept = default;
auto TlsServerContext::operator=(TlsServerContext&&) noexcept -> TlsServerContext& = default;
TlsServerContext::~TlsServerContext() = default;

auto TlsServerContext::handshake(Stream stream) const -> Task<Stream> {
    return State::handshake(state_, std::move(stream));
}

auto TlsServerContext::State::handshake(std::shared_ptr<const State> self, Stream stream) -> Task<Stream> {
    auto ssl = TlsEngine::server(*self->contexts.front());
    auto peer = peer_of(stream);
    auto transport = make_transport(std::move(stream), std::move(ssl), {}, std::move(peer));
    co_await transport->handshake();
    co_return Stream(std::move(transport));
}

// --- Connections ------------------------------------------------------------------------------------------------------

auto tls_info(Stream& stream) -> std::optional<TlsInfo> {
    auto* transport = dynamic_cast<TlsTransport*>(&stream.transport());
    if (transport == nullptr) return std::nullopt;
    return transport->engine().info();
}

auto connect_tls(std::string host, std::uint16_t port, const TlsClientContext& context, ConnectOptions options)
    -> Task<Stream> {
    const bool limited = options.timeout > Duration::zero();
    const auto deadline = limited ? this_loop().now() + options.timeout : Time::max();
    auto stream = co_await connect(host, port, options);
    auto work = context.handshake(std::move(stream), host);
    auto secured = co_await move_on_at(deadline, std::move(work));
    if (!secured) {
        throw TlsError(std::make_error_code(std::errc::timed_out), "connect", host + ":" + std::to_string(port),
            "the TLS handshake did not end in time");
    }
    co_return std::move(*secured);
}

}  // namespace gyre::net
