#include <gyre/http/core/multipart.hpp>

#include "cookie_text.hpp"
#include "grammar.hpp"

#include <gyre/http/core/content_disposition.hpp>
#include <gyre/http/core/media_type.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace gyre::http {
namespace {

using Kind = MultipartEventKind;

struct RuleRow {
    std::string_view name;
    std::string_view text;
    int status;
};

constexpr std::array<RuleRow, multipart_rule_count> rules{{
    {"not_multipart", "the content type is not multipart", 415},
    {"bad_boundary", "the boundary is missing, too long or has a bad character", 400},
    {"too_much_before_first_part", "what stands before the first part is over its limit", 413},
    {"bad_boundary_line", "a boundary is not followed by blanks and CRLF, or by two hyphens", 400},
    {"bad_line_end", "a field line of a part is not ended by CRLF", 400},
    {"bad_field", "a field line of a part is no name, colon and value", 400},
    {"too_many_fields", "a part has more field lines than the limit", 413},
    {"fields_too_large", "the field lines of a part are over their limit", 413},
    {"missing_disposition", "a part of a form has no Content-Disposition: form-data with a name, or more than one", 400},
    {"nested_multipart", "a part is multipart itself", 400},
    {"encoded_part", "a part has a transfer encoding", 400},
    {"part_too_large", "the content of a part is over its limit", 413},
    {"too_many_parts", "there are more parts than the limit", 413},
    {"premature_end", "the body ends before its last boundary", 400},
    {"too_much_after_last_part", "what stands after the last part is over its limit", 413},
}};

[[noreturn]] void refuse(MultipartRule rule) { throw MultipartError(rule); }

// RFC 2046 5.1.1, bchars.
auto is_boundary_char(char c) noexcept -> bool {
    return internal::is_alpha(c) || internal::is_digit(c) ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

auto is_boundary(std::string_view text) noexcept -> bool {
    return !text.empty() && text.size() <= max_boundary_bytes && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(), is_boundary_char);
}

// The one field of that name; `is_single` is false if there are more.
struct Single {
    std::optional<std::string_view> value;
    bool is_single;
};

auto single(const Fields& fields, std::string_view name) -> Single {
    return {fields.get(name), fields.count(name) <= 1};
}

void read_disposition(MultipartPart& part, MultipartKind kind) {
    const auto [text, is_single] = single(part.fields, "Content-Disposition");
    auto disposition = text ? parse_content_disposition(*text) : std::nullopt;
    if (kind == MultipartKind::form && !(disposition && disposition->type == "form-data" && disposition->name)) {
        refuse(MultipartRule::missing_disposition);
    }
    if (!is_single) refuse(MultipartRule::missing_disposition);
    if (!disposition) return;
    part.name = std::move(disposition->name).value_or(std::string());
    part.file_name = std::move(disposition->file_name);
}

void read_content_type(MultipartPart& part) {
    const auto [text, is_single] = single(part.fields, "Content-Type");
    if (!is_single) refuse(MultipartRule::bad_field);
    part.content_type = text.value_or(std::string_view());
    if (internal::starts_with_ignoring_case(part.content_type, "multipart/")) refuse(MultipartRule::nested_multipart);
}

// RFC 7578 4.7: nobody should send them. A reader that decodes and one that does not would see different content.
void check_encoding(const MultipartPart& part) {
    for (const auto encoding : part.fields.get_all("Content-Transfer-Encoding")) {
        const bool is_plain = internal::equals_ignoring_case(encoding, "binary") ||
                              internal::equals_ignoring_case(encoding, "8bit") ||
                              internal::equals_ignoring_case(encoding, "7bit");
        if (!is_plain) refuse(MultipartRule::encoded_part);
    }
}

}  // namespace

auto rule_name(MultipartRule rule) noexcept -> std::string_view { return rules[static_cast<std::size_t>(rule)].name; }

auto rule_text(MultipartRule rule) noexcept -> std::string_view { return rules[static_cast<std::size_t>(rule)].text; }

MultipartError::MultipartError(MultipartRule rule)
    : std::runtime_error("multipart body: " + std::string(rule_text(rule))), rule_(rule) {}

auto MultipartError::status() const noexcept -> int { return rules[static_cast<std::size_t>(rule_)].status; }

struct MultipartParser::State {
    enum class Place : std::uint8_t { before_first, content, after_boundary, header, after_last };

    State(std::string_view boundary, const MultipartLimits& wanted, MultipartKind wanted_kind)
        : delimiter("\r\n--"), limits(wanted), kind(wanted_kind) {
        delimiter += boundary;
    }

    // Its only CR is the first byte, so that a mismatch never has to look back.
    std::string delimiter;
    MultipartLimits limits;
    MultipartKind kind;
    MultipartPart part;

    Place place = Place::before_first;
    // How much of the delimiter was seen and not told as content; the line end before it may be that of a header, or none.
    std::size_t held = 2;
    std::size_t borrowed = 2;
    std::size_t parts = 0;
    std::size_t surrounding = 0;  // bytes before the first part, or after the last
    std::size_t header_bytes = 0;
    std::size_t padding = 0;
    char tail = 0;  // what a boundary's line has begun to end with: a hyphen or CR
    std::uint64_t content_bytes = 0;
    std::string line;
    std::optional<MultipartRule> failed;

    // Each takes something from the input; an event of `data` without data says that there is nothing to tell.
    auto step(std::string_view input) -> MultipartEvent;
    auto find_boundary(std::string_view input) -> MultipartEvent;
    auto content(std::string_view data, std::size_t consumed) -> MultipartEvent;
    auto on_boundary(std::size_t consumed) -> MultipartEvent;
    auto end_boundary_line(std::string_view input) -> MultipartEvent;
    auto read_header(std::string_view input) -> MultipartEvent;
    auto skip_rest(std::string_view input) -> MultipartEvent;
    void begin_header();
    void add_field();
    void begin_content();
};

auto MultipartParser::State::step(std::string_view input) -> MultipartEvent {
    switch (place) {
    case Place::before_first:
    case Place::content:
        return find_boundary(input);
    case Place::after_boundary:
        return end_boundary_line(input);
    case Place::header:
        return read_header(input);
    case Place::after_last:
        break;
    }
    return skip_rest(input);
}

auto MultipartParser::State::find_boundary(std::string_view input) -> MultipartEvent {
    if (held == 0) {
        std::size_t at = input.find('\r');
        while (at < input.size() && !std::string_view(delimiter).starts_with(input.substr(at, delimiter.size()))) {
            at = input.find('\r', at + 1);
        }
        at = std::min(at, input.size());
        if (at != 0) return content(input.substr(0, at), at);
    }
    std::size_t used = 0;
    while (used < input.size() && held < delimiter.size() && input[used] == delimiter[held]) {
        ++used;
        ++held;
    }
    if (held == delimiter.size()) return on_boundary(used);
    if (used == input.size()) return {Kind::need_more, used, {}};
    // No boundary after all: what was held is content, and the byte that differs is looked at anew.
    const auto data = std::string_view(delimiter).substr(borrowed, held - borrowed);
    held = 0;
    borrowed = 0;
    return content(data, used);
}

auto MultipartParser::State::content(std::string_view data, std::size_t consumed) -> MultipartEvent {
    if (place == Place::before_first) {
        surrounding += data.size();
        if (surrounding > limits.surrounding_bytes) refuse(MultipartRule::too_much_before_first_part);
        return {Kind::data, consumed, {}};
    }
    if (data.size() > limits.part_bytes - content_bytes) refuse(MultipartRule::part_too_large);
    content_bytes += data.size();
    return {Kind::data, consumed, data};
}

auto MultipartParser::State::on_boundary(std::size_t consumed) -> MultipartEvent {
    const bool ends_part = place == Place::content;
    place = Place::after_boundary;
    padding = 0;
    tail = 0;
    return {ends_part ? Kind::part_end : Kind::data, consumed, {}};
}

auto MultipartParser::State::end_boundary_line(std::string_view input) -> MultipartEvent {
    for (std::size_t i = 0; i < input.size(); ++i) {
        const char c = input[i];
        if (tail == '-' && c == '-') {
            place = Place::after_last;
            surrounding = 0;
            return {Kind::end, i + 1, {}};
        }
        if (tail == '\r' && c == '\n') {
            begin_header();
            return {Kind::data, i + 1, {}};
        }
        const bool is_blank = c == ' ' || c == '\t';
        if (tail != 0 || (!is_blank && c != '\r' && (c != '-' || padding != 0)))
            refuse(MultipartRule::bad_boundary_line);
        if (!is_blank) {
            tail = c;
        } else if (++padding > limits.padding_bytes) {
            refuse(MultipartRule::bad_boundary_line);
        }
    }
    return {Kind::need_more, input.size(), {}};
}

void MultipartParser::State::begin_header() {
    if (++parts > limits.parts) refuse(MultipartRule::too_many_parts);
    place = Place::header;
    part = MultipartPart();
    line.clear();
    header_bytes = 0;
}

auto MultipartParser::State::read_header(std::string_view input) -> MultipartEvent {
    const auto end = input.find('\n');
    const auto taken = end == std::string_view::npos ? input.size() : end + 1;
    if (taken > limits.part_header_bytes - header_bytes) refuse(MultipartRule::fields_too_large);
    header_bytes += taken;
    line += input.substr(0, taken);
    if (end == std::string_view::npos) return {Kind::need_more, taken, {}};
    if (!line.ends_with("\r\n")) refuse(MultipartRule::bad_line_end);
    line.resize(line.size() - 2);
    if (line.empty()) {
        begin_content();
        return {Kind::part, taken, {}};
    }
    add_field();
    line.clear();
    return {Kind::data, taken, {}};
}

void MultipartParser::State::add_field() {
    const std::string_view text = line;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) refuse(MultipartRule::bad_field);
    const auto name = text.substr(0, colon);
    const auto value = text.substr(colon + 1);
    if (!internal::is_token(name) || internal::has_forbidden_control(value)) refuse(MultipartRule::bad_field);
    if (part.fields.size() == limits.part_fields) refuse(MultipartRule::too_many_fields);
    part.fields.add(name, value);
}

void MultipartParser::State::begin_content() {
    read_disposition(part, kind);
    read_content_type(part);
    check_encoding(part);
    place = Place::content;
    content_bytes = 0;
    // The empty line that ends the header may be the line end before a boundary: a part without content.
    held = 2;
    borrowed = 2;
}

auto MultipartParser::State::skip_rest(std::string_view input) -> MultipartEvent {
    if (input.size() > limits.surrounding_bytes - surrounding) refuse(MultipartRule::too_much_after_last_part);
    surrounding += input.size();
    return {Kind::need_more, input.size(), {}};
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits, MultipartKind kind)
    : state_(std::make_unique<State>(boundary, limits, kind)) {
    if (!is_boundary(boundary)) refuse(MultipartRule::bad_boundary);
}

auto MultipartParser::for_content_type(std::string_view content_type, MultipartLimits limits) -> MultipartParser {
    const auto type = MediaType::parse(content_type);
    if (!type || type->type() != "multipart") refuse(MultipartRule::not_multipart);
    const auto kind = type->subtype() == "form-data" ? MultipartKind::form : MultipartKind::any;
    return MultipartParser(type->parameter("boundary").value_or(std::string_view()), limits, kind);
}

MultipartParser::MultipartParser(MultipartParser&&) noexcept = default;
auto MultipartParser::operator=(MultipartParser&&) noexcept -> MultipartParser& = default;
MultipartParser::~MultipartParser() = default;

auto MultipartParser::next(std::string_view input) -> MultipartEvent {
    if (state_->failed) refuse(*state_->failed);
    std::size_t consumed = 0;
    try {
        while (true) {
            auto event = state_->step(input.substr(consumed));
            consumed += event.consumed;
            event.consumed = consumed;
            if (event.kind != Kind::data || !event.data.empty()) return event;
        }
    } catch (const MultipartError& error) {
        state_->failed = error.rule();
        throw;
    }
}

void MultipartParser::finish() const {
    if (state_->failed) refuse(*state_->failed);
    if (state_->place != State::Place::after_last) refuse(MultipartRule::premature_end);
}

auto MultipartParser::part() const noexcept -> const MultipartPart& { return state_->part; }

auto MultipartParser::take_part() noexcept -> MultipartPart { return std::move(state_->part); }

}  // namespace gyre::http
