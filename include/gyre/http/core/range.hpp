#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// A stretch of a representation, in bytes.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t size = 0;  ///< Never 0 in a selection.

    friend auto operator==(const ByteRange&, const ByteRange&) -> bool = default;
};

/// What a request with a Range field is answered with.
enum class RangeAnswer : std::uint8_t {
    whole,          ///< 200: the field is none that we know, or makes no sense, and is passed over
    parts,          ///< 206
    unsatisfiable,  ///< 416, with `unsatisfied_range` as Content-Range
};

/// The parts to send; none unless the answer is `parts`.
struct RangeSelection {
    RangeSelection() = default;

    RangeAnswer answer = RangeAnswer::whole;
    std::vector<ByteRange> ranges;
};

/// How many ranges a request may ask for.
inline constexpr std::size_t max_ranges = 16;

/// What a Range field asks of a representation of `size` bytes.
///
/// Ranges that overlap, or between which less is left out than a part costs in a multipart body (80 bytes), become one, and the
/// parts are then in the order of the representation; otherwise in the order asked for. More than `max_ranges` are
/// unsatisfiable, whatever they are: many small ranges cost the server more than the client.
/// Source: RFC 9110 14.1, 14.2, 15.3.7.2.
[[nodiscard]] auto select_ranges(std::string_view range, std::uint64_t size) -> RangeSelection;

/// The value of Content-Range for a part: "bytes 0-4/10".
[[nodiscard]] auto content_range(const ByteRange& part, std::uint64_t size) -> std::string;

/// The value of Content-Range of a 416: "bytes */10".
[[nodiscard]] auto unsatisfied_range(std::uint64_t size) -> std::string;

}  // namespace gyre::http
