#include "static_files.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/date.hpp>
#include <gyre/http/core/percent.hpp>
#include <gyre/os/file.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace gyre::cli {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

struct MediaType {
    std::string_view extension;
    std::string_view type;
};

constexpr std::array media_types{
    MediaType{"avif", "image/avif"},
    MediaType{"css", "text/css; charset=utf-8"},
    MediaType{"csv", "text/csv; charset=utf-8"},
    MediaType{"gif", "image/gif"},
    MediaType{"gz", "application/gzip"},
    MediaType{"htm", "text/html; charset=utf-8"},
    MediaType{"html", "text/html; charset=utf-8"},
    MediaType{"ico", "image/vnd.microsoft.icon"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"js", "text/javascript; charset=utf-8"},
    MediaType{"json", "application/json"},
    MediaType{"md", "text/markdown; charset=utf-8"},
    MediaType{"mjs", "text/javascript; charset=utf-8"},
    MediaType{"mp3", "audio/mpeg"},
    MediaType{"mp4", "video/mp4"},
    MediaType{"ogg", "audio/ogg"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"png", "image/png"},
    MediaType{"svg", "image/svg+xml"},
    MediaType{"tar", "application/x-tar"},
    MediaType{"txt", "text/plain; charset=utf-8"},
    MediaType{"wasm", "application/wasm"},
    MediaType{"wav", "audio/wav"},
    MediaType{"webm", "video/webm"},
    MediaType{"webp", "image/webp"},
    MediaType{"woff2", "font/woff2"},
    MediaType{"xml", "application/xml"},
    MediaType{"zip", "application/zip"},
};

auto lower(std::string_view text) -> std::string {
    std::string result(text);
    for (auto& byte : result) {
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return result;
}

/// An error that says no more than that there is nothing to have.
auto means_not_found(const std::error_code& code) noexcept -> bool {
    constexpr std::array<std::errc, 8> answers{
        std::errc::no_such_file_or_directory,
        std::errc::not_a_directory,
        std::errc::too_many_symbolic_link_levels,
        std::errc::cross_device_link,
        std::errc::permission_denied,
        std::errc::filename_too_long,
        std::errc::no_such_device_or_address,
        std::errc::invalid_argument,
    };
    return std::ranges::any_of(answers, [&](std::errc answer) { return code == answer; });
}

auto open_file(const std::filesystem::path& root, std::string relative) -> Task<std::optional<fs::File>> {
    try {
        auto file = co_await fs::open_beneath(root, std::move(relative));
        co_return std::optional<fs::File>(std::move(file));
    } catch (const IoError& error) {
        if (!means_not_found(error.code())) throw;
    }
    co_return std::nullopt;
}

auto not_found(http::ServerExchange& exchange) -> Task<void> {
    co_await exchange.respond(404, "text/plain; charset=utf-8", "404 Not Found\n");
}

/// Sends `size` bytes of the file; a file that became shorter cuts the connection, since `finish` refuses it.
auto send_file(http::ServerExchange& exchange, fs::File& file, http::ResponseHead head, std::uint64_t size)
    -> Task<void> {
    if (exchange.method() == "HEAD") {
        co_await exchange.respond(std::move(head), {});
        co_return;
    }
    const auto storage = std::make_unique_for_overwrite<std::byte[]>(std::min<std::uint64_t>(size, piece_bytes));
    bool has_started = false;
    while (size > 0) {
        const std::span<std::byte> buffer(storage.get(), std::min<std::uint64_t>(size, piece_bytes));
        const auto count = co_await file.read_some(buffer);
        if (count == 0) break;
        const std::string_view piece(reinterpret_cast<const char*>(storage.get()), count);
        if (!has_started && count == size) {
            co_await exchange.respond(std::move(head), piece);  // small: head and body in one segment
            co_return;
        }
        if (!has_started) co_await exchange.start(std::move(head));
        has_started = true;
        co_await exchange.write(piece);
        size -= count;
    }
    if (!has_started) co_await exchange.start(std::move(head));
    co_await exchange.finish();
}

auto serve_file(const std::filesystem::path& root, http::ServerExchange& exchange) -> Task<void> {
    http::ResponseHead head;
    if (exchange.method() != "GET" && exchange.method() != "HEAD") {
        head.status = 405;
        head.fields.add("Allow", "GET, HEAD");
        head.fields.add("Content-Type", "text/plain; charset=utf-8");
        co_await exchange.respond(std::move(head), "405 Method Not Allowed\n");
        co_return;
    }
    auto relative = relative_file(exchange.raw_path());
    if (!relative) {
        co_await not_found(exchange);
        co_return;
    }
    const auto type = media_type(*relative);
    auto file = co_await open_file(root, std::move(*relative));
    if (!file) {
        co_await not_found(exchange);
        co_return;
    }
    const auto info = co_await file->info();
    if (info.is_directory) {
        // With the slash, links in its index.html lead where they should.
        std::string location(exchange.raw_path());
        location += '/';
        if (!exchange.query().empty()) location.append("?").append(exchange.query());
        head.status = 301;
        head.fields.add("Location", location);
        co_await exchange.respond(std::move(head), {});
        co_return;
    }
    if (!info.is_regular) {
        co_await not_found(exchange);
        co_return;
    }
    head.fields.add("Content-Type", type);
    head.fields.add("Content-Length", std::to_string(info.size));
    head.fields.add("Last-Modified", http::format_http_date(std::chrono::floor<std::chrono::seconds>(info.modified)));
    head.fields.add("X-Content-Type-Options", "nosniff");
    co_await send_file(exchange, *file, std::move(head), info.size);
}

}  // namespace

auto media_type(std::string_view file_name) -> std::string_view {
    constexpr std::string_view unknown = "application/octet-stream";
    const auto name = file_name.substr(file_name.rfind('/') + 1);
    const auto dot = name.rfind('.');
    if (dot == name.npos) return unknown;
    const auto extension = lower(name.substr(dot + 1));
    const auto found = std::ranges::find(media_types, std::string_view(extension), &MediaType::extension);
    return found == media_types.end() ? unknown : found->type;
}

auto relative_file(std::string_view raw_path) -> std::optional<std::string> {
    if (raw_path.empty() || raw_path.front() != '/') return std::nullopt;
    raw_path.remove_prefix(1);
    std::string result;
    while (true) {
        const auto slash = raw_path.find('/');
        const auto name = http::percent_decode(raw_path.substr(0, slash));
        const bool is_last = slash == raw_path.npos;
        if (name.empty() && !is_last) return std::nullopt;
        const bool is_bad = std::ranges::any_of(
            name, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\'; });
        if (is_bad || (!name.empty() && name.front() == '.')) return std::nullopt;
        if (!result.empty()) result += '/';
        result += name.empty() ? std::string("index.html") : name;
        if (is_last) return result;
        raw_path.remove_prefix(slash + 1);
    }
}

auto static_files(std::filesystem::path root) -> http::ExchangeHandler {
    return [root = std::move(root)](http::ServerExchange& exchange) { return serve_file(root, exchange); };
}

}  // namespace gyre::cli
