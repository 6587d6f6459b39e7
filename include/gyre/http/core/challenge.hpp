#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

/// One way in which a server wants a client to say who it is.
struct AuthChallenge {
    AuthChallenge() = default;

    std::string scheme;   ///< Lower case: "basic", "digest", "bearer".
    std::string token68;  ///< What stands after the scheme in place of parameters; usually empty.
    std::vector<std::pair<std::string, std::string>> parameters;  ///< Names in lower case, values without quotes.

    /// The value of a parameter; `name` in lower case.
    [[nodiscard]] auto parameter(std::string_view name) const noexcept -> std::optional<std::string_view>;

    friend auto operator==(const AuthChallenge&, const AuthChallenge&) -> bool = default;
};

/// Reads the value of one WWW-Authenticate or Proxy-Authenticate field, which may hold several challenges.
/// @return empty if it breaks the grammar anywhere, if a parameter comes twice in one challenge, or if there are more than 16
///         challenges or 32 parameters of one: what can be read in two ways is not answered.
/// Source: RFC 9110 11.6.1.
[[nodiscard]] auto parse_challenges(std::string_view value) -> std::vector<AuthChallenge>;

}  // namespace gyre::http
