#include <gyre/http/core/fields.hpp>

#include "grammar.hpp"
#include "scan.hpp"

#include <algorithm>
#include <stdexcept>

namespace gyre::http {
namespace {

using internal::equals_ignoring_case;
using internal::refuse;

constexpr std::size_t max_text_bytes = std::size_t{1} << 31;
constexpr std::size_t compact_above_bytes = 1024;
// What most heads need is taken at once, not in steps.
constexpr std::size_t first_text_bytes = 256;
constexpr std::size_t first_entries = 8;

void check_name(std::string_view name) {
    if (name.empty()) refuse(Rule::empty_field_name);
    if (!internal::is_token(name)) refuse(Rule::bad_field_name);
}

void check_value(std::string_view value) {
    const char* const begin = value.data();
    const char* const end = begin + value.size();
    if (internal::find_value_end(begin, end) != end) refuse(Rule::control_in_value);
}

/// @param used bytes that are there.
void check_field(std::string_view name, std::string_view value, std::size_t used) {
    if (name.size() + value.size() > max_text_bytes - used) {
        throw std::length_error("gyre::http::Fields: more than 2 GiB of text");
    }
    check_name(name);
    check_value(value);
}

}  // namespace

Fields::Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
    for (const auto& [name, value] : list) add(name, value);
}

auto Fields::store(std::string_view name, std::string_view value) -> Entry {
    const Entry entry{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
        static_cast<std::uint32_t>(text_.size() + name.size()), static_cast<std::uint32_t>(value.size())};
    const std::size_t size = text_.size() + name.size() + value.size();
    if (size <= text_.capacity()) {
        text_.append(name).append(value);
    } else {
        // Either argument may be a view into text_, which stays until both are copied.
        std::string larger;
        larger.reserve(std::max({size, 2 * text_.size(), first_text_bytes}));
        larger.append(text_).append(name).append(value);
        text_ = std::move(larger);
    }
    return entry;
}

void Fields::compact() {
    std::size_t used = 0;
    for (const auto& entry : entries_) used += std::size_t{entry.name_size} + entry.value_size;
    if (text_.size() < compact_above_bytes || used > text_.size() / 2) return;
    Fields packed;
    packed.text_.reserve(used);
    packed.entries_.reserve(entries_.size());
    for (const auto field : *this) packed.entries_.push_back(packed.store(field.name, field.value));
    *this = std::move(packed);
}

void Fields::add(std::string_view name, std::string_view value) {
    value = internal::trim_whitespace(value);
    check_field(name, value, text_.size());
    if (entries_.capacity() == 0) entries_.reserve(first_entries);
    entries_.push_back(store(name, value));
}

void Fields::set(std::string_view name, std::string_view value) {
    value = internal::trim_whitespace(value);
    check_field(name, value, text_.size());
    const auto same_name = [&](const Entry& entry) { return equals_ignoring_case(at(entry).name, name); };
    const auto first = std::find_if(entries_.begin(), entries_.end(), same_name);
    if (first == entries_.end()) return entries_.push_back(store(name, value));
    // The later ones first: after the store below, `name` may no longer point anywhere.
    entries_.erase(std::remove_if(first + 1, entries_.end(), same_name), entries_.end());
    *first = store(name, value);
    compact();
}

auto Fields::remove(std::string_view name) -> std::size_t {
    const auto removed = std::erase_if(
        entries_, [&](const Entry& entry) { return equals_ignoring_case(at(entry).name, name); });
    if (removed != 0) compact();
    return removed;
}

void Fields::clear() noexcept {
    entries_.clear();
    text_.clear();
}

auto Fields::get(std::string_view name) const noexcept -> std::optional<std::string_view> {
    for (const auto field : *this) {
        if (equals_ignoring_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

auto Fields::get_all(std::string_view name) const -> std::vector<std::string_view> {
    std::vector<std::string_view> values;
    for (const auto field : *this) {
        if (equals_ignoring_case(field.name, name)) values.push_back(field.value);
    }
    return values;
}

auto Fields::contains(std::string_view name) const noexcept -> bool { return get(name).has_value(); }

auto Fields::count(std::string_view name) const noexcept -> std::size_t {
    return static_cast<std::size_t>(
        std::count_if(begin(), end(), [name](const Field& field) { return equals_ignoring_case(field.name, name); }));
}

auto Fields::contains_token(std::string_view name, std::string_view token) const noexcept -> bool {
    bool found = false;
    for (const auto field : *this) {
        if (!equals_ignoring_case(field.name, name)) continue;
        internal::for_each_member(
            field.value, [&](std::string_view member) { found |= equals_ignoring_case(member, token); });
    }
    return found;
}

auto operator==(const Fields& a, const Fields& b) noexcept -> bool {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
        [](const Field& x, const Field& y) { return equals_ignoring_case(x.name, y.name) && x.value == y.value; });
}

}  // namespace gyre::http
