#include <gyre/net/test_authority.hpp>

#include "net/tls_handles.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace gyre::net {

struct TestAuthority::State {
    KeyPointer key;
    CertificatePointer certificate;
    std::string pem;
};

namespace {

void require(bool done) {
    if (done) return;
    ERR_clear_error();
    throw std::runtime_error("TestAuthority: the TLS library could not make a certificate");
}

auto text_of(BIO& memory) -> std::string {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(&memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

auto pem_of(X509& certificate) -> std::string {
    const BioPointer memory(BIO_new(BIO_s_mem()));
    require(memory && PEM_write_bio_X509(memory.get(), &certificate) == 1);
    return text_of(*memory);
}

auto pem_of(EVP_PKEY& key) -> std::string {
    const BioPointer memory(BIO_new(BIO_s_mem()));
    require(memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(*memory);
}

auto is_ip(const std::string& name) -> bool {
    ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(name.c_str());
    ASN1_OCTET_STRING_free(parsed);
    ERR_clear_error();
    return parsed != nullptr;
}

/// "DNS:example.org,IP:127.0.0.1"
auto alternative_names(const std::vector<std::string>& names) -> std::string {
    std::string text;
    for (const auto& name : names) {
        const bool odd = std::any_of(
            name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c == ',' || c == 0x7f; });
        if (name.empty() || name.size() > 253 || odd) {
            throw std::invalid_argument("TestAuthority: '" + name + "' is no name for a certificate");
        }
        text += (text.empty() ? "" : ",") + std::string(is_ip(name) ? "IP:" : "DNS:") + name;
    }
    return text;
}

void add_extension(X509& certificate, X509& issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    const ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension && X509_add_ext(&certificate, extension.get(), -1) == 1);
}

void set_name(X509_NAME& name, std::string_view common_name) {
    // Longer ones are not allowed, and nobody looks for a host here.
    const auto text = common_name.substr(0, 64);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    require(X509_NAME_add_entry_by_txt(&name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(text.size()), -1, 0) == 1);
}

/// A certificate that lacks its issuer, its extensions and its signature.
auto begin_certificate(EVP_PKEY& key, std::string_view common_name, TestValidity validity) -> CertificatePointer {
    CertificatePointer certificate(X509_new());
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    std::uint64_t serial = 0;
    // seam: a serial number has to differ from all others ever made
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1);
    require(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), validity.begins.count()) != nullptr);
    const auto end = (validity.begins + validity.lasts).count();
    require(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), end) != nullptr);
    require(X509_set_pubkey(certificate.get(), &key) == 1);
    set_name(*X509_get_subject_name(certificate.get()), common_name);
    return certificate;
}

auto new_key() -> KeyPointer {
    KeyPointer key(EVP_EC_gen("P-256"));
    require(key != nullptr);
    return key;
}

}  // namespace

TestAuthority::TestAuthority(std::string_view name, TestValidity validity) : state_(std::make_unique<State>()) {
    state_->key = new_key();
    state_->certificate = begin_certificate(*state_->key, name, validity);
    auto& own = *state_->certificate;
    require(X509_set_issuer_name(&own, X509_get_subject_name(&own)) == 1);
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(own, own, NID_subject_key_identifier, "hash");
    require(X509_sign(&own, state_->key.get(), EVP_sha256()) != 0);
    state_->pem = pem_of(own);
}

TestAuthority::TestAuthority(TestAuthority&&) noexcept = default;
auto TestAuthority::operator=(TestAuthority&&) noexcept -> TestAuthority& = default;
TestAuthority::~TestAuthority() = default;

auto TestAuthority::certificate() const -> const std::string& { return state_->pem; }

auto TestAuthority::issue(const std::vector<std::string>& names, TestValidity validity) const -> TestCertificate {
    if (names.empty()) throw std::invalid_argument("TestAuthority: a certificate needs at least one name");
    const auto alternatives = alternative_names(names);
    const auto key = new_key();
    const auto certificate = begin_certificate(*key, names.front(), validity);
    auto& issuer = *state_->certificate;
    require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(&issuer)) == 1);
    add_extension(*certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(*certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(*certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(*certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(*certificate, issuer, NID_authority_key_identifier, "keyid");
    add_extension(*certificate, issuer, NID_subject_alt_name, alternatives);
    require(X509_sign(certificate.get(), state_->key.get(), EVP_sha256()) != 0);
    return {pem_of(*certificate), pem_of(*key)};
}

}  // namespace gyre::net
