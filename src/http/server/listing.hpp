#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/response.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace gyre::http::internal {

/// Which names of a directory are told.
struct ListingOptions {
    bool hidden = false;
    bool links = false;
};

/// A page of the names in a directory, directories first; the first 10,000 that the file system gives.
/// @param title the path as the client knows it. @return empty if there is no such directory.
[[nodiscard]] auto list_directory(std::filesystem::path root, std::string relative, std::string title,
    ListingOptions options) -> Task<std::optional<Response>>;

}  // namespace gyre::http::internal
