#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::internal {

using Parameters = std::vector<std::pair<std::string, std::string>>;  // names in lower case

/// How many parameters one value may have. One more is refused.
inline constexpr std::size_t max_parameters = 32;

enum class QuotedText : unsigned char {
    standard,    ///< a backslash quotes what follows it
    file_names,  ///< only `"` and `\`: browsers write paths of Windows as they are
};

/// Reads `*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )` to the end. A name that comes twice is refused: of two
/// readers one would take the first and one the last. Source: RFC 9110 5.6.6.
[[nodiscard]] auto parse_parameters(std::string_view text, QuotedText quoted = QuotedText::standard)
    -> std::optional<Parameters>;

/// Takes `token / quoted-string` from the front; empty if there is neither. A quoted string may be empty.
[[nodiscard]] auto take_value(std::string_view& text, QuotedText style = QuotedText::standard)
    -> std::optional<std::string>;

/// The value of that name (in lower case).
[[nodiscard]] auto find_parameter(const Parameters& parameters, std::string_view name) noexcept
    -> std::optional<std::string_view>;

/// Takes what stands before the next comma that is in no quotes, and the comma, from the front.
[[nodiscard]] auto take_list_member(std::string_view& list) noexcept -> std::string_view;

}  // namespace gyre::http::internal
