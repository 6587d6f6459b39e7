#include <gyre/http/core/file_types.hpp>

#include "grammar.hpp"

#include <algorithm>
#include <array>

namespace gyre::http {
namespace {

struct FileKind {
    std::string_view extension;
    std::string_view type;
};

constexpr std::array file_kinds{
    FileKind{"7z", "application/x-7z-compressed"},
    FileKind{"aac", "audio/aac"},
    FileKind{"apng", "image/apng"},
    FileKind{"avif", "image/avif"},
    FileKind{"bmp", "image/bmp"},
    FileKind{"bz2", "application/x-bzip2"},
    FileKind{"css", "text/css; charset=utf-8"},
    FileKind{"csv", "text/csv; charset=utf-8"},
    FileKind{"epub", "application/epub+zip"},
    FileKind{"flac", "audio/flac"},
    FileKind{"gif", "image/gif"},
    FileKind{"gz", "application/gzip"},
    FileKind{"htm", "text/html; charset=utf-8"},
    FileKind{"html", "text/html; charset=utf-8"},
    FileKind{"ico", "image/vnd.microsoft.icon"},
    FileKind{"ics", "text/calendar; charset=utf-8"},
    FileKind{"jpeg", "image/jpeg"},
    FileKind{"jpg", "image/jpeg"},
    FileKind{"js", "text/javascript; charset=utf-8"},
    FileKind{"json", "application/json"},
    FileKind{"jsonld", "application/ld+json"},
    FileKind{"m4a", "audio/mp4"},
    FileKind{"map", "application/json"},
    FileKind{"md", "text/markdown; charset=utf-8"},
    FileKind{"mjs", "text/javascript; charset=utf-8"},
    FileKind{"mp3", "audio/mpeg"},
    FileKind{"mp4", "video/mp4"},
    FileKind{"mpeg", "video/mpeg"},
    FileKind{"oga", "audio/ogg"},
    FileKind{"ogg", "audio/ogg"},
    FileKind{"ogv", "video/ogg"},
    FileKind{"otf", "font/otf"},
    FileKind{"pdf", "application/pdf"},
    FileKind{"png", "image/png"},
    FileKind{"rss", "application/rss+xml"},
    FileKind{"svg", "image/svg+xml"},
    FileKind{"tar", "application/x-tar"},
    FileKind{"tif", "image/tiff"},
    FileKind{"tiff", "image/tiff"},
    FileKind{"ts", "video/mp2t"},
    FileKind{"ttf", "font/ttf"},
    FileKind{"txt", "text/plain; charset=utf-8"},
    FileKind{"vtt", "text/vtt; charset=utf-8"},
    FileKind{"wasm", "application/wasm"},
    FileKind{"wav", "audio/wav"},
    FileKind{"weba", "audio/webm"},
    FileKind{"webm", "video/webm"},
    FileKind{"webmanifest", "application/manifest+json"},
    FileKind{"webp", "image/webp"},
    FileKind{"woff", "font/woff"},
    FileKind{"woff2", "font/woff2"},
    FileKind{"xhtml", "application/xhtml+xml"},
    FileKind{"xml", "application/xml"},
    FileKind{"yaml", "application/yaml"},
    FileKind{"yml", "application/yaml"},
    FileKind{"zip", "application/zip"},
    FileKind{"zst", "application/zstd"},
};

}  // namespace

auto media_type_of_file(std::string_view file_name) noexcept -> std::string_view {
    constexpr std::string_view unknown = "application/octet-stream";
    const auto name = file_name.substr(file_name.rfind('/') + 1);
    const auto dot = name.rfind('.');
    if (dot == name.npos) return unknown;
    const auto extension = name.substr(dot + 1);
    const auto* const found = std::ranges::find_if(
        file_kinds, [&](const FileKind& kind) { return internal::equals_ignoring_case(kind.extension, extension); });
    return found == file_kinds.end() ? unknown : found->type;
}

}  // namespace gyre::http
