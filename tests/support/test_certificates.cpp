#include "test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace gyre::testing {

namespace {

struct Deleter {
    void operator()(X509* object) const noexcept { X509_free(object); }
    void operator()(X509_EXTENSION* object) const noexcept { X509_EXTENSION_free(object); }
    void operator()(EVP_PKEY* object) const noexcept { EVP_PKEY_free(object); }
    void operator()(BIO* object) const noexcept { BIO_free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter>;

void require(bool done) {
    if (!done) throw std::runtime_error("test certificate: OpenSSL refuses");
}

auto memory() -> std::unique_ptr<BIO, Deleter> { return std::unique_ptr<BIO, Deleter>(BIO_new(BIO_s_mem())); }

auto text_of(BIO* bio) -> std::string {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

auto make(const std::string& host, const Key& key, bool names_host) -> net::TestCertificate {
    require(key != nullptr);
    const std::unique_ptr<X509, Deleter> certificate(X509_new());
    auto* raw = certificate.get();
    require(X509_set_version(raw, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(raw), 7) == 1);
    require(X509_gmtime_adj(X509_getm_notBefore(raw), -3600) != nullptr);
    require(X509_gmtime_adj(X509_getm_notAfter(raw), 86'400) != nullptr);
    require(X509_set_pubkey(raw, key.get()) == 1);
    const auto* bytes = reinterpret_cast<const unsigned char*>(host.data());
    auto* name = X509_get_subject_name(raw);
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(host.size()), -1, 0) == 1);
    require(X509_set_issuer_name(raw, name) == 1);
    if (names_host) {
        const std::string value = "DNS:" + host;
        const std::unique_ptr<X509_EXTENSION, Deleter> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str()));
        require(extension && X509_add_ext(raw, extension.get(), -1) == 1);
    }
    require(X509_sign(raw, key.get(), EVP_sha256()) != 0);
    const auto chain = memory();
    const auto secret = memory();
    require(PEM_write_bio_X509(chain.get(), raw) == 1);
    require(PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {text_of(chain.get()), text_of(secret.get())};
}

}  // namespace

auto self_signed_certificate(const std::string& host) -> net::TestCertificate {
    return make(host, Key(EVP_EC_gen("P-256")), true);
}

auto weak_certificate(const std::string& host) -> net::TestCertificate {
    return make(host, Key(EVP_RSA_gen(1024U)), true);
}

auto common_name_certificate(const std::string& host) -> net::TestCertificate {
    return make(host, Key(EVP_EC_gen("P-256")), false);
}

auto locked_key(const net::TestCertificate& certificate) -> std::string {
    const std::unique_ptr<BIO, Deleter> in(
        BIO_new_mem_buf(certificate.key.data(), static_cast<int>(certificate.key.size())));
    const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    const auto out = memory();
    require(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr) == 1);
    return text_of(out.get());
}

}  // namespace gyre::testing
