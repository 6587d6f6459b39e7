#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/body_reader.hpp>
#include <gyre/http/core/multipart.hpp>
#include <gyre/http/core/query.hpp>
#include <gyre/os/file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// Reads a multipart body part by part, as it comes. What is not read stays with the client.
///
/// Every function throws HttpError 400, 413 or 415 for a body that breaks a rule or a limit (`MultipartRule`), which a handler can
/// let through, and what reading the body throws. For one task at a time. On cancel: nothing is lost, unless it says otherwise.
class MultipartReader {
public:
    /// @param body must live longer. @throws HttpError 415 unless `content_type` is a multipart type with a good boundary.
    MultipartReader(BodyReader& body, std::string_view content_type, const MultipartLimits& limits);

    /// The next part; what was not read of the one before is passed over. Empty optional after the last.
    [[nodiscard]] auto next() -> Task<std::optional<MultipartPart>>;
    /// The next piece of this part's content, empty at its end; it lives until the next call.
    [[nodiscard]] auto read() -> Task<std::span<const char>>;
    /// The rest of this part's content. @throws HttpError 413 if it is longer than `limit` bytes.
    /// After that, and on cancel: what it had gathered is lost.
    [[nodiscard]] auto text(std::size_t limit = 1024 * 1024) -> Task<std::string>;

private:
    [[nodiscard]] auto pull() -> Task<MultipartEvent>;
    [[nodiscard]] auto parse() -> MultipartEvent;
    void finish() const;

    BodyReader* body_;
    MultipartParser parser_;
    std::string_view input_;  ///< Of the body's last piece: not parsed yet.
    bool is_in_part_ = false;
    bool is_at_end_ = false;
};

/// How much of a form is taken, beside the server's own limit of a body (`ConnectionOptions::limits`, 1 MiB by default).
struct FormOptions {
    MultipartLimits limits = {};             ///< 128 parts, 16 fields and 8 KiB in the head of each.
    std::size_t fields_bytes = 1024 * 1024;  ///< Names and values of fields, all together.
    /// What is kept in memory of all files together; files beyond it are on the disk, without a name, until they go.
    std::size_t memory_bytes = 1024 * 1024;
    std::string_view directory = {};  ///< Where those are; empty: the directory for temporary files. Copied at once.
};

/// A file that came with a form. Copies share it, and calls under way keep it. Thread: the loop's of the request.
class FormFile {
public:
    /// @param spool has the content if it is not null, else `text` has.
    FormFile(const MultipartPart& part, std::uint64_t size, std::string text, std::shared_ptr<fs::File> spool);

    /// Of the form's field.
    [[nodiscard]] auto name() const noexcept -> const std::string& { return name_; }
    /// What the client calls it, without directories. It is an outsider's text: choose names for your files yourself.
    [[nodiscard]] auto file_name() const noexcept -> const std::string& { return file_name_; }
    /// What the client believes it to be.
    [[nodiscard]] auto content_type() const noexcept -> const std::string& { return content_type_; }
    [[nodiscard]] auto size() const noexcept -> std::uint64_t { return size_; }
    [[nodiscard]] auto is_on_disk() const noexcept -> bool { return spool_ != nullptr; }

    /// `size` bytes from `offset` on, fewer at the end. @throws IoError.
    [[nodiscard]] auto read(std::size_t size, std::uint64_t offset = 0) const -> Task<std::string>;
    /// All of it. @throws LimitError if it is longer than `limit` bytes; IoError.
    [[nodiscard]] auto text(std::size_t limit = fs::default_read_limit) const -> Task<std::string>;
    /// Writes it to a new file. @throws IoError, also if there is one of that name. On cancel, and after an error: a file with
    /// a part of the content may be there.
    [[nodiscard]] auto save(std::filesystem::path path) const -> Task<void>;

private:
    std::string name_;
    std::string file_name_;
    std::string content_type_;
    std::uint64_t size_;
    std::shared_ptr<const std::string> text_;
    std::shared_ptr<fs::File> spool_;
};

/// A form as it was filled in.
struct FormData {
    FormData() = default;

    /// The first file of that field, or null. A field without a chosen file is sent as an empty one without a name.
    [[nodiscard]] auto file(std::string_view name) const noexcept -> const FormFile*;

    QueryParams fields;
    std::vector<FormFile> files;
};

namespace internal {
/// What `Request::form_data` does for a multipart body.
[[nodiscard]] auto read_form(MultipartReader reader, FormOptions options, std::filesystem::path directory)
    -> Task<FormData>;
}  // namespace internal

}  // namespace gyre::http
