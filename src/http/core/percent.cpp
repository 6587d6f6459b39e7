#include <gyre/http/core/percent.hpp>

#include "grammar.hpp"

namespace gyre::http {
namespace {

constexpr std::string_view fragment_extra = " \"<>`";
constexpr std::string_view query_extra = " \"#<>";
constexpr std::string_view special_query_extra = " \"#<>'";
constexpr std::string_view path_extra = " \"#<>?^`{}";
constexpr std::string_view userinfo_extra = " \"#<>?^`{}/:;=@[\\]|";
constexpr std::string_view component_extra = " \"#<>?^`{}/:;=@[\\]|$%&+,";

constexpr auto extra_of(EncodeSet set) noexcept -> std::string_view {
    switch (set) {
    case EncodeSet::control:
        return {};
    case EncodeSet::fragment:
        return fragment_extra;
    case EncodeSet::query:
        return query_extra;
    case EncodeSet::special_query:
        return special_query_extra;
    case EncodeSet::path:
        return path_extra;
    case EncodeSet::userinfo:
        return userinfo_extra;
    case EncodeSet::component:
        break;
    }
    return component_extra;
}

}  // namespace

auto percent_encode(std::string_view text, EncodeSet set) -> std::string {
    const auto extra = extra_of(set);
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && extra.find(c) == std::string_view::npos) {
            out += c;
        } else {
            internal::append_percent(out, c);
        }
    }
    return out;
}

auto percent_decode(std::string_view text) -> std::string {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_escape = text[i] == '%' && text.size() - i > 2 && internal::hex_value(text[i + 1]) >= 0 &&
                               internal::hex_value(text[i + 2]) >= 0;
        if (is_escape) {
            out += static_cast<char>(internal::hex_value(text[i + 1]) * 16 + internal::hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace gyre::http
