#pragma once

#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

/// How much of a multipart body is taken. Every limit is inclusive: exactly that much is taken, one more is refused.
struct MultipartLimits {
    std::size_t parts = 128;
    std::size_t part_fields = 16;              ///< Field lines of one part.
    std::size_t part_header_bytes = 8 * 1024;  ///< All field lines of one part, with their ends and the empty line.
    std::size_t surrounding_bytes = 1024;      ///< What stands before the first part, and after the last, each.
    std::size_t padding_bytes = 64;            ///< Blanks after a boundary.
    /// Content of one part. The sum is bounded by the limit of the body.
    std::uint64_t part_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// Longest boundary, in bytes. Source: RFC 2046 5.1.1.
inline constexpr std::size_t max_boundary_bytes = 70;

/// What kind of multipart body it is.
enum class MultipartKind : std::uint8_t {
    form,  ///< multipart/form-data: every part says which field of the form it is
    any,   ///< such as multipart/mixed and multipart/byteranges
};

/// Every reason for which a multipart body is refused.
enum class MultipartRule : std::uint8_t {
    not_multipart,
    bad_boundary,
    too_much_before_first_part,
    bad_boundary_line,
    bad_line_end,
    bad_field,
    too_many_fields,
    fields_too_large,
    missing_disposition,
    nested_multipart,
    encoded_part,
    part_too_large,
    too_many_parts,
    premature_end,
    too_much_after_last_part,
};

/// Number of rules: every `MultipartRule` is below it.
inline constexpr std::size_t multipart_rule_count = static_cast<std::size_t>(MultipartRule::too_much_after_last_part) +
                                                    1;

/// The rule's name as spelled in `MultipartRule`. Static storage.
[[nodiscard]] auto rule_name(MultipartRule rule) noexcept -> std::string_view;

/// What the rule says, in plain words. Static storage.
[[nodiscard]] auto rule_text(MultipartRule rule) noexcept -> std::string_view;

/// A multipart body that breaks a rule. `what()` says which, in words.
class MultipartError : public std::runtime_error {
public:
    explicit MultipartError(MultipartRule rule);

    [[nodiscard]] auto rule() const noexcept -> MultipartRule { return rule_; }

    /// The status a server answers with: 413 if something is too large or too many, 415 if it is no multipart body, else 400.
    [[nodiscard]] auto status() const noexcept -> int;

private:
    MultipartRule rule_;
};

/// The head of one part.
struct MultipartPart {
    MultipartPart() = default;

    Fields fields;
    std::string name;                      ///< Of the form's field; empty for parts of other kinds that have none.
    std::optional<std::string> file_name;  ///< Without any directories; see `parse_content_disposition`.
    std::string content_type;              ///< As sent; empty if it was not.
};

enum class MultipartEventKind : std::uint8_t {
    need_more,  ///< all input was taken: come back with more
    part,       ///< a part begins: see `MultipartParser::part`
    data,       ///< a piece of its content
    part_end,   ///< its content is whole
    end,        ///< the last part was seen
};

struct MultipartEvent {
    MultipartEventKind kind = MultipartEventKind::need_more;
    std::size_t consumed = 0;  ///< Bytes of the input that are done with.
    std::string_view data;     ///< Until the input or the parser changes.
};

/// Reads a multipart body from bytes, without any I/O, in one pass over them, and keeps no content.
///
/// The bytes may be cut anywhere: parts, content and errors are the same, only the pieces of the content differ.
/// Strict where readers differ, since filters in front of a server read the same bytes: line ends are CRLF, a parameter
/// comes once, and nothing but blanks follows a boundary. Parts are never multipart themselves.
/// Thread: none of its own; move-only. Source: RFC 2046 5.1, RFC 7578.
class MultipartParser {
public:
    /// @throws MultipartError `bad_boundary` unless it has 1 to 70 of the characters of RFC 2046, the last not a space.
    explicit MultipartParser(
        std::string_view boundary, MultipartLimits limits = {}, MultipartKind kind = MultipartKind::form);

    /// For a body with that Content-Type: `form` for multipart/form-data, `any` for other multipart types.
    /// @throws MultipartError `not_multipart`, `bad_boundary`.
    [[nodiscard]] static auto for_content_type(std::string_view content_type, MultipartLimits limits = {})
        -> MultipartParser;

    MultipartParser(MultipartParser&&) noexcept;
    auto operator=(MultipartParser&&) noexcept -> MultipartParser&;
    ~MultipartParser();

    /// Reads on. Drop `consumed` bytes from the input, then call it again until it answers `need_more`. After `end` the rest
    /// of the body is passed over.
    /// @throws MultipartError naming the rule; it throws the same again from then on.
    [[nodiscard]] auto next(std::string_view input) -> MultipartEvent;

    /// Tells the parser that the body is over. @throws MultipartError `premature_end` unless `end` was seen.
    void finish() const;

    /// The part that began last.
    [[nodiscard]] auto part() const noexcept -> const MultipartPart&;

    /// Moves it out.
    [[nodiscard]] auto take_part() noexcept -> MultipartPart;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace gyre::http
