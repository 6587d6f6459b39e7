#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/request.hpp>
#include <gyre/http/server/response.hpp>
#include <gyre/os/file.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::http::internal {

/// A file that is open, and what is known of it.
struct ServedFile {
    ServedFile(fs::File opened, const fs::FileInfo& known) : file(std::move(opened)), info(known) {}

    fs::File file;
    fs::FileInfo info;
    std::string_view coding;  ///< The content coding that it is in, for its ETag; static text.
};

/// Opens what an outsider names, as `fs::open_beneath` does. @throws IoError.
[[nodiscard]] auto open_below(std::filesystem::path root, std::string path, bool follow_links) -> Task<ServedFile>;

/// What comes of opening: empty if there is nothing to have, whatever the reason that the client shall not learn.
/// @throws IoError for what is wrong with the server.
[[nodiscard]] auto open_served(Task<ServedFile> opening) -> Task<std::optional<ServedFile>>;

/// The response for a regular file. @param base its status and fields; only one of 200 is subject to conditions and ranges.
[[nodiscard]] auto answer_with(Request& request, Response base, ServedFile served) -> Task<Response>;

/// The same for a response whose file was not opened yet. @throws HttpError 404.
[[nodiscard]] auto open_source(Request& request, Response response) -> Task<Response>;

}  // namespace gyre::http::internal
