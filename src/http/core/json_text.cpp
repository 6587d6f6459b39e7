#include "json_text.hpp"

#include "core/hex_text.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace gyre::http::internal {

namespace {

// How many bytes the character at the front has; 0 if there is none.
auto character_size(std::string_view text) noexcept -> std::size_t {
    for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
        if (is_utf8(text.substr(0, size))) return size;
    }
    return 0;
}

void append_escaped(char c, std::string& out) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
        gyre::internal::append_hex(out.append("\\u00"), byte);
    } else {
        out += c;
    }
}

}  // namespace

auto json_string(std::string_view text) -> std::string {
    std::string out = "\"";
    while (!text.empty()) {
        const auto size = character_size(text);
        if (size == 0) {
            out.append("\xEF\xBF\xBD");
        } else if (size == 1) {
            append_escaped(text.front(), out);
        } else {
            out.append(text.substr(0, size));
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out += '"';
}

}  // namespace gyre::http::internal
