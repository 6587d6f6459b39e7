#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/net/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gyre::internal {

/// The attempts of one connect: which addresses were tried, and how each ended.
class Attempts {
public:
    void begin(const net::Address& address) { attempts_.push_back({address, {}}); }
    void fail(const net::Address& address, std::error_code error) noexcept;

    /// All have failed. @throws IoError with the code of the most telling failure, and all of them in its text.
    [[noreturn]] void throw_error(const std::string& object) const;
    /// The time was up. @throws IoError `timed_out`.
    [[noreturn]] void throw_timeout(Duration limit, const std::string& object) const;

private:
    struct Attempt {
        net::Address address;
        std::error_code error;  ///< None: it got no answer.
    };

    [[nodiscard]] auto most_telling() const noexcept -> const Attempt&;
    /// "10.0.0.1:80: Connection refused; [::1]:80: no answer"
    [[nodiscard]] auto list() const -> std::string;

    std::vector<Attempt> attempts_;
};

/// The families in turn, the first address's first; each family in its own order. Source: RFC 8305, section 4.
[[nodiscard]] auto interleaved(std::vector<net::Address> addresses) -> std::vector<net::Address>;

/// "example.com:80", "[::1]:80"
[[nodiscard]] auto host_and_port(std::string_view host, std::uint16_t port) -> std::string;

}  // namespace gyre::internal
