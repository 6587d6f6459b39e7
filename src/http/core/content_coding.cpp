#include <gyre/http/core/content_coding.hpp>

#include "content_codecs.hpp"
#include "grammar.hpp"
#include "parameters.hpp"

#include <algorithm>
#include <array>

namespace gyre::http {
namespace {

constexpr std::array<std::string_view, 5> coding_names = {"identity", "gzip", "deflate", "br", "zstd"};

struct RuleText {
    std::string_view name;
    std::string_view text;
};

constexpr std::array<RuleText, 8> rule_texts = {{
    {"bad_data", "the data is malformed"},
    {"cut_short", "the data is cut short"},
    {"trailing_data", "there is data after the end"},
    {"too_many_members", "there are too many members"},
    {"window_too_large", "the window is larger than 8 MiB"},
    {"output_too_large", "the content is longer than the limit"},
    {"ratio_too_large", "the content is too many times longer than its coded form"},
    {"too_many_codings", "there are too many codings on top of each other"},
}};

auto error_text(ContentRule rule, std::string_view coding) -> std::string {
    const auto& [name, text] = rule_texts[static_cast<std::size_t>(rule)];
    std::string out = "content coding ";
    return out.append(coding).append(": ").append(text).append(" (").append(name).append(")");
}

}  // namespace

auto coding_name(ContentCoding coding) noexcept -> std::string_view {
    return coding_names[static_cast<std::size_t>(coding)];
}

auto parse_coding(std::string_view name) noexcept -> std::optional<ContentCoding> {
    if (internal::equals_ignoring_case(name, "x-gzip")) return ContentCoding::gzip;
    for (std::size_t i = 0; i < coding_names.size(); ++i) {
        if (internal::equals_ignoring_case(name, coding_names[i])) return static_cast<ContentCoding>(i);
    }
    return std::nullopt;
}

auto content_codings(const Fields& fields) -> std::optional<std::vector<ContentCoding>> {
    std::vector<ContentCoding> codings;
    for (auto value : fields.get_all("Content-Encoding")) {
        while (!value.empty()) {
            const auto member = internal::take_list_member(value);
            if (member.empty()) continue;
            const auto coding = parse_coding(member);
            if (!coding) return std::nullopt;
            codings.push_back(*coding);
        }
    }
    return codings;
}

auto rule_name(ContentRule rule) noexcept -> std::string_view {
    return rule_texts[static_cast<std::size_t>(rule)].name;
}

ContentError::ContentError(ContentRule rule, std::string_view coding)
    : std::runtime_error(error_text(rule, coding)), rule_(rule) {}

}  // namespace gyre::http
