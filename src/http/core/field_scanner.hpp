#pragma once

// Reads a header or trailer section, resumable at any byte, each byte looked at once.

#include "framing_facts.hpp"

#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/limits.hpp>

#include <span>
#include <vector>

namespace gyre::http::internal {

/// Fills a `Fields` from a block of bytes whose lines were checked already.
class FieldsBuilder {
public:
    void clear() noexcept { entries_.clear(); }

    [[gnu::always_inline]] void push(
        std::size_t name_offset, std::size_t name_size, std::size_t value_offset, std::size_t value_size) {
        constexpr std::size_t first_entries = 8;  // what most heads need is taken at once: a full list is handed over
        if (entries_.capacity() == 0) entries_.reserve(first_entries);
        // In its place: a copy would be read as a whole right after it was written in parts, and processors wait then.
        entries_.emplace_back(static_cast<std::uint32_t>(name_offset), static_cast<std::uint32_t>(name_size),
            static_cast<std::uint32_t>(value_offset), static_cast<std::uint32_t>(value_size));
    }

    /// Hands everything over; the offsets pushed are into `block`.
    void finish(Fields& out, std::string_view block) {
        out.text_.clear();
        out.text_.append(block);  // assign() would look first whether the block is a part of what it replaces
        out.entries_.swap(entries_);
        entries_.clear();
    }

    [[nodiscard]] auto size() const noexcept -> std::size_t { return entries_.size(); }

private:
    std::vector<Fields::Entry> entries_;
};

/// Limits of one section, and the rules that name them.
struct SectionBudget {
    std::size_t line_bytes;
    std::size_t total_bytes;
    std::size_t count;
    Rule too_large;
    Rule too_many;
};

constexpr auto header_budget(const Limits& limits) noexcept -> SectionBudget {
    return {limits.field_line_bytes, limits.fields_bytes, limits.field_count, Rule::fields_too_large,
        Rule::too_many_fields};
}

constexpr auto trailer_budget(const Limits& limits) noexcept -> SectionBudget {
    return {limits.field_line_bytes, limits.trailers_bytes, limits.trailer_count, Rule::trailers_too_large,
        Rule::too_many_trailers};
}

class FieldScanner {
public:
    explicit FieldScanner(const SectionBudget& budget) noexcept;

    /// @param position where the section starts in the data that `scan` will be given.
    /// @param offset   where that data starts in the message, for errors.
    void start(std::size_t position, std::uint64_t offset) noexcept;

    /// Goes on from where it stopped. `data` must hold the same bytes as before, perhaps elsewhere, and more.
    /// @param facts told of each field; null for trailers.
    /// @return true once the empty line was read; `position()` is then just after it.
    [[nodiscard]] auto scan(std::span<const char> data, FramingFacts* facts) -> bool;

    /// Moves the fields out, once `scan` was true.
    void finish(std::span<const char> data, Fields& out);

    [[nodiscard]] auto position() const noexcept -> std::size_t { return position_; }

private:
    enum class Phase : std::uint8_t { line_start, name, before_value, value, line_lf, section_lf };

    void begin_line(std::size_t at);
    void end_line(const char* data, FramingFacts* facts);
    auto pause(std::size_t position, Phase phase) noexcept -> bool;
    [[noreturn]] void refuse_at(Rule rule, std::size_t position) const { refuse(rule, offset_ + position); }
    [[noreturn]] void refuse_length(std::size_t position) const;
    [[noreturn]] void refuse_in_name(char c, std::size_t position) const;

    FieldsBuilder builder_;
    SectionBudget budget_;
    std::uint64_t offset_ = 0;
    std::size_t section_start_ = 0;
    std::size_t position_ = 0;
    std::size_t used_bytes_ = 0;
    std::size_t line_start_ = 0;
    std::size_t line_budget_ = 0;
    std::size_t name_size_ = 0;
    std::size_t value_start_ = 0;
    std::size_t value_end_ = 0;
    Phase phase_ = Phase::line_start;
};

}  // namespace gyre::http::internal
