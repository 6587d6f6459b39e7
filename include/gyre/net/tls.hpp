#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gyre::net {

/// A TLS handshake or record failed. `what()` names the peer and the reason in words
/// ("tls example.org:443: certificate has expired").
class TlsError : public IoError {
public:
    using IoError::IoError;
};

/// What a client trusts and offers. A builder: every setter returns the options.
class TlsClientOptions {
public:
    TlsClientOptions();
    /// Trusts the certificates of this PEM file instead of the system's. @throws TlsError when the context is made.
    auto ca_file(std::string path) -> TlsClientOptions&;
    /// The same, from PEM text.
    auto ca_pem(std::string pem) -> TlsClientOptions&;
    /// Protocols to offer, best first: {"http/1.1"}. Source: RFC 7301.
    auto alpn(std::vector<std::string> protocols) -> TlsClientOptions&;
    /// What it shows to servers that ask for it: PEM files of the certificate with its chain, and of the key.
    auto certificate(std::string chain_file, std::string key_file) -> TlsClientOptions&;
    /// The same, from PEM text.
    auto certificate_pem(std::string chain, std::string key) -> TlsClientOptions&;
    /// Accepts no other key of a server than those pinned, whatever its certificate says beside; may be called again for
    /// each further one. @param sha256 of the key (SubjectPublicKeyInfo) in base64, as `TlsInfo::peer_key_sha256` shows it.
    /// @throws std::invalid_argument if it is not 32 bytes in base64. Source: RFC 7469, 2.4; curl's --pinnedpubkey.
    auto pin_key(std::string sha256) -> TlsClientOptions&;
    /// Accepts any certificate and any name; keys that are pinned are looked at all the same. For tests only.
    auto insecure_skip_verify() -> TlsClientOptions&;

private:
    friend class TlsClientContext;
    std::string ca_file_;
    std::string ca_pem_;
    std::string chain_file_, key_file_, chain_pem_, key_pem_;
    std::vector<std::string> alpn_;
    std::vector<std::string> pins_;
    bool verify_ = true;
};

/// The settings of TLS clients, shared by connections: TLS 1.2 and 1.3, Mozilla's intermediate suites, chain, host name and
/// IP address verified. Thread: one loop.
class TlsClientContext {
public:
    /// @throws TlsError naming the file and the reason.
    explicit TlsClientContext(const TlsClientOptions& options = {});
    TlsClientContext(TlsClientContext&&) noexcept;
    auto operator=(TlsClientContext&&) noexcept -> TlsClientContext&;
    ~TlsClientContext();

    /// Runs the handshake over `stream`, of which nothing may be buffered. SNI is sent for names, not for IP addresses.
    /// @param host the name or address that the certificate must be for.
    /// @throws TlsError; IoError if the connection breaks. On cancel: the connection is dropped.
    [[nodiscard]] auto handshake(Stream stream, std::string host) const -> Task<Stream>;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

class TlsTicketKeys;

/// What a server shows.
class TlsServerOptions {
public:
    TlsServerOptions();
    /// PEM files: the certificate with its chain, and the key. May be called again for further ones: clients are shown the
    /// one for the name that they ask for (SNI), else the first. Two for the same names, of other kinds of keys, belong together.
    auto certificate(std::string chain_file, std::string key_file) -> TlsServerOptions&;
    /// The same, from PEM text.
    auto certificate_pem(std::string chain, std::string key) -> TlsServerOptions&;
    /// Protocols that it speaks, best first.
    auto alpn(std::vector<std::string> protocols) -> TlsServerOptions&;
    /// Clients may come without a certificate too; one that is shown must be right.
    auto client_certificate_optional() -> TlsServerOptions&;
    /// Takes up the keys of session tickets of other options, so that their clients can come back here. Copies share them
    /// already. The keys change every 12 hours, and are forgotten after 24.
    auto share_tickets(const TlsServerOptions& other) -> TlsServerOptions&;
    /// The files that it is made of.
    [[nodiscard]] auto files() const -> std::vector<std::string>;
    /// Accepts only clients that show a certificate which one of these issued: a PEM file. Whose it is says `tls_info`.
    auto client_ca_file(std::string path) -> TlsServerOptions&;
    /// The same, from PEM text.
    auto client_ca_pem(std::string pem) -> TlsServerOptions&;

private:
    friend class TlsServerContext;
    struct Shown {
        Shown() = default;
        std::string chain_file, key_file, chain_pem, key_pem;
    };

    std::vector<Shown> shown_;
    std::string client_ca_file_, client_ca_pem_;
    bool client_optional_ = false;
    std::vector<std::string> alpn_;
    std::shared_ptr<TlsTicketKeys> tickets_;
};

/// The settings of a TLS server, shared by its connections. Thread: one loop.
class TlsServerContext {
public:
    /// @throws TlsError naming the file and the reason (also if key and certificate do not belong together).
    explicit TlsServerContext(const TlsServerOptions& options);
    TlsServerContext(TlsServerContext&&) noexcept;
    auto operator=(TlsServerContext&&) noexcept -> TlsServerContext&;
    ~TlsServerContext();

    /// Runs the server's side of the handshake over `stream`, of which nothing may be buffered. Throws, and is cancelled, as
    /// the client's.
    [[nodiscard]] auto handshake(Stream stream) const -> Task<Stream>;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

/// What a TLS connection agreed on.
struct TlsInfo {
    std::string version;                  ///< "TLSv1.3"
    std::string cipher;                   ///< "TLS_AES_256_GCM_SHA384"
    std::string alpn;                     ///< The chosen protocol, or empty.
    std::string server_name;              ///< SNI, as sent or received.
    bool is_resumed = false;              ///< By a session ticket.
    std::string peer_certificate;         ///< Subject of the peer's certificate, or empty.
    std::string peer_issuer;              ///< Who issued it.
    std::vector<std::string> peer_names;  ///< What it is for: "DNS:a.example", "IP:10.0.0.1", "URI:spiffe://a/b", "email:a@b".
    std::string peer_sha256;              ///< Its fingerprint: SHA-256 of the whole, in hexadecimal.
    bool is_peer_verified = false;  ///< Somebody who is trusted has issued it.
    std::string peer_key_sha256;    ///< SHA-256 of that certificate's key, in base64: what `pin_key` takes.
};

/// What `stream` agreed on, or an empty optional if it is not a TLS connection.
[[nodiscard]] auto tls_info(Stream& stream) -> std::optional<TlsInfo>;

/// `connect`, then the handshake, within the one `options.timeout`; `context` must live until this returns.
/// @throws as `connect`; TlsError, also if the handshake does not end in time. On cancel: nothing stays open.
[[nodiscard]] auto connect_tls(
    std::string host, std::uint16_t port, const TlsClientContext& context, ConnectOptions options = {}) -> Task<Stream>;

}  // namespace gyre::net
