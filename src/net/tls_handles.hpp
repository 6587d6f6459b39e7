#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace gyre::net {

/// Frees an OpenSSL object.
struct TlsDeleter {
    void operator()(SSL_CTX* object) const noexcept { SSL_CTX_free(object); }
    void operator()(SSL* object) const noexcept { SSL_free(object); }
    void operator()(BIO* object) const noexcept { BIO_free_all(object); }
    void operator()(BIO_METHOD* object) const noexcept { BIO_meth_free(object); }
    void operator()(X509* object) const noexcept { X509_free(object); }
    void operator()(X509_NAME* object) const noexcept { X509_NAME_free(object); }
    void operator()(X509_EXTENSION* object) const noexcept { X509_EXTENSION_free(object); }
    void operator()(EVP_PKEY* object) const noexcept { EVP_PKEY_free(object); }
    void operator()(GENERAL_NAMES* object) const noexcept { GENERAL_NAMES_free(object); }
};

using SslContextPointer = std::unique_ptr<SSL_CTX, TlsDeleter>;
using SslPointer = std::unique_ptr<SSL, TlsDeleter>;
using BioPointer = std::unique_ptr<BIO, TlsDeleter>;
using BioMethodPointer = std::unique_ptr<BIO_METHOD, TlsDeleter>;
using CertificatePointer = std::unique_ptr<X509, TlsDeleter>;
using NamePointer = std::unique_ptr<X509_NAME, TlsDeleter>;
using ExtensionPointer = std::unique_ptr<X509_EXTENSION, TlsDeleter>;
using KeyPointer = std::unique_ptr<EVP_PKEY, TlsDeleter>;
using GeneralNamesPointer = std::unique_ptr<GENERAL_NAMES, TlsDeleter>;

}  // namespace gyre::net
