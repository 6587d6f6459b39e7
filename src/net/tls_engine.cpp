#include "net/tls_engine.hpp"

#include "core/hex_text.hpp"
#include "net/tls_text.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace gyre::net {

namespace {

/// The largest record: 16 KiB of data, and what TLS adds at most.
constexpr std::size_t record_limit = 16'384 + 256 + 5;

constexpr std::size_t record_header = 5;

/// So much of a record is worth the library's buffer of 16 KiB; what is less waits for the rest of it in memory of its own size.
constexpr std::size_t worth_a_buffer = 2048;

auto new_ssl(SSL_CTX& context) -> SslPointer {
    SslPointer ssl(SSL_new(&context));
    if (!ssl) throw std::bad_alloc();
    return ssl;
}

void require(bool done) {
    if (done) return;
    ERR_clear_error();
    throw std::bad_alloc();
}

auto fingerprint(const X509& certificate) -> std::string {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    require(X509_digest(&certificate, EVP_sha256(), digest.data(), &size) == 1);
    return gyre::internal::hex_text(std::as_bytes(std::span(digest).first(size)));
}

/// What an earlier call on this thread has left, so that `SSL_get_error` speaks of the next one. Nearly always nothing: to look
/// costs a tenth of what clearing does.
void forget_errors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/// How long the record is that begins so. Garbage: as long as what there is, for the library to say what is wrong with it.
auto record_size(std::span<const std::byte> bytes) noexcept -> std::size_t {
    const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
    const auto size = record_header + (at(3) << 8U) + at(4);
    const bool is_record = at(0) >= SSL3_RT_CHANGE_CIPHER_SPEC && at(0) <= SSL3_RT_APPLICATION_DATA &&
                           at(1) == SSL3_VERSION_MAJOR;
    return is_record && size <= record_limit ? size : bytes.size();
}

/// "fe80::1%eth0": a certificate knows nothing of zones.
auto without_zone(const std::string& host) -> std::string { return host.substr(0, host.find('%')); }

}  // namespace

auto TlsEngine::client(SSL_CTX& context, const std::string& host) -> SslPointer {
    auto ssl = new_ssl(context);
    SSL_set_connect_state(ssl.get());
    if (host.empty()) return ssl;
    auto* parameters = SSL_get0_param(ssl.get());
    // The subject's common name is no host name (RFC 9525); a wildcard stands for one whole label.
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, without_zone(host).c_str()) == 1) return ssl;
    ERR_clear_error();
    require(X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) == 1);
    require(SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1);
    return ssl;
}

auto TlsEngine::server(SSL_CTX& context) -> SslPointer {
    auto ssl = new_ssl(context);
    SSL_set_accept_state(ssl.get());
    return ssl;
}

TlsEngine::TlsEngine(SslPointer ssl, std::string host) : host_(std::move(host)), ssl_(std::move(ssl)) {
    BioPointer bio(BIO_new(method()));
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio.get(), this);
    BIO_set_init(bio.get(), 1);
    auto* both = bio.release();
    SSL_set_bio(ssl_.get(), both, both);
    require(SSL_set_app_data(ssl_.get(), this) == 1);
    SSL_set_verify(ssl_.get(), SSL_get_verify_mode(ssl_.get()), &TlsEngine::verified);
}

auto TlsEngine::handshake() -> TlsStep {
    if (has_failed()) return TlsStep::failed;
    forget_errors();
    const auto result = step(SSL_do_handshake(ssl_.get()));
    if (result == TlsStep::ended) return fail("the peer ended the connection during the handshake");
    open_ = result == TlsStep::done;
    return result;
}

auto TlsEngine::read(std::span<std::byte> buffer) -> TlsProgress {
    if (has_failed()) return {TlsStep::failed, 0};
    const bool has_ended = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    if (open_ && !has_ended && !has_input()) return {TlsStep::needs_input, 0};  // to ask would cost as much as a record
    std::size_t total = 0;
    // Record after record: what lies here already costs no wait.
    while (total < buffer.size()) {
        std::size_t count = 0;
        forget_errors();
        const auto result = step(SSL_read_ex(ssl_.get(), buffer.data() + total, buffer.size() - total, &count));
        if (result != TlsStep::done) return {total > 0 ? TlsStep::done : result, total};
        total += count;
        if (SSL_pending(ssl_.get()) == 0 && !has_record()) break;
    }
    return {TlsStep::done, total};
}

auto TlsEngine::look() -> TlsStep {
    if (has_failed()) return TlsStep::failed;
    if (open_ && !has_input()) {
        release_buffers();
        return TlsStep::needs_input;
    }
    std::byte next{};
    std::size_t count = 0;
    forget_errors();
    const auto result = step(SSL_peek_ex(ssl_.get(), &next, sizeof next, &count));
    if (result == TlsStep::needs_input) release_buffers();
    return result;
}

auto TlsEngine::write(std::span<const std::byte> data) -> TlsProgress {
    if (has_failed()) return {TlsStep::failed, 0};
    std::size_t total = 0;
    while (total < data.size() && output_.size() < output_limit) {
        std::size_t count = 0;
        forget_errors();
        const auto result = step(SSL_write_ex(ssl_.get(), data.data() + total, data.size() - total, &count));
        if (result != TlsStep::done) return {result, total};
        total += count;
    }
    return {TlsStep::done, total};
}

auto TlsEngine::say_goodbye() -> TlsStep {
    if (has_failed()) return TlsStep::failed;
    if (!open_ || said_goodbye_) return TlsStep::done;
    ERR_clear_error();
    if (SSL_in_init(ssl_.get()) == 1) {  // new keys are due, or a message is half: the library says no goodbye then
        const auto result = step(SSL_do_handshake(ssl_.get()));
        if (result != TlsStep::done) return result;
    }
    said_goodbye_ = true;
    static_cast<void>(SSL_shutdown(ssl_.get()));
    ERR_clear_error();
    return TlsStep::done;
}

void TlsEngine::feed(std::span<const std::byte> ciphertext) {
    forget_consumed();
    input_.insert(input_.end(), ciphertext.begin(), ciphertext.end());
}

auto TlsEngine::has_input() const noexcept -> bool {
    const bool is_over = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) !=
                         0;  // a goodbye came with the last bytes
    return is_over || has_record() || SSL_has_pending(ssl_.get()) == 1;
}

/// Whether there is input that the library shall have: the rest of a record that it has begun, a whole one, or much of one.
auto TlsEngine::has_record() const noexcept -> bool {
    const auto rest = std::span(input_).subspan(consumed_);
    if (rest.empty()) return false;
    if (!open_ || rest.size() >= worth_a_buffer || !is_between_records()) return true;
    return rest.size() >= record_header && rest.size() >= record_size(rest);
}

/// Also while the header of the next one has come half, which `SSL_has_pending` tells.
auto TlsEngine::is_between_records() const noexcept -> bool {
    return std::string_view(SSL_rstate_string(ssl_.get())) == "RH" && SSL_has_pending(ssl_.get()) == 0;
}

void TlsEngine::forget_consumed() noexcept {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    consumed_ = 0;
}

auto TlsEngine::take_output() noexcept -> std::vector<std::byte> { return std::exchange(output_, {}); }

auto TlsEngine::owes_tickets_only() const noexcept -> bool {
    return SSL_is_server(ssl_.get()) == 1 && SSL_version(ssl_.get()) == TLS1_3_VERSION;
}

auto TlsEngine::info() const -> TlsInfo {
    TlsInfo info;
    info.version = SSL_get_version(ssl_.get());
    info.cipher = SSL_get_cipher_name(ssl_.get());
    const unsigned char* protocol = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
    if (length > 0) info.alpn.assign(reinterpret_cast<const char*>(protocol), length);
    if (const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)) info.server_name = name;
    info.is_resumed = SSL_session_reused(ssl_.get()) == 1;
    if (const X509* certificate = SSL_get0_peer_certificate(ssl_.get())) {
        info.peer_certificate = name_text(X509_get_subject_name(certificate));
        info.peer_issuer = name_text(X509_get_issuer_name(certificate));
        info.peer_names = certificate_names(certificate);
        info.peer_sha256 = fingerprint(*certificate);
        info.is_peer_verified = SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE &&
                                SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    }
    info.peer_key_sha256 = peer_key_sha256();
    return info;
}

auto TlsEngine::peer_key_sha256() const -> std::string {
    const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    unsigned char* bytes = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
    if (size <= 0) throw std::bad_alloc();
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
        bytes, [](unsigned char* p) { OPENSSL_free(p); });
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned digest_size = 0;
    const bool done = EVP_Digest(bytes, static_cast<std::size_t>(size), digest.data(), &digest_size, EVP_sha256(),
                          nullptr) == 1;
    if (!done) throw std::bad_alloc();
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text;
    const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest_size));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

void TlsEngine::renew_keys(bool ask) {
    SSL_key_update(ssl_.get(), ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    ERR_clear_error();
}

auto TlsEngine::method() -> const BIO_METHOD* {
    static const BioMethodPointer shared = [] {
        BioMethodPointer made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gyre"));
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read_ex(made.get(), &TlsEngine::bio_read);
        BIO_meth_set_write_ex(made.get(), &TlsEngine::bio_write);
        BIO_meth_set_ctrl(
            made.get(), [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
        return made;
    }();
    return shared.get();
}

auto TlsEngine::bio_read(BIO* bio, char* data, std::size_t size, std::size_t* count) -> int {
    auto& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *count = std::min(size, self.input_.size() - self.consumed_);
    if (*count == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(data, self.input_.data() + self.consumed_, *count);
    self.consumed_ += *count;
    if (self.consumed_ == self.input_.size()) {
        self.input_ = std::vector<std::byte>();
        self.consumed_ = 0;
    }
    return 1;
}

auto TlsEngine::bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* count) -> int {
    auto& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    try {
        // A second large record tells of more: make room for all of them at once.
        const bool growing = self.output_.size() >= record_limit / 2;
        if (growing) self.output_.reserve(output_limit + record_limit);
        self.output_.insert(self.output_.end(), bytes, bytes + size);
    } catch (const std::bad_alloc&) {
        return 0;  // fatal for the connection: SSL_ERROR_SYSCALL
    }
    *count = size;
    return 1;
}

auto TlsEngine::verified(int accepted, X509_STORE_CTX* store) -> int {
    if (accepted == 1) return 1;
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<TlsEngine*>(SSL_get_app_data(ssl));
    if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return 1;
    try {
        self.rejected_ = verify_text(
            X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store), self.host_);
    } catch (const std::bad_alloc&) {
        self.rejected_.clear();  // the error queue still says that it failed
    }
    return 0;
}

void TlsEngine::release_buffers() noexcept {
    // Only between records: OpenSSL 3.0 would let go of a header whose record has yet to come.
    if (std::string_view(SSL_rstate_string(ssl_.get())) == "RH") static_cast<void>(SSL_free_buffers(ssl_.get()));
    forget_consumed();
    input_.shrink_to_fit();
}

auto TlsEngine::step(int result) -> TlsStep {
    if (result == 1) return TlsStep::done;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return TlsStep::needs_input;
    case SSL_ERROR_ZERO_RETURN:
        return TlsStep::ended;
    case SSL_ERROR_SYSCALL:
        return fail("out of memory");
    default:
        return fail("unknown error of the TLS library");
    }
}

auto TlsEngine::fail(std::string_view otherwise) -> TlsStep {
    failure_ = take_queued_error(otherwise);
    if (!rejected_.empty()) failure_ = rejected_;
    return TlsStep::failed;
}

}  // namespace gyre::net
