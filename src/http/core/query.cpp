#include <gyre/http/core/query.hpp>

#include "grammar.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/percent.hpp>

#include <algorithm>

namespace gyre::http {
namespace {

auto decode(std::string_view text) -> std::string {
    std::string plain(text);
    std::replace(plain.begin(), plain.end(), '+', ' ');
    return percent_decode(plain);
}

void encode(std::string_view text, std::string& out) {
    for (char c : text) {
        if (internal::is_alpha(c) || internal::is_digit(c) || c == '*' || c == '-' || c == '.' || c == '_') {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            internal::append_percent(out, c);
        }
    }
}

}  // namespace

QueryParams::QueryParams(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
    pairs_.reserve(list.size());
    for (const auto& [name, value] : list) pairs_.emplace_back(name, value);
}

auto QueryParams::parse(std::string_view text, std::size_t limit) -> QueryParams {
    QueryParams params;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        if (params.size() == limit) throw LimitError("query: more than " + std::to_string(limit) + " pairs");
        const auto equals = std::min(pair.find('='), pair.size());
        params.pairs_.emplace_back(
            decode(pair.substr(0, equals)), decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return params;
}

auto QueryParams::add(std::string name, std::string value) -> QueryParams& {
    pairs_.emplace_back(std::move(name), std::move(value));
    return *this;
}

auto QueryParams::set(std::string_view name, std::string value) -> QueryParams& {
    const auto has_name = [name](const Pair& pair) { return pair.first == name; };
    const auto first = std::find_if(pairs_.begin(), pairs_.end(), has_name);
    if (first == pairs_.end()) return add(std::string(name), std::move(value));
    first->second = std::move(value);
    // `name` may be a view of a name in the list: the first one stays where it is, and is what the others are compared to.
    const std::string_view kept = first->first;
    pairs_.erase(
        std::remove_if(first + 1, pairs_.end(), [kept](const Pair& pair) { return pair.first == kept; }), pairs_.end());
    return *this;
}

auto QueryParams::remove(std::string_view name) -> std::size_t {
    const std::string wanted(name);  // it may be a view of what is removed
    return std::erase_if(pairs_, [&](const Pair& pair) { return pair.first == wanted; });
}

auto QueryParams::get(std::string_view name) const noexcept -> std::optional<std::string_view> {
    for (const auto& pair : pairs_) {
        if (pair.first == name) return pair.second;
    }
    return std::nullopt;
}

auto QueryParams::get_all(std::string_view name) const -> std::vector<std::string_view> {
    std::vector<std::string_view> values;
    for (const auto& pair : pairs_) {
        if (pair.first == name) values.emplace_back(pair.second);
    }
    return values;
}

auto QueryParams::to_string() const -> std::string {
    std::string out;
    for (const auto& [name, value] : pairs_) {
        if (!out.empty()) out += '&';
        encode(name, out);
        out += '=';
        encode(value, out);
    }
    return out;
}

}  // namespace gyre::http
