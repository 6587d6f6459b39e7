#include "field_scanner.hpp"

#include "scan.hpp"

#include <algorithm>

namespace gyre::http::internal {
namespace {

// Offsets are kept in 32 bits, and sums of a few of them must not wrap.
constexpr std::size_t largest_budget = std::size_t{1} << 29;

}  // namespace

FieldScanner::FieldScanner(const SectionBudget& budget) noexcept : budget_(budget) {
    budget_.line_bytes = std::min(budget.line_bytes, largest_budget);
    budget_.total_bytes = std::min(budget.total_bytes, largest_budget);
    budget_.count = std::min(budget.count, largest_budget);
}

void FieldScanner::start(std::size_t position, std::uint64_t offset) noexcept {
    builder_.clear();
    offset_ = offset;
    section_start_ = position_ = position;
    used_bytes_ = 0;
    phase_ = Phase::line_start;
}

// Within `scan`, which is the only one that calls it, for each field.
[[gnu::always_inline]] inline void FieldScanner::end_line(const char* data, FramingFacts* facts) {
    std::size_t end = value_end_;
    while (end > value_start_ && (data[end - 1] == ' ' || data[end - 1] == '\t')) --end;
    used_bytes_ += value_end_ - line_start_;
    builder_.push(line_start_ - section_start_, name_size_, value_start_ - section_start_, end - value_start_);
    if (facts != nullptr) {
        facts->note({data + line_start_, name_size_}, {data + value_start_, end - value_start_}, offset_ + line_start_);
    }
}

auto FieldScanner::scan(std::span<const char> input, FramingFacts* facts) -> bool {
    const char* const data = input.data();
    const std::size_t size = input.size();
    std::size_t at = position_;
    Phase phase = phase_;
    // Scans stop at the end of the data or of the line's budget, whichever is nearer.
    std::size_t stop = std::min(size, line_start_ + line_budget_);
    // Asked where there is a byte.
    const auto over_budget = [&] { return at == stop && data[at] != '\r'; };

    while (true) {
        switch (phase) {
        case Phase::line_start:
            if (at == size) return pause(at, Phase::line_start);
            if (data[at] == '\r') {
                ++at;
                phase = Phase::section_lf;
                break;
            }
            begin_line(at);
            stop = std::min(size, line_start_ + line_budget_);
            [[fallthrough]];
        case Phase::name:
            while (at != stop && has_class(data[at], token_char)) ++at;
            if (at == size) return pause(at, Phase::name);
            if (over_budget()) refuse_length(at);
            if (data[at] != ':' || at == line_start_) refuse_in_name(data[at], at);
            name_size_ = at - line_start_;
            ++at;
            [[fallthrough]];
        case Phase::before_value:
            while (at != stop && (data[at] == ' ' || data[at] == '\t')) ++at;
            if (at == size) return pause(at, Phase::before_value);
            value_start_ = at;
            [[fallthrough]];
        case Phase::value:
            at = static_cast<std::size_t>(find_value_end(data + at, data + stop) - data);
            if (at == size) return pause(at, Phase::value);
            if (over_budget()) refuse_length(at);
            if (data[at] != '\r') refuse_at(data[at] == '\n' ? Rule::bare_lf : Rule::control_in_value, at);
            value_end_ = at;
            ++at;
            [[fallthrough]];
        case Phase::line_lf:
            if (at == size) return pause(at, Phase::line_lf);
            if (data[at] != '\n') refuse_at(Rule::bare_cr, at - 1);
            ++at;
            end_line(data, facts);
            phase = Phase::line_start;
            break;
        case Phase::section_lf:
            if (at == size) return pause(at, Phase::section_lf);
            if (data[at] != '\n') refuse_at(Rule::bare_cr, at - 1);
            position_ = at + 1;
            return true;
        }
    }
}

void FieldScanner::finish(std::span<const char> data, Fields& out) {
    builder_.finish(out, {data.data() + section_start_, position_ - section_start_});
}

void FieldScanner::begin_line(std::size_t at) {
    if (builder_.size() >= budget_.count) refuse_at(budget_.too_many, at);
    line_start_ = at;
    line_budget_ = std::min(budget_.line_bytes, budget_.total_bytes - used_bytes_);
}

auto FieldScanner::pause(std::size_t position, Phase phase) noexcept -> bool {
    position_ = position;
    phase_ = phase;
    return false;
}

void FieldScanner::refuse_length(std::size_t position) const {
    const bool line_is_cause = position - line_start_ >= budget_.line_bytes;
    refuse_at(line_is_cause ? Rule::field_line_too_long : budget_.too_large, position);
}

void FieldScanner::refuse_in_name(char c, std::size_t position) const {
    const bool is_first_byte = position == line_start_;
    if (c == '\n') refuse_at(Rule::bare_lf, position);
    if (c == ' ' || c == '\t') {
        if (!is_first_byte) refuse_at(Rule::whitespace_before_colon, position);
        refuse_at(builder_.size() == 0 ? Rule::whitespace_before_first_field : Rule::obs_fold, position);
    }
    if (c == ':') refuse_at(Rule::empty_field_name, position);
    if (c == '\r') refuse_at(Rule::missing_colon, position);
    refuse_at(Rule::bad_field_name, position);
}

}  // namespace gyre::http::internal
