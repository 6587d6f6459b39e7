#pragma once

#include <string>
#include <string_view>

namespace gyre::internal {

/// Which names c-ares can look up, and which need the system's own resolver, by the `hosts` line of nsswitch.conf(5).
///
/// c-ares knows `files` and `dns`. `myhostname` and `mymachines` add names without a dot, and `mdns_minimal` with its kin
/// adds `.local`: such names go to the system. With any other source (`resolve`, `nis`, `ldap`, ...) every name does.
class NameSources {
public:
    /// @param text of an nsswitch.conf; without a `hosts` line it is "files dns".
    explicit NameSources(std::string_view text);
    /// As the file says now; one that is not there says nothing.
    [[nodiscard]] static auto of_file(const std::string& path) -> NameSources;

    [[nodiscard]] auto needs_system(std::string_view host) const noexcept -> bool;

private:
    void add(std::string_view source) noexcept;

    bool all_ = false;
    bool without_dot_ = false;
    bool local_ = false;
};

/// "localhost" and every name under it, in any case. Source: RFC 6761, section 6.3.
[[nodiscard]] auto is_localhost(std::string_view host) -> bool;

/// In lower case. A dot at the end stays: with it a name is absolute, without it search domains may complete the name.
[[nodiscard]] auto name_key(std::string_view host) -> std::string;

}  // namespace gyre::internal
