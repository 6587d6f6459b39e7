#include <gyre/core/duration_text.hpp>

#include <cstdio>
#include <string_view>

namespace gyre::internal {

auto duration_text(Duration length) -> std::string {
    const double ns = static_cast<double>(length.count());
    struct Unit {
        double size;
        const char* name;
    };
    static constexpr Unit units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
    char text[48];
    for (const Unit& unit : units) {
        if (ns < unit.size && ns > -unit.size) continue;
        std::snprintf(text, sizeof text, "%.4g %s", ns / unit.size, unit.name);
        return text;
    }
    return std::to_string(length.count()) + " ns";
}

auto place_text(const std::source_location& where) -> std::string {
    std::string_view file(where.file_name());
    file.remove_prefix(file.rfind('/') + 1);
    return std::string(file) + ":" + std::to_string(where.line());
}

}  // namespace gyre::internal
