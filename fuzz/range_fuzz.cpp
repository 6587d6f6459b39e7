// Range and If-None-Match: what is selected lies inside, is in bounds of number, and parts do not overlap; tags read back.

#include "require.hpp"

#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/range.hpp>

#include <algorithm>
#include <cstdint>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1} << 62}) {
        auto selection = select_ranges(text, length);
        require(
            (selection.answer == RangeAnswer::parts) == !selection.ranges.empty(), "parts are there if they are sent");
        require(selection.ranges.size() <= max_ranges, "the number of parts is bounded");
        std::sort(selection.ranges.begin(), selection.ranges.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
        std::uint64_t end = 0;
        for (const auto& range : selection.ranges) {
            require(range.size > 0 && range.first >= end, "parts are not empty and do not overlap");
            end = range.first + range.size;
            require(end <= length, "parts lie inside");
            require(!content_range(range, length).empty(), "a part can be told");
        }
    }
    if (const auto tag = EntityTag::parse(text)) require(tag->to_string() == text, "a tag reads back the same");
    Fields fields;
    try {
        fields.add("If-None-Match", text);
        fields.add("If-Range", text);
    } catch (const std::exception&) {
        return 0;  // no value of a field
    }
    const Validators current("\"a\"");
    const auto condition = check_conditions("GET", fields, current, {});
    require(condition != Precondition::failed, "a read with If-None-Match does not fail");
    static_cast<void>(range_applies(fields, current, {}));
    return 0;
}
