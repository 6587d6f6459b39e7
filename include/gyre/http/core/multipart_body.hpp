#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// A multipart body to send: a form with fields and files. It writes what stands between the contents; contents that are
/// files are named, and whoever sends the body streams them from there.
///
/// To send it: for each part `framing(i)` and its content, then `closing()`. The caller sets the sizes of files that it
/// knows, so that `content_length` is known before the first byte goes out.
/// Thread: none of its own; a value. Source: RFC 7578, WHATWG HTML 4.10.21.8.
class MultipartBody {
public:
    /// One part. Its content is `text`, or the file at `path` if that is not empty.
    struct Part {
        Part() = default;

        std::string name;
        std::optional<std::string> file_name;
        std::string content_type;  ///< Empty: none is sent.
        std::string text;
        std::filesystem::path path;
        std::optional<std::uint64_t> size;  ///< Of the content; known for a text.
    };

    /// With a boundary that nobody can guess: 16 bytes from the loop's random source, in hexadecimal.
    /// @throws LoopError outside of a loop.
    MultipartBody();

    /// @param boundary nobody who fills the parts may be able to guess it, or what they fill in can be read as further parts.
    /// @throws std::invalid_argument unless it has 1 to 70 letters, digits and hyphens.
    explicit MultipartBody(std::string boundary);

    /// Adds a field. @throws std::invalid_argument if the name has a control character.
    auto add(std::string name, std::string value) -> MultipartBody&;

    /// Adds content that is at hand as a file. @throws std::invalid_argument if a name or the type has a control character.
    auto add_file(std::string name, std::string file_name, std::string text,
        std::string content_type = "application/octet-stream") -> MultipartBody&;

    /// Adds a file that is read when the body is sent. It is called as it is there, without its directories.
    /// @throws std::invalid_argument as above.
    auto add_path(std::string name, std::filesystem::path path, std::string content_type = "application/octet-stream")
        -> MultipartBody&;

    /// Says how large the content of a part is that is read from a file. `index` must be below `size()`.
    void set_size(std::size_t index, std::uint64_t bytes);

    [[nodiscard]] auto size() const noexcept -> std::size_t { return parts_.size(); }
    [[nodiscard]] auto parts() const noexcept -> const std::vector<Part>& { return parts_; }

    /// For Content-Type: "multipart/form-data; boundary=...".
    [[nodiscard]] auto content_type() const -> std::string;

    /// What goes before the content of a part. `index` must be below `size()`.
    [[nodiscard]] auto framing(std::size_t index) const -> std::string;

    /// What goes after the last part.
    [[nodiscard]] auto closing() const -> std::string;

    /// Bytes of the whole body, if the size of every part is known.
    [[nodiscard]] auto content_length() const -> std::optional<std::uint64_t>;

private:
    std::string boundary_;
    std::vector<Part> parts_;
};

}  // namespace gyre::http
