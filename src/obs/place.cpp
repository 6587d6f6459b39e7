#include "obs/place.hpp"

#include <gyre/core/wait_report.hpp>

namespace gyre::obs {

namespace {

/// Where the list of parameters opens: the first bracket outside of template arguments.
auto parameters_of(std::string_view signature) noexcept -> std::size_t {
    int depth = 0;
    for (std::size_t at = 0; at < signature.size(); ++at) {
        if (signature[at] == '<') ++depth;
        if (signature[at] == '>') --depth;
        if (signature[at] == '(' && depth <= 0) return at;
    }
    return signature.size();
}

/// Where the last word begins that ends at `end`; template arguments belong to it.
auto word_before(std::string_view text, std::size_t end) noexcept -> std::size_t {
    int depth = 0;
    for (std::size_t at = end; at > 0; --at) {
        const char before = text[at - 1];
        if (before == '>') ++depth;
        if (before == '<') --depth;
        if (depth <= 0 && (before == ' ' || before == '*' || before == '&')) return at;
    }
    return 0;
}

}  // namespace

auto function_name(std::string_view signature) noexcept -> std::string_view {
    if (signature.find("lambda") != std::string_view::npos || signature.find("operator()") != std::string_view::npos) {
        return {};
    }
    constexpr std::string_view nameless = "(anonymous namespace)::";
    if (const auto at = signature.rfind(nameless); at != std::string_view::npos && at < signature.rfind('(')) {
        signature.remove_prefix(at + nameless.size());
    }
    const std::size_t end = parameters_of(signature);
    const std::size_t begin = word_before(signature, end);
    const std::string_view name = signature.substr(begin, end - begin);
    return name.find('(') != std::string_view::npos ? std::string_view() : name;
}

auto make_place(const std::source_location& where) noexcept -> Place {
    std::string_view file(where.file_name());
    file.remove_prefix(file.rfind('/') + 1);
    return {file, function_name(where.function_name()), where.line(), internal::is_of_library(where.file_name())};
}

}  // namespace gyre::obs
