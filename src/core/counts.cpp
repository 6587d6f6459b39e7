#include <gyre/core/counts.hpp>

#include <stdexcept>
#include <string>

namespace gyre::internal {

void throw_negative_count(std::string_view kind, std::string_view name, std::string_view what, std::size_t count) {
    std::string text(kind);
    if (!name.empty()) text.append(" '").append(name).append("'");
    text.append(": ").append(what).append(" is negative: ");
    throw std::invalid_argument(text + std::to_string(static_cast<std::ptrdiff_t>(count)));
}

}  // namespace gyre::internal
