#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

namespace internal {
class FieldsBuilder;
}  // namespace internal

/// One field line: a name as it was written, and its value without the whitespace around it.
struct Field {
    std::string_view name;
    std::string_view value;
};

/// The fields of a header or trailer section, in order of arrival.
///
/// A flat list: names compare without case, a name may occur more than once, and nothing is hashed, so no peer can
/// choose names that make lookups slow. Values are bytes; those from 0x80 up are kept as they are.
/// The views handed out live until the next change of the list. Thread: none of its own; like a `std::vector`.
/// Source: RFC 9110 5.
class Fields {
public:
    class const_iterator;

    Fields() = default;

    /// Adds each pair as `add` does.
    Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> list);

    /// Appends a field. Whitespace around the value is dropped.
    /// @throws ProtocolError `bad_field_name` or `empty_field_name` if the name is not a token, `control_in_value` if
    ///         the value holds CR, LF, NUL or another control (HTAB may stand inside). Nothing is added then.
    /// @throws std::length_error past 2 GiB of text.
    void add(std::string_view name, std::string_view value);

    /// Makes this the only field of that name, in the place of the first one if there was one. Throws as `add` does.
    void set(std::string_view name, std::string_view value);

    /// Removes every field of that name; returns how many there were.
    auto remove(std::string_view name) -> std::size_t;

    /// Removes everything; keeps the memory.
    void clear() noexcept;

    /// The value of the first field of that name.
    [[nodiscard]] auto get(std::string_view name) const noexcept -> std::optional<std::string_view>;

    /// The values of all fields of that name, in order.
    [[nodiscard]] auto get_all(std::string_view name) const -> std::vector<std::string_view>;

    [[nodiscard]] auto contains(std::string_view name) const noexcept -> bool;

    /// How many fields have that name.
    [[nodiscard]] auto count(std::string_view name) const noexcept -> std::size_t;

    /// Is `token` a whole member, compared without case, of the comma-separated list that all fields of that name form
    /// together? For lists of tokens such as Connection and Upgrade; members may be empty.
    [[nodiscard]] auto contains_token(std::string_view name, std::string_view token) const noexcept -> bool;

    [[nodiscard]] auto size() const noexcept -> std::size_t { return entries_.size(); }
    [[nodiscard]] auto empty() const noexcept -> bool { return entries_.empty(); }

    /// The field at that place; `index` must be below `size()`.
    [[nodiscard]] auto operator[](std::size_t index) const noexcept -> Field { return at(entries_[index]); }

    [[nodiscard]] auto begin() const noexcept -> const_iterator;
    [[nodiscard]] auto end() const noexcept -> const_iterator;

    /// Same fields, in the same order, names without case.
    friend auto operator==(const Fields& a, const Fields& b) noexcept -> bool;

private:
    friend class internal::FieldsBuilder;

    struct Entry {
        std::uint32_t name_offset;
        std::uint32_t name_size;
        std::uint32_t value_offset;
        std::uint32_t value_size;
    };

    [[nodiscard]] auto at(const Entry& entry) const noexcept -> Field {
        return {
            {text_.data() + entry.name_offset, entry.name_size}, {text_.data() + entry.value_offset, entry.value_size}};
    }
    [[nodiscard]] auto store(std::string_view name, std::string_view value) -> Entry;
    void compact();

    std::string text_;  // names and values, with gaps
    std::vector<Entry> entries_;
};

/// Walks the fields in order; gives `Field` by value.
class Fields::const_iterator {
public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using pointer = const Field*;
    using reference = Field;

    const_iterator() = default;
    [[nodiscard]] auto operator*() const noexcept -> Field { return (*fields_)[index_]; }
    auto operator++() noexcept -> const_iterator& {
        ++index_;
        return *this;
    }
    auto operator++(int) noexcept -> const_iterator {
        auto before = *this;
        ++index_;
        return before;
    }
    friend auto operator==(const const_iterator& a, const const_iterator& b) noexcept -> bool {
        return a.index_ == b.index_;
    }

private:
    friend class Fields;
    const_iterator(const Fields* fields, std::size_t index) noexcept : fields_(fields), index_(index) {}

    const Fields* fields_ = nullptr;
    std::size_t index_ = 0;
};

inline auto Fields::begin() const noexcept -> const_iterator { return {this, 0}; }
inline auto Fields::end() const noexcept -> const_iterator { return {this, entries_.size()}; }

}  // namespace gyre::http
