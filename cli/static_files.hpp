#pragma once

#include <gyre/http/server/exchange.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::cli {

/// Serves the files below `root`: GET and HEAD, `index.html` for a directory, no listings.
///
/// Hidden files (a name that begins with a dot), symbolic links and everything outside of `root` are answered as if they
/// were not there. Files are sent in pieces of 64 KiB.
[[nodiscard]] auto static_files(std::filesystem::path root) -> http::ExchangeHandler;

/// The file that a path of a URL, as sent, stands for, relative to the root. Empty if it may not be asked for: encoded
/// slashes, control characters, empty names, and names that begin with a dot (`..` is one).
[[nodiscard]] auto relative_file(std::string_view raw_path) -> std::optional<std::string>;

/// The media type that the extension of a file name says.
[[nodiscard]] auto media_type(std::string_view file_name) -> std::string_view;

}  // namespace gyre::cli
