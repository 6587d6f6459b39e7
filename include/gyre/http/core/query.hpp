#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

/// Names and values of a URL's query or of an HTML form, in order: application/x-www-form-urlencoded.
///
/// A flat list: a name may occur more than once, names are compared byte by byte, and nothing is hashed, so no peer can
/// choose names that make lookups slow. Texts are held decoded; they are bytes, and may be any.
/// The views handed out live until the next change. Thread: none of its own; a value.
/// Source: WHATWG URL Standard 5; JavaScript's URLSearchParams, aiohttp's MultiDict.
class QueryParams {
public:
    using Pair = std::pair<std::string, std::string>;
    using const_iterator = std::vector<Pair>::const_iterator;

    /// How many pairs are read by default. One more is refused.
    static constexpr std::size_t default_limit = 1000;

    QueryParams() = default;
    QueryParams(std::initializer_list<std::pair<std::string_view, std::string_view>> list);

    /// Reads a query (without its "?") or the body of a form. Nothing is refused but too much: what is no escape is text.
    /// @param limit how many pairs are taken. @throws LimitError past it.
    [[nodiscard]] static auto parse(std::string_view text, std::size_t limit = default_limit) -> QueryParams;

    /// Appends a pair.
    auto add(std::string name, std::string value) -> QueryParams&;

    /// Makes this the only pair of that name, in the place of the first one if there was one.
    auto set(std::string_view name, std::string value) -> QueryParams&;

    /// Removes every pair of that name; returns how many there were.
    auto remove(std::string_view name) -> std::size_t;

    /// The first value of that name.
    [[nodiscard]] auto get(std::string_view name) const noexcept -> std::optional<std::string_view>;

    /// All values of that name, in order.
    [[nodiscard]] auto get_all(std::string_view name) const -> std::vector<std::string_view>;

    [[nodiscard]] auto contains(std::string_view name) const noexcept -> bool { return get(name).has_value(); }

    [[nodiscard]] auto size() const noexcept -> std::size_t { return pairs_.size(); }
    [[nodiscard]] auto empty() const noexcept -> bool { return pairs_.empty(); }
    [[nodiscard]] auto begin() const noexcept -> const_iterator { return pairs_.begin(); }
    [[nodiscard]] auto end() const noexcept -> const_iterator { return pairs_.end(); }

    /// The text as it goes into a query or a form: "a=1&b=two+words".
    [[nodiscard]] auto to_string() const -> std::string;

    friend auto operator==(const QueryParams&, const QueryParams&) -> bool = default;

private:
    std::vector<Pair> pairs_;
};

}  // namespace gyre::http
