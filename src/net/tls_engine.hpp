#pragma once

#include "net/tls_handles.hpp"

#include <gyre/net/tls.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// How far a step of the protocol came.
enum class TlsStep : std::uint8_t {
    done,
    needs_input,  ///< The peer has to say more first.
    ended,        ///< The peer said goodbye.
    failed,       ///< For good: `failure()` says why.
};

/// A step that moves data, and how many bytes it moved.
struct TlsProgress {
    TlsStep step;
    std::size_t count;
};

/// One TLS connection between two buffers of ciphertext: a state machine without any I/O of its own.
///
/// Input is taken when it is fed, output gathers until it is taken; both buffers hold memory only while they hold bytes. The library
/// gets a record when it is whole, or a good part of one: whoever sends one byte shall not have a buffer for it.
class TlsEngine {
public:
    /// Encrypted bytes that gather before `write` stops taking more: what one write to the layer below is.
    static constexpr std::size_t output_limit = 64 * 1024;

    /// The client's side. @param host what the certificate must be for, and for names what SNI says; empty: neither.
    [[nodiscard]] static auto client(SSL_CTX& context, const std::string& host) -> SslPointer;
    [[nodiscard]] static auto server(SSL_CTX& context) -> SslPointer;

    /// @param host for the texts of errors about the certificate.
    TlsEngine(SslPointer ssl, std::string host);
    TlsEngine(const TlsEngine&) = delete;
    auto operator=(const TlsEngine&) -> TlsEngine& = delete;
    ~TlsEngine() = default;

    [[nodiscard]] auto handshake() -> TlsStep;
    /// Decrypts what there is. A failure after some bytes is told by the next call.
    [[nodiscard]] auto read(std::span<std::byte> buffer) -> TlsProgress;
    /// Takes in what was fed, and leaves data to `read`. @return done: there is some.
    [[nodiscard]] auto look() -> TlsStep;
    /// Encrypts from the front of `data`, until all is taken or the output is full.
    [[nodiscard]] auto write(std::span<const std::byte> data) -> TlsProgress;
    /// Says goodbye, once. Nothing can be written after it. `needs_input`: it is not said yet, since a message of the protocol
    /// itself has come half.
    [[nodiscard]] auto say_goodbye() -> TlsStep;

    void feed(std::span<const std::byte> ciphertext);
    /// Whether a read may give something, or would take something in, without more input: bytes, or the end.
    [[nodiscard]] auto has_input() const noexcept -> bool;
    [[nodiscard]] auto has_output() const noexcept -> bool { return !output_.empty(); }
    [[nodiscard]] auto take_output() noexcept -> std::vector<std::byte>;

    /// Gives back what the library keeps for the next record. Between any two calls.
    void release_buffers() noexcept;

    [[nodiscard]] auto is_open() const noexcept -> bool { return open_; }
    [[nodiscard]] auto has_failed() const noexcept -> bool { return !failure_.empty(); }
    [[nodiscard]] auto has_said_goodbye() const noexcept -> bool { return said_goodbye_; }
    /// Whether the output after the handshake is nothing that the peer waits for.
    [[nodiscard]] auto owes_tickets_only() const noexcept -> bool;
    [[nodiscard]] auto failure() const noexcept -> const std::string& { return failure_; }
    [[nodiscard]] auto info() const -> TlsInfo;
    /// SHA-256 of the key of the peer's certificate, in base64; empty without one.
    [[nodiscard]] auto peer_key_sha256() const -> std::string;
    /// For tests of what the peer may do at any time. @param ask for new keys of the other side too.
    void renew_keys(bool ask);

private:
    static auto method() -> const BIO_METHOD*;
    static auto bio_read(BIO* bio, char* data, std::size_t size, std::size_t* count) -> int;
    static auto bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* count) -> int;
    static auto verified(int accepted, X509_STORE_CTX* store) -> int;

    [[nodiscard]] auto has_record() const noexcept -> bool;
    [[nodiscard]] auto is_between_records() const noexcept -> bool;
    void forget_consumed() noexcept;
    auto step(int result) -> TlsStep;
    auto fail(std::string_view otherwise) -> TlsStep;

    std::vector<std::byte> input_;
    std::vector<std::byte> output_;
    std::size_t consumed_ = 0;  ///< Of `input_`.
    std::string host_;
    std::string rejected_;  ///< Why the peer's certificate was not accepted.
    std::string failure_;
    bool open_ = false;  ///< The handshake is done.
    bool said_goodbye_ = false;
    SslPointer ssl_;  ///< The last member: it goes first, while what it writes to is still there.
};

}  // namespace gyre::net
