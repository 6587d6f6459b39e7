#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gyre::net {

/// What OpenSSL's error queue of this thread says went wrong, in words; empties the queue. @return `otherwise` if it is empty.
[[nodiscard]] auto take_queued_error(std::string_view otherwise) -> std::string;

/// Why a certificate was not accepted, in words. @param wanted the host that it had to be for.
[[nodiscard]] auto verify_text(int error, X509* certificate, std::string_view wanted) -> std::string;

/// "CN=example.org,O=Example": a name of a certificate on one line, without control characters.
[[nodiscard]] auto name_text(const X509_NAME* name) -> std::string;

/// What a certificate is for: "DNS:a.example", "IP:10.0.0.1", "URI:spiffe://a/b", "email:a@b".
[[nodiscard]] auto certificate_names(const X509* certificate) -> std::vector<std::string>;

/// The code of errors that are about the protocol and not about the operating system.
[[nodiscard]] inline auto protocol_error() -> std::error_code {
    return std::make_error_code(std::errc::protocol_error);
}

}  // namespace gyre::net
