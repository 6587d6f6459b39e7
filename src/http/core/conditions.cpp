#include <gyre/http/core/conditions.hpp>

#include "grammar.hpp"

#include <gyre/http/core/date.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

namespace gyre::http {
namespace {

// Bytes from 0x80 are opaque text.
auto is_tag_char(char c) noexcept -> bool {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != '"' && byte != 0x7f;
}

// Takes a tag off the front of `text`.
auto take_tag(std::string_view& text) -> std::optional<EntityTag> {
    const bool is_weak = text.starts_with("W/");
    auto rest = text.substr(is_weak ? 2 : 0);
    if (!rest.starts_with('"')) return std::nullopt;
    rest.remove_prefix(1);
    const auto end = rest.find('"');
    if (end == rest.npos) return std::nullopt;
    const auto opaque = rest.substr(0, end);
    if (!std::all_of(opaque.begin(), opaque.end(), is_tag_char)) return std::nullopt;
    text = rest.substr(end + 1);
    return EntityTag(opaque, is_weak);
}

enum class Comparison : std::uint8_t { strong, weak };

// Whether one of the tags in a list is the present one. What follows something that is no tag is not read.
auto names_current(std::string_view list, const Validators& current, Comparison comparison) -> bool {
    if (internal::trim_whitespace(list) == "*") return current.exists;
    if (!current.exists || !current.etag) return false;
    for (;;) {
        while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ',')) {
            list.remove_prefix(1);
        }
        const auto tag = take_tag(list);
        if (!tag) return false;
        list = internal::trim_whitespace(list);
        if (!list.empty() && list.front() != ',') return false;
        const bool is_match = comparison == Comparison::strong ? tag->matches_strongly(*current.etag)
                                                               : tag->matches_weakly(*current.etag);
        if (is_match) return true;
    }
}

auto any_names_current(std::span<const std::string_view> lists, const Validators& current, Comparison comparison)
    -> bool {
    return std::any_of(
        lists.begin(), lists.end(), [&](std::string_view list) { return names_current(list, current, comparison); });
}

// A date counts only if it stands there alone.
auto single_date(const Fields& request, std::string_view name, std::chrono::sys_seconds now)
    -> std::optional<std::chrono::sys_seconds> {
    const auto values = request.get_all(name);
    return values.size() == 1 ? parse_http_date(values.front(), now) : std::nullopt;
}

}  // namespace

EntityTag::EntityTag(std::string_view opaque, bool is_weak) : opaque_(opaque), is_weak_(is_weak) {
    if (std::all_of(opaque.begin(), opaque.end(), is_tag_char)) return;
    throw std::invalid_argument("http::EntityTag: a quote, a space or a control is in it");
}

auto EntityTag::parse(std::string_view text) -> std::optional<EntityTag> {
    auto tag = take_tag(text);
    return text.empty() ? tag : std::nullopt;
}

auto EntityTag::to_string() const -> std::string { return (is_weak_ ? "W/\"" : "\"") + opaque_ + "\""; }

Validators::Validators(std::string_view tag, std::optional<std::chrono::sys_seconds> modified)
    : etag(EntityTag::parse(tag)), last_modified(modified) {
    if (!etag)
        throw std::invalid_argument("http::Validators: " + std::string(tag) + " is no entity tag: it has quotes");
}

auto check_conditions(std::string_view method, const Fields& request, const Validators& current,
    std::chrono::sys_seconds now) -> Precondition {
    const bool is_read = method == "GET" || method == "HEAD";
    if (const auto lists = request.get_all("If-Match"); !lists.empty()) {
        if (!any_names_current(lists, current, Comparison::strong)) return Precondition::failed;
    } else if (const auto date = single_date(request, "If-Unmodified-Since", now); date && current.last_modified) {
        if (*current.last_modified > *date) return Precondition::failed;
    }
    if (const auto lists = request.get_all("If-None-Match"); !lists.empty()) {
        const bool is_known = any_names_current(lists, current, Comparison::weak);
        if (is_known) return is_read ? Precondition::not_modified : Precondition::failed;
    } else if (const auto date = single_date(request, "If-Modified-Since", now); date && current.last_modified) {
        if (is_read && *current.last_modified <= *date) return Precondition::not_modified;
    }
    return Precondition::holds;
}

auto range_applies(const Fields& request, const Validators& current, std::chrono::sys_seconds now) -> bool {
    const auto values = request.get_all("If-Range");
    if (values.empty()) return true;
    if (values.size() != 1) return false;
    if (const auto tag = EntityTag::parse(values.front())) {
        return current.etag && tag->matches_strongly(*current.etag);
    }
    const auto date = parse_http_date(values.front(), now);
    // Within its own second a file may have changed twice.
    return date && current.last_modified && *date == *current.last_modified && now - *date >= std::chrono::seconds(1);
}

}  // namespace gyre::http
