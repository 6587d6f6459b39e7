#pragma once

#include <span>
#include <string_view>

namespace gyre::cli {

/// A file of the page that `gyre web` shows: those of cli/web, embedded when the tool is built.
struct WebAsset {
    std::string_view name;  ///< "index.html"
    std::string_view type;  ///< Of the content, as in Content-Type.
    std::string_view content;
};

[[nodiscard]] auto web_assets() -> std::span<const WebAsset>;

}  // namespace gyre::cli
