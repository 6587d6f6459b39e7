#include "net/tls_tickets.hpp"

#include <gyre/core/loop.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

namespace gyre::net {

namespace {

void wipe(std::optional<TlsTicketKeys::Key>& key) noexcept {
    if (key) OPENSSL_cleanse(&*key, sizeof *key);
    key.reset();
}

auto fill(std::span<unsigned char> bytes) -> bool {
    return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

auto time_now() noexcept -> Time {
    const auto* loop = gyre::internal::current_loop();
    return loop == nullptr ? Time() : loop->now();
}

auto set_mac(EVP_MAC_CTX* mac, TlsTicketKeys::Key& key) -> bool {
    std::array<char, 7> digest = {'s', 'h', 'a', '2', '5', '6', '\0'};
    const std::array<OSSL_PARAM, 3> parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

}  // namespace

TlsTicketKeys::~TlsTicketKeys() {
    wipe(current_);
    wipe(previous_);
}

void TlsTicketKeys::renew(Time now) {
    if (current_ && now - made_ < use_time) return;
    wipe(previous_);
    if (current_ && now - made_ < 2 * use_time) previous_ = current_;
    wipe(current_);
    Key key;
    if (!fill(key.name) || !fill(key.cipher) || !fill(key.mac)) return;
    current_ = key;
    made_ = now;
    OPENSSL_cleanse(&key, sizeof key);
}

auto TlsTicketKeys::newest(Time now) -> std::optional<Key> {
    const std::lock_guard lock(mutex_);
    renew(now);
    return current_;
}

auto TlsTicketKeys::find(std::span<const unsigned char, name_size> name, Time now) -> std::optional<Key> {
    const std::lock_guard lock(mutex_);
    renew(now);
    for (const auto& key : {current_, previous_}) {
        if (key && std::equal(name.begin(), name.end(), key->name.begin())) return key;
    }
    return std::nullopt;
}

void TlsTicketKeys::use_for(SSL_CTX& context) {
    SSL_CTX_set_app_data(&context, this);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, &TlsTicketKeys::protect);
}

// OpenSSL's own rules: 1 done, 2 done but the ticket is to be renewed, 0 no such key, -1 failed.
auto TlsTicketKeys::protect(
    SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) -> int {
    auto& keys = *static_cast<TlsTicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto now = time_now();
    const auto* algorithm = EVP_aes_256_cbc();
    auto newest = keys.newest(now);
    if (!newest) return -1;
    if (encrypt == 1) {
        const auto iv_size = static_cast<std::size_t>(EVP_CIPHER_get_iv_length(algorithm));
        if (!fill({iv, iv_size})) return -1;
        std::copy(newest->name.begin(), newest->name.end(), name);
        const bool is_set = EVP_EncryptInit_ex(cipher, algorithm, nullptr, newest->cipher.data(), iv) == 1;
        const int done = is_set && set_mac(mac, *newest) ? 1 : -1;
        wipe(newest);
        return done;
    }
    auto key = keys.find(std::span<const unsigned char, name_size>(name, name_size), now);
    if (!key) return 0;
    const bool is_newest = key->name == newest->name;
    const bool is_set = EVP_DecryptInit_ex(cipher, algorithm, nullptr, key->cipher.data(), iv) == 1;
    const bool is_done = is_set && set_mac(mac, *key);
    wipe(key);
    wipe(newest);
    if (!is_done) return -1;
    return is_newest ? 1 : 2;
}

}  // namespace gyre::net
