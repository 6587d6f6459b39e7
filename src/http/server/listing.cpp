#include "listing.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/percent.hpp>
#include <gyre/os/directory.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::internal {

namespace {

constexpr std::size_t most_names = 10'000;

auto escape(std::string_view text) -> std::string {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

auto page_of(std::string_view title, std::vector<fs::DirectoryEntry> entries, bool is_whole) -> std::string {
    std::ranges::sort(entries, [](const auto& a, const auto& b) {
        const bool a_is_file = a.type != fs::FileType::directory;
        const bool b_is_file = b.type != fs::FileType::directory;
        return a_is_file != b_is_file ? b_is_file : a.name < b.name;
    });
    const auto heading = escape(title);
    std::string page = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>" + heading + "</title>\n<h1>" + heading +
                       "</h1>\n<ul>\n";
    if (title != "/") page += "<li><a href=\"../\">../</a>\n";
    for (const auto& entry : entries) {
        const std::string_view slash = entry.type == fs::FileType::directory ? "/" : "";
        page.append("<li><a href=\"").append(percent_encode(entry.name, EncodeSet::component)).append(slash);
        page.append("\">").append(escape(entry.name)).append(slash).append("</a>\n");
    }
    page += "</ul>\n";
    if (!is_whole) page += "<p>There are more.\n";
    return page;
}

auto is_told(const fs::DirectoryEntry& entry, ListingOptions options) -> bool {
    if (!options.hidden && entry.name.starts_with('.')) return false;
    return entry.type == fs::FileType::regular || entry.type == fs::FileType::directory ||
           (options.links && entry.type == fs::FileType::symlink);
}

auto names_in(fs::Directory& directory, ListingOptions options) -> Task<std::vector<fs::DirectoryEntry>> {
    std::vector<fs::DirectoryEntry> entries;
    while (entries.size() <= most_names) {
        auto entry = co_await directory.next();
        if (!entry) break;
        if (is_told(*entry, options)) entries.push_back(*std::move(entry));
    }
    co_return entries;
}

}  // namespace

auto list_directory(std::filesystem::path root, std::string relative, std::string title, ListingOptions options)
    -> Task<std::optional<Response>> {
    fs::BeneathOptions beneath;
    beneath.follow_links = options.links;
    std::vector<fs::DirectoryEntry> entries;
    try {
        auto directory = co_await fs::Directory::open_beneath(std::move(root), std::move(relative), beneath);
        entries = co_await names_in(directory, options);
    } catch (const IoError&) {
        co_return std::nullopt;
    }
    const bool is_whole = entries.size() <= most_names;
    if (!is_whole) entries.pop_back();
    auto response = Response::html(page_of(title, std::move(entries), is_whole));
    response.header("X-Content-Type-Options", "nosniff").header("Content-Security-Policy", "default-src 'none'");
    co_return response;
}

}  // namespace gyre::http::internal
