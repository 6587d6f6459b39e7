#include "parameters.hpp"

#include "cookie_text.hpp"
#include "grammar.hpp"

#include <algorithm>

namespace gyre::http::internal {
namespace {

// After the opening quote.
auto take_quoted(std::string_view& text, QuotedText style) -> std::optional<std::string> {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_forbidden_control(text[i])) return std::nullopt;
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return out;
        }
        const bool has_next = i + 1 < text.size();
        const bool is_pair = text[i] == '\\' && has_next &&
                             (style == QuotedText::standard || text[i + 1] == '"' || text[i + 1] == '\\');
        if (is_pair && is_forbidden_control(text[++i])) return std::nullopt;
        out += text[i];
    }
    return std::nullopt;
}

}  // namespace

auto take_value(std::string_view& text, QuotedText style) -> std::optional<std::string> {
    if (text.starts_with('"')) {
        text.remove_prefix(1);
        return take_quoted(text, style);
    }
    const auto token = take_token(text);
    return token.empty() ? std::nullopt : std::optional(std::string(token));
}

auto parse_parameters(std::string_view text, QuotedText quoted) -> std::optional<Parameters> {
    Parameters parameters;
    while (true) {
        text = trim_whitespace(text);
        if (text.empty()) return parameters;
        if (text.front() != ';') return std::nullopt;
        text.remove_prefix(1);
        text = trim_whitespace(text);
        if (text.empty() || text.front() == ';') continue;
        auto name = to_lower(take_token(text));
        if (name.empty() || !text.starts_with('=') || find_parameter(parameters, name)) return std::nullopt;
        text.remove_prefix(1);
        auto value = take_value(text, quoted);
        if (!value || parameters.size() == max_parameters) return std::nullopt;
        parameters.emplace_back(std::move(name), std::move(*value));
    }
}

auto find_parameter(const Parameters& parameters, std::string_view name) noexcept -> std::optional<std::string_view> {
    for (const auto& parameter : parameters) {
        if (parameter.first == name) return parameter.second;
    }
    return std::nullopt;
}

auto take_list_member(std::string_view& list) noexcept -> std::string_view {
    bool is_quoted = false;
    std::size_t end = 0;
    for (; end < list.size() && (is_quoted || list[end] != ','); ++end) {
        if (list[end] == '"') is_quoted = !is_quoted;
        if (is_quoted && list[end] == '\\') ++end;
    }
    end = std::min(end, list.size());
    const auto member = trim_whitespace(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    return member;
}

}  // namespace gyre::http::internal
