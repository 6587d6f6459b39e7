#include <gyre/http/core/challenge.hpp>

#include "cookie_text.hpp"
#include "grammar.hpp"
#include "parameters.hpp"

#include <algorithm>

namespace gyre::http {

namespace {

using namespace internal;

constexpr std::size_t max_challenges = 16;

constexpr auto is_token68_char(char c) noexcept -> bool {
    return is_alpha(c) || is_digit(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

void skip_whitespace(std::string_view& text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// The commas of a list, of which there may be several (RFC 9110 5.6.1).
auto skip_commas(std::string_view& text) noexcept -> bool {
    bool any = false;
    for (skip_whitespace(text); text.starts_with(','); skip_whitespace(text)) {
        text.remove_prefix(1);
        any = true;
    }
    return any;
}

// Only if it is the whole of what the scheme is given: else it is the name of a parameter.
auto take_token68(std::string_view& text) noexcept -> std::string_view {
    std::size_t size = 0;
    while (size < text.size() && is_token68_char(text[size])) ++size;
    if (size == 0) return {};
    while (size < text.size() && text[size] == '=') ++size;
    auto rest = text.substr(size);
    skip_whitespace(rest);
    if (!rest.empty() && rest.front() != ',') return {};
    const auto token = text.substr(0, size);
    text = rest;
    return token;
}

/// Takes `= value` of a parameter whose name was taken.
auto take_parameter(std::string_view& text, std::string_view name, AuthChallenge& challenge) -> bool {
    text.remove_prefix(1);
    skip_whitespace(text);
    auto value = take_value(text);
    auto lower = to_lower(name);
    if (!value || !challenge.token68.empty() || challenge.parameter(lower)) return false;
    if (challenge.parameters.size() == max_parameters) return false;
    challenge.parameters.emplace_back(std::move(lower), std::move(*value));
    return true;
}

}  // namespace

auto AuthChallenge::parameter(std::string_view name) const noexcept -> std::optional<std::string_view> {
    return find_parameter(parameters, name);
}

auto parse_challenges(std::string_view value) -> std::vector<AuthChallenge> {
    std::vector<AuthChallenge> challenges;
    skip_commas(value);
    while (!value.empty()) {
        const auto token = take_token(value);
        if (token.empty()) return {};
        auto rest = value;
        skip_whitespace(rest);
        if (rest.starts_with('=')) {
            if (challenges.empty()) return {};
            value = rest;
            if (!take_parameter(value, token, challenges.back())) return {};
        } else {
            if (challenges.size() == max_challenges) return {};
            auto& challenge = challenges.emplace_back();
            challenge.scheme = to_lower(token);
            const bool has_more = rest.size() < value.size() && !rest.empty() && rest.front() != ',';
            value = rest;
            if (!has_more && !value.empty() && value.front() != ',') return {};
            if (!has_more) {
                skip_commas(value);
                continue;
            }
            challenge.token68 = take_token68(value);
            if (challenge.token68.empty()) {
                const auto name = take_token(value);
                skip_whitespace(value);
                if (name.empty() || !value.starts_with('=') || !take_parameter(value, name, challenge)) return {};
            }
        }
        if (!skip_commas(value) && !value.empty()) return {};
    }
    return challenges;
}

}  // namespace gyre::http
