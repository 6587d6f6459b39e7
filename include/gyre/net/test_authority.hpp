#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// A certificate with its key, as PEM text.
struct TestCertificate {
    std::string chain;  ///< The certificate; trusted through the authority that issued it.
    std::string key;    ///< Its private key, not locked.
};

/// When a certificate of a `TestAuthority` is valid.
struct TestValidity {
    std::chrono::seconds begins = std::chrono::hours(-1);  ///< From now on; negative: in the past.
    std::chrono::seconds lasts = std::chrono::hours(24 * 30);
};

/// A certificate authority in memory, for tests and demonstrations: nothing trusts it but who is told to.
///
/// Keys are EC P-256. Nothing is written to disk. Thread: one at a time.
class TestAuthority {
public:
    /// @param name its common name. @throws std::runtime_error if the TLS library has no such keys.
    explicit TestAuthority(std::string_view name = "gyre test authority", TestValidity validity = {});
    TestAuthority(TestAuthority&&) noexcept;
    auto operator=(TestAuthority&&) noexcept -> TestAuthority&;
    ~TestAuthority();

    /// Its own certificate, as PEM text: what clients are to trust.
    [[nodiscard]] auto certificate() const -> const std::string&;

    /// Issues a certificate, for servers and clients, for host names ("example.org", "*.example.org") and IP addresses ("127.0.0.1", "::1").
    /// @throws std::invalid_argument if there are no names, or one has a comma, a control character or is longer than 253.
    [[nodiscard]] auto issue(const std::vector<std::string>& names, TestValidity validity = {}) const -> TestCertificate;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace gyre::net
