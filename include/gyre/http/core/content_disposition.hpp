#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

/// What a Content-Disposition says: of a part of a form, or of a file that a server sends.
struct ContentDisposition {
    ContentDisposition() = default;

    std::string type;                      ///< Lower case: "form-data", "attachment", "inline".
    std::optional<std::string> name;       ///< Of a form's field.
    std::optional<std::string> file_name;  ///< Without any directories; empty if nothing is left.
};

/// Reads a Content-Disposition. `filename*` goes before `filename` if it can be decoded.
///
/// A file name is only its last component, after "/" and "\", and never "." or ".."; what the peer calls a file must not say
/// where it goes. It may still be a name that your system treats in its own way.
/// @return empty if it is none, or names a parameter twice. Source: RFC 6266, RFC 7578 4.2, RFC 8187.
[[nodiscard]] auto parse_content_disposition(std::string_view text) -> std::optional<ContentDisposition>;

/// Writes one for a file: `attachment; filename="x"`, with `filename*` beside it if the name is more than plain ASCII.
/// @param type      a token, such as "attachment" or "inline".
/// @param file_name in UTF-8. @throws std::invalid_argument if the type is no token or the name has a control.
[[nodiscard]] auto format_content_disposition(std::string_view type, std::string_view file_name) -> std::string;

}  // namespace gyre::http
