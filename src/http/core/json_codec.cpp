#include <gyre/http/core/json_codec.hpp>

#include <algorithm>

namespace gyre::http {
namespace {

auto error_text(std::string_view problem, std::size_t offset, std::string_view text) -> std::string {
    std::string out = "JSON: ";
    out += problem;
    if (offset == JsonError::no_offset) return out;
    const auto before = text.substr(0, std::min(offset, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto begin = before.rfind('\n');
    const auto column = before.size() - (begin == std::string_view::npos ? 0 : begin + 1) + 1;
    out.append(" at byte ").append(std::to_string(offset)).append(" (line ").append(std::to_string(line));
    return out.append(", column ").append(std::to_string(column)).append(")");
}

}  // namespace

JsonError::JsonError(std::string_view problem, std::size_t offset, std::string_view text)
    : std::runtime_error(error_text(problem, offset, text)), offset_(offset) {}

}  // namespace gyre::http
