// Files below a directory: what may be asked for, and what stands for it.

#include "listing.hpp"
#include "served_file.hpp"

#include <gyre/http/core/file_types.hpp>
#include <gyre/http/core/media_type.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/http_error.hpp>
#include <gyre/os/file.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

namespace {

using internal::ServedFile;

/// The options of a directory that is served, with their texts.
struct FileSite {
    FileSite(std::filesystem::path directory, const FilesOptions& options)
        : root(std::move(directory)),
          index(options.index),
          cache_control(options.cache_control),
          listing(options.listing),
          hidden(options.hidden),
          precompressed(options.precompressed),
          follow_links(options.follow_links) {}

    std::filesystem::path root;
    std::string index;
    std::string cache_control;
    bool listing;
    bool hidden;
    bool precompressed;
    bool follow_links;
};
using SharedSite = std::shared_ptr<const FileSite>;

/// A path below the directory, decoded by the router, which lets no `..`, no encoded slash and no NUL through.
auto may_be_asked_for(std::string_view path, bool hidden) noexcept -> bool {
    for (;;) {
        const auto slash = path.find('/');
        const auto name = path.substr(0, slash);
        const bool is_last = slash == path.npos;
        if (name.empty() && !is_last) return false;
        const bool is_bad = std::ranges::any_of(
            name, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f || byte == '\\'; });
        if (is_bad || (!hidden && name.starts_with('.'))) return false;
        if (is_last) return true;
        path.remove_prefix(slash + 1);
    }
}

auto open_below(SharedSite site, std::string path) -> Task<std::optional<ServedFile>> {
    return internal::open_served(internal::open_below(site->root, std::move(path), site->follow_links));
}

struct Variant {
    std::string_view coding;
    std::string_view extension;
};
constexpr std::array variants{Variant{"br", ".br"}, Variant{"zstd", ".zst"}, Variant{"gzip", ".gz"}};

/// The compressed neighbour that the client likes best. @throws HttpError 406 if it takes neither one nor the file itself.
auto find_variant(SharedSite site, Request& request, std::string path, fs::FileTime modified)
    -> Task<std::optional<ServedFile>> {
    std::vector<std::string_view> offers;
    offers.reserve(variants.size() + 1);
    for (const auto& variant : variants) offers.push_back(variant.coding);
    offers.emplace_back("identity");
    for (;;) {
        const auto chosen = negotiate_coding(request.fields(), offers);
        if (!chosen)
            throw HttpError(406, "this is there without a content coding only").header("Vary", "Accept-Encoding");
        const auto* const variant = std::ranges::find(variants, offers[*chosen], &Variant::coding);
        if (variant == variants.end()) co_return std::nullopt;
        auto found = co_await open_below(site, path + std::string(variant->extension));
        if (found && found->info.is_regular && found->info.modified >= modified) {
            found->coding = variant->coding;
            co_return found;
        }
        offers.erase(offers.begin() + static_cast<std::ptrdiff_t>(*chosen));
    }
}

auto serve_file(SharedSite site, Request& request, std::string path, ServedFile served) -> Task<Response> {
    Response response;
    response.header("Content-Type", media_type_of_file(path));
    response.header("X-Content-Type-Options", "nosniff");
    if (!site->cache_control.empty()) response.header("Cache-Control", site->cache_control);
    if (site->precompressed) {
        response.header("Vary", "Accept-Encoding");
        auto variant = co_await find_variant(site, request, path, served.info.modified);
        if (variant) {
            served = *std::move(variant);
            response.header("Content-Encoding", served.coding);
        }
    }
    auto answering = internal::answer_with(request, std::move(response), std::move(served));
    auto answer = co_await std::move(answering);
    co_return answer;
}

auto serve_directory(SharedSite site, Request& request, std::string path) -> Task<Response> {
    if (!site->index.empty()) {
        std::string index = path + site->index;
        auto served = co_await open_below(site, index);
        if (served && served->info.is_regular) {
            auto serving = serve_file(site, request, std::move(index), *std::move(served));
            auto response = co_await std::move(serving);
            co_return response;
        }
    }
    if (!site->listing) throw HttpError(404);
    internal::ListingOptions options;
    options.hidden = site->hidden;
    options.links = site->follow_links;
    std::string directory = path.empty() ? "." : path;
    auto listing = internal::list_directory(site->root, std::move(directory), request.path(), options);
    auto page = co_await std::move(listing);
    if (!page) throw HttpError(404);
    co_return *std::move(page);
}

/// With the slash, links in its page lead where they should.
auto to_slash(const Request& request) -> Response {
    std::string location(request.raw_path());
    location += '/';
    if (!request.query().empty()) location.append("?").append(request.query());
    return Response::redirect(location, 301);
}

auto serve_below(SharedSite site, Request& request) -> Task<Response> {
    std::string path(request.path_param("path"));
    if (!may_be_asked_for(path, site->hidden)) throw HttpError(404);
    if (path.empty() || path.ends_with('/')) {
        auto serving = serve_directory(site, request, std::move(path));
        auto response = co_await std::move(serving);
        co_return response;
    }
    auto served = co_await open_below(site, path);
    if (!served) throw HttpError(404);
    if (served->info.is_directory) co_return to_slash(request);
    if (!served->info.is_regular) throw HttpError(404);
    auto serving = serve_file(site, request, std::move(path), *std::move(served));
    auto response = co_await std::move(serving);
    co_return response;
}

auto redirect_to_slash(Request& request) -> Task<Response> { co_return to_slash(request); }

}  // namespace

auto Routes::files(std::string_view prefix, std::filesystem::path directory, const FilesOptions& options) -> Routes& {
    if (!std::filesystem::is_directory(directory)) {
        throw std::invalid_argument("http::Routes::files: " + directory.string() + " is no directory");
    }
    if (options.index.find('/') != options.index.npos) {
        throw std::invalid_argument("http::Routes::files: the index is the name of a file, without a path");
    }
    Fields().add("Cache-Control", options.cache_control);  // throws now, not for each request
    std::string pattern(prefix);
    if (pattern.ends_with('/')) pattern.pop_back();
    auto site = std::make_shared<const FileSite>(std::move(directory), options);
    if (!pattern.empty()) get(pattern, redirect_to_slash);
    return get(
        pattern + "/{path:path}", [site = std::move(site)](Request& request) { return serve_below(site, request); });
}

}  // namespace gyre::http
