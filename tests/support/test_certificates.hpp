#pragma once

#include <gyre/net/test_authority.hpp>

#include <string>

/// Certificates that no sane authority issues, so that tests can see them refused. `net::TestAuthority` makes the others.
namespace gyre::testing {

/// Signed by its own key.
[[nodiscard]] auto self_signed_certificate(const std::string& host) -> net::TestCertificate;

/// With an RSA key of 1024 bits; signed by its own key, and so trusted by whoever trusts it itself.
[[nodiscard]] auto weak_certificate(const std::string& host) -> net::TestCertificate;

/// Names its host in the subject only, as was done before 2000; signed by its own key.
[[nodiscard]] auto common_name_certificate(const std::string& host) -> net::TestCertificate;

/// `certificate`, with its key locked by a passphrase.
[[nodiscard]] auto locked_key(const net::TestCertificate& certificate) -> std::string;

}  // namespace gyre::testing
