#include <gyre/http/core/media_type.hpp>

#include "cookie_text.hpp"
#include "grammar.hpp"
#include "parameters.hpp"

#include <algorithm>
#include <stdexcept>

namespace gyre::http {

MediaType::MediaType(std::string_view type, std::string_view subtype)
    : type_(internal::to_lower(type)), subtype_(internal::to_lower(subtype)) {
    if (internal::is_token(type_) && internal::is_token(subtype_)) return;
    throw std::invalid_argument("media type: type or subtype is not a token");
}

auto MediaType::parse(std::string_view text) -> std::optional<MediaType> {
    text = internal::trim_whitespace(text);
    const auto end = std::min(text.find_first_of("; \t"), text.size());
    const auto essence = text.substr(0, end);
    const auto slash = essence.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto parameters = internal::parse_parameters(text.substr(end));
    if (!parameters || !internal::is_token(essence.substr(0, slash)) || !internal::is_token(essence.substr(slash + 1))) {
        return std::nullopt;
    }
    MediaType media_type(essence.substr(0, slash), essence.substr(slash + 1));
    media_type.parameters_ = std::move(*parameters);
    return media_type;
}

auto MediaType::parameter(std::string_view name) const noexcept -> std::optional<std::string_view> {
    for (const auto& parameter : parameters_) {
        if (internal::equals_ignoring_case(parameter.first, name)) return parameter.second;
    }
    return std::nullopt;
}

auto MediaType::set_parameter(std::string_view name, std::string value) -> MediaType& {
    if (!internal::is_token(name) || internal::has_forbidden_control(value)) {
        throw std::invalid_argument("media type: the name of a parameter is not a token, or its value has a control");
    }
    auto lower = internal::to_lower(name);
    const auto same = std::find_if(
        parameters_.begin(), parameters_.end(), [&](const Parameter& parameter) { return parameter.first == lower; });
    if (same != parameters_.end()) {
        same->second = std::move(value);
        return *this;
    }
    if (parameters_.size() == internal::max_parameters)
        throw std::invalid_argument("media type: more than 32 parameters");
    parameters_.emplace_back(std::move(lower), std::move(value));
    return *this;
}

auto MediaType::to_string() const -> std::string {
    std::string out = essence();
    for (const auto& [name, value] : parameters_) {
        out.append("; ").append(name).append("=");
        if (internal::is_token(value)) {
            out += value;
            continue;
        }
        out += '"';
        for (char c : value) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out;
}

}  // namespace gyre::http
