#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace gyre::cli {

namespace {

/// Characters of UTF-8 text, taking each code point as one column.
auto width_of(std::string_view text) -> std::size_t {
    std::size_t width = 0;
    for (const char byte : text) width += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    return width;
}

/// Of the character of UTF-8 that the text begins with; 0 if it begins with none.
auto character_size(std::string_view text) -> std::size_t {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 0;
    }
    return size;
}

/// Whether a terminal may take it as an order: the control characters of ASCII, and U+0080 to U+009F.
auto is_control(std::string_view character) -> bool {
    const auto first = static_cast<unsigned char>(character.front());
    if (character.size() == 1) return first < 0x20 || first == 0x7F;
    return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

auto number_text(double value, const char* unit) -> std::string {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(),
        value < 9.995   ? "%.2f %s"
        : value < 99.95 ? "%.1f %s"
                        : "%.0f %s",
        value, unit);
    return text.data();
}

}  // namespace

auto size_text(std::uint64_t bytes) -> std::string {
    if (bytes < 1024) return std::to_string(bytes) + " B";
    static constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.5 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return number_text(value, units[unit]);
}

auto time_text(Duration length) -> std::string {
    const double seconds = static_cast<double>(length.count()) / 1e9;
    if (seconds < 0.0009995) return number_text(seconds * 1e6, "us");
    if (seconds < 0.9995) return number_text(seconds * 1e3, "ms");
    if (seconds < 60) return number_text(seconds, "s");
    const auto whole = static_cast<long>(seconds);
    std::array<char, 48> text{};
    if (whole < 3600) {
        std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    }
    return text.data();
}

auto shortened(std::string_view text, std::size_t width) -> std::string {
    if (width_of(text) <= width) return std::string(text);
    if (width <= 3) return std::string(text.substr(0, width));
    const std::size_t tail = (width - 3) * 3 / 4;  // URLs differ at their ends
    std::size_t front_end = width - 3 - tail;
    std::size_t back_begin = text.size() - tail;
    // Not in the middle of a character.
    while (front_end > 0 && (static_cast<unsigned char>(text[front_end]) & 0xC0U) == 0x80U) --front_end;
    while (back_begin < text.size() && (static_cast<unsigned char>(text[back_begin]) & 0xC0U) == 0x80U) ++back_begin;
    return std::string(text.substr(0, front_end)) + "..." + std::string(text.substr(back_begin));
}

auto left_aligned(std::string_view text, std::size_t width) -> std::string {
    const std::size_t used = width_of(text);
    return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

auto right_aligned(std::string_view text, std::size_t width) -> std::string {
    const std::size_t used = width_of(text);
    return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

auto harmless(std::string_view text) -> std::string {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        if (text.front() == '\n' || text.substr(0, 2) == "\r\n") {
            text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
            if (!clean.empty() && !text.empty()) clean += "; ";
            continue;
        }
        const std::size_t size = character_size(text);
        if (size == 0 || is_control(text.substr(0, size))) {
            clean += '?';
        } else {
            clean += text.substr(0, size);
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return clean;
}

auto harmless_json(const nlohmann::json& value) -> std::string {
    const std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        // The dump has escaped the others, and is UTF-8.
        const bool is_delete = text[i] == '\x7F';
        const bool is_of_two = text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (is_of_two) ++i;
        if (is_delete || is_of_two) {
            std::array<char, 8> escape{};
            std::snprintf(
                escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(text[i])));
            clean += escape.data();
        } else {
            clean += text[i];
        }
    }
    return clean;
}

}  // namespace gyre::cli
