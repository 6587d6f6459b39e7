#include <gyre/net/tls.hpp>

#include "net/tls_context.hpp"
#include "net/tls_text.hpp"
#include "net/tls_transport.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace gyre::net {

struct TlsClientContext::State {
    SslContextPointer context;
    std::vector<std::string> pins;

    static auto handshake(std::shared_ptr<const State> self, Stream stream, std::string host) -> Task<Stream>;
};

struct TlsServerContext::State {
    SslContextPointer context;
    std::string protocols;

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

/// Accepts only clients with a certificate that one of `pem` issued.
void demand_certificate(SSL_CTX& context, const std::string& pem, std::string_view source) {
    trust_certificates(context, pem, source);
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Without one, clients that come back with a ticket would be refused.
    constexpr std::string_view name = "gyre";
    SSL_CTX_set_session_id_context(
        &context, reinterpret_cast<const unsigned char*>(name.data()), static_cast<unsigned>(name.size()));
}

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

TlsServerOptions::TlsServerOptions() = default;

auto TlsServerOptions::certificate(std::string chain_file, std::string key_file) -> TlsServerOptions& {
    chain_file_ = std::move(chain_file);
    key_file_ = std::move(key_file);
    return *this;
}

auto TlsServerOptions::certificate_pem(std::string chain, std::string key) -> TlsServerOptions& {
    chain_pem_ = std::move(chain);
    key_pem_ = std::move(key);
    return *this;
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
    state->context = make_tls_context(TLS_server_method());
    auto& context = *state->context;
    if (options.chain_pem_.empty() && options.chain_file_.empty()) {
        throw TlsError(std::make_error_code(std::errc::invalid_argument), "tls", "server", "no certificate was given");
    }
    show_certificate(context, options.chain_pem_, options.key_pem_, options.chain_file_, options.key_file_);
    if (!options.client_ca_pem_.empty()) demand_certificate(context, options.client_ca_pem_, "trusted certificates");
    if (!options.client_ca_file_.empty()) {
        demand_certificate(context, read_tls_file(options.client_ca_file_), options.client_ca_file_);
    }
    state->protocols = alpn_wire(options.alpn_);
    select_protocols(context, state->protocols);
    state_ = std::move(state);
}

TlsServerContext::TlsServerContext(TlsServerContext&&) noexcept = default;
auto TlsServerContext::operator=(TlsServerContext&&) noexcept -> TlsServerContext& = default;
TlsServerContext::~TlsServerContext() = default;

auto TlsServerContext::handshake(Stream stream) const -> Task<Stream> {
    return State::handshake(state_, std::move(stream));
}

auto TlsServerContext::State::handshake(std::shared_ptr<const State> self, Stream stream) -> Task<Stream> {
    auto ssl = TlsEngine::server(*self->context);
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
