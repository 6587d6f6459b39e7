#include <gyre/http/core/content_disposition.hpp>

#include "cookie_text.hpp"
#include "grammar.hpp"
#include "parameters.hpp"
#include "utf8.hpp"

#include <gyre/http/core/percent.hpp>

#include <algorithm>
#include <stdexcept>

namespace gyre::http {
namespace {

// RFC 8187 3.2.1, attr-char.
constexpr auto is_attribute_char(char c) noexcept -> bool {
    return internal::has_class(c, internal::token_char) && c != '%' && c != '\'' && c != '*';
}

auto latin1_to_utf8(std::string_view text) -> std::string {
    std::string out;
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xc0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return out;
}

// UTF-8'language'escaped. RFC 8187 3.2.
auto decode_extended(std::string_view text) -> std::optional<std::string> {
    const auto first = text.find('\'');
    const auto second = first == std::string_view::npos ? first : text.find('\'', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto charset = text.substr(0, first);
    const auto escaped = text.substr(second + 1);
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        const bool is_escape = escaped[i] == '%' && escaped.size() - i > 2 &&
                               internal::hex_value(escaped[i + 1]) >= 0 && internal::hex_value(escaped[i + 2]) >= 0;
        if (!is_escape && !is_attribute_char(escaped[i])) return std::nullopt;
        if (is_escape) i += 2;
    }
    auto decoded = percent_decode(escaped);
    if (internal::equals_ignoring_case(charset, "iso-8859-1")) decoded = latin1_to_utf8(decoded);
    const bool is_known = internal::equals_ignoring_case(charset, "utf-8") ||
                          internal::equals_ignoring_case(charset, "iso-8859-1");
    if (!is_known || !internal::is_utf8(decoded) || internal::has_forbidden_control(decoded)) return std::nullopt;
    return decoded;
}

auto last_component(std::string_view path) -> std::string {
    const auto separator = path.find_last_of("/\\");
    if (separator != std::string_view::npos) path.remove_prefix(separator + 1);
    return path == "." || path == ".." ? std::string() : std::string(path);
}

}  // namespace

auto parse_content_disposition(std::string_view text) -> std::optional<ContentDisposition> {
    text = internal::trim_whitespace(text);
    const auto end = std::min(text.find_first_of("; \t"), text.size());
    const auto parameters = internal::parse_parameters(text.substr(end), internal::QuotedText::file_names);
    if (!internal::is_token(text.substr(0, end)) || !parameters) return std::nullopt;
    ContentDisposition disposition;
    disposition.type = internal::to_lower(text.substr(0, end));
    if (const auto name = internal::find_parameter(*parameters, "name")) disposition.name = std::string(*name);
    std::optional<std::string> file_name;
    if (const auto extended = internal::find_parameter(*parameters, "filename*"))
        file_name = decode_extended(*extended);
    const auto plain = internal::find_parameter(*parameters, "filename");
    if (!file_name && plain) file_name = std::string(*plain);
    if (file_name) disposition.file_name = last_component(*file_name);
    return disposition;
}

auto format_content_disposition(std::string_view type, std::string_view file_name) -> std::string {
    if (!internal::is_token(type)) throw std::invalid_argument("content disposition: the type is not a token");
    if (std::any_of(file_name.begin(), file_name.end(),
            [](char c) { return internal::is_forbidden_control(c) || c == '\t'; })) {
        throw std::invalid_argument("content disposition: the file name has a control character");
    }
    // Percent signs too: some readers decode them in the plain form. No controls are left.
    const auto is_plain = [](char c) {
        return static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\' && c != '%';
    };
    std::string out(type);
    out += "; filename=\"";
    for (char c : file_name) out += is_plain(c) ? c : '_';
    out += '"';
    if (std::all_of(file_name.begin(), file_name.end(), is_plain)) return out;
    out += "; filename*=UTF-8''";
    for (char c : file_name) {
        if (is_attribute_char(c)) {
            out += c;
        } else {
            internal::append_percent(out, c);
        }
    }
    return out;
}

}  // namespace gyre::http
