#pragma once

#include <string_view>

namespace gyre::http {

/// The media type that the extension of a file's name stands for, without regard to case, with a charset where it is text;
/// "application/octet-stream" for one that is not known. Static storage.
[[nodiscard]] auto media_type_of_file(std::string_view file_name) noexcept -> std::string_view;

}  // namespace gyre::http
