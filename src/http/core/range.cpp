#include <gyre/http/core/range.hpp>

#include "grammar.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace gyre::http {
namespace {

// What a part of a multipart body takes beside its bytes, about.
constexpr std::uint64_t cost_of_part = 80;

// Digits alone. What is beyond 64 bits is beyond every representation too.
auto parse_position(std::string_view digits) -> std::optional<std::uint64_t> {
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), internal::is_digit)) return std::nullopt;
    std::uint64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return result.ec == std::errc::result_out_of_range ? ~std::uint64_t{0} : value;
}

// One member of the set: of size 0 if it cannot be satisfied, empty if it is no range at all.
auto parse_range(std::string_view text, std::uint64_t size) -> std::optional<ByteRange> {
    const auto dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto before = text.substr(0, dash);
    const auto after = text.substr(dash + 1);
    const auto last = parse_position(after);
    if (before.empty()) {
        if (!last) return std::nullopt;
        const auto count = std::min(*last, size);
        return ByteRange{size - count, count};
    }
    const auto first = parse_position(before);
    if (!first || (!last && !after.empty()) || (last && *last < *first)) return std::nullopt;
    if (*first >= size) return ByteRange{};
    return ByteRange{*first, std::min(last.value_or(size), size - 1) - *first + 1};
}

// Overlapping ones and near ones as one.
auto merged(std::vector<ByteRange> ranges) -> std::vector<ByteRange> {
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<ByteRange> result;
    for (const auto& range : ranges) {
        auto* const before = result.empty() ? nullptr : &result.back();
        const bool is_near = before != nullptr &&
                             range.first <= before->first + before->size + cost_of_part;  // below 2^63: sizes of files
        if (!is_near) {
            result.push_back(range);
        } else {
            before->size = std::max(before->size, range.first + range.size - before->first);
        }
    }
    return result;
}

}  // namespace

auto select_ranges(std::string_view range, std::uint64_t size) -> RangeSelection {
    RangeSelection selection;
    const auto equals = range.find('=');
    if (equals == range.npos || !internal::equals_ignoring_case(range.substr(0, equals), "bytes")) return selection;

    std::vector<ByteRange> ranges;
    std::size_t count = 0;
    bool is_valid = true;
    bool wants_tail = false;
    internal::for_each_member(range.substr(equals + 1), [&](std::string_view member) {
        if (member.empty() || !is_valid || count > max_ranges) return;
        const auto parsed = parse_range(member, size);
        is_valid = parsed.has_value();
        ++count;
        if (!parsed) return;
        if (parsed->size > 0) ranges.push_back(*parsed);
        wants_tail = wants_tail || (member.front() == '-' && parse_position(member.substr(1)).value_or(0) > 0);
    });
    if (!is_valid || count == 0) return selection;
    // The last bytes of nothing are nothing, which no Content-Range can say.
    if (size == 0 && wants_tail && count <= max_ranges) return selection;
    if (ranges.empty() || count > max_ranges) {
        selection.answer = RangeAnswer::unsatisfiable;
        return selection;
    }
    auto fewer = merged(ranges);
    selection.answer = RangeAnswer::parts;
    selection.ranges = std::move(fewer.size() < ranges.size() ? fewer : ranges);
    return selection;
}

auto content_range(const ByteRange& part, std::uint64_t size) -> std::string {
    std::string text = "bytes " + std::to_string(part.first);
    text.append("-").append(std::to_string(part.first + part.size - 1));
    return text.append("/").append(std::to_string(size));
}

auto unsatisfied_range(std::uint64_t size) -> std::string { return "bytes */" + std::to_string(size); }

}  // namespace gyre::http
