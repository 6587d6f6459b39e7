#include <gyre/http/server/form.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/http/server/http_error.hpp>

#include <algorithm>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

auto parser_for(std::string_view content_type, const MultipartLimits& limits) -> MultipartParser {
    try {
        return MultipartParser::for_content_type(content_type, limits);
    } catch (const MultipartError& error) {
        throw HttpError(415, error.what());
    }
}

[[noreturn]] void refuse_size(std::string_view what, std::uint64_t limit) {
    throw HttpError(413, std::string(what) + " is longer than " + std::to_string(limit) + " bytes");
}

/// A file as it comes in: in memory first, then on the disk.
struct Incoming {
    Incoming() = default;

    std::uint64_t size = 0;
    std::string text;
    std::shared_ptr<fs::File> spool;
};

// A file up to this stays in memory in any case: many tiny ones must not take a descriptor each.
constexpr std::size_t small_file_bytes = 4 * 1024;

auto take_file(MultipartReader& reader, std::filesystem::path directory, std::size_t& memory_left) -> Task<Incoming> {
    Incoming incoming;
    std::size_t charged = 0;  // of the memory that all files have together
    for (;;) {
        const auto piece = co_await reader.read();
        if (piece.empty()) break;
        incoming.size += piece.size();
        const std::string_view bytes(piece.data(), piece.size());
        const bool is_small = incoming.size <= small_file_bytes;
        if (incoming.spool == nullptr && (is_small || bytes.size() <= memory_left)) {
            const auto share = std::min(bytes.size(), memory_left);
            incoming.text.append(bytes);
            memory_left -= share;
            charged += share;
            continue;
        }
        if (incoming.spool == nullptr) {
            auto file = co_await fs::temporary_file(directory);
            incoming.spool = std::make_shared<fs::File>(std::move(file));
            co_await incoming.spool->write(incoming.text);
            std::string().swap(incoming.text);
            memory_left += std::exchange(charged, 0);
        }
        co_await incoming.spool->write(bytes);
    }
    incoming.text.shrink_to_fit();  // what is charged is what it holds
    co_return incoming;
}

}  // namespace

MultipartReader::MultipartReader(BodyReader& body, std::string_view content_type, const MultipartLimits& limits)
    : body_(&body), parser_(parser_for(content_type, limits)) {}

auto MultipartReader::parse() -> MultipartEvent {
    try {
        auto event = parser_.next(input_);
        input_.remove_prefix(event.consumed);
        return event;
    } catch (const MultipartError& error) {
        throw HttpError(error.status(), error.what());
    }
}

void MultipartReader::finish() const {
    try {
        parser_.finish();
    } catch (const MultipartError& error) {
        throw HttpError(error.status(), error.what());
    }
}

auto MultipartReader::pull() -> Task<MultipartEvent> {
    for (;;) {
        const auto event = parse();
        if (event.kind != MultipartEventKind::need_more) co_return event;
        const auto piece = co_await body_->read();
        if (piece.empty()) finish();  // throws: the end was not seen
        input_ = std::string_view(piece.data(), piece.size());
    }
}

auto MultipartReader::next() -> Task<std::optional<MultipartPart>> {
    while (is_in_part_) {
        const auto passed_over = co_await read();
        if (passed_over.empty()) break;
    }
    if (is_at_end_) co_return std::nullopt;
    const auto event = co_await pull();
    is_at_end_ = event.kind == MultipartEventKind::end;
    if (is_at_end_) co_return std::nullopt;
    is_in_part_ = true;
    co_return parser_.take_part();
}

auto MultipartReader::read() -> Task<std::span<const char>> {
    while (is_in_part_) {
        const auto event = co_await pull();
        is_in_part_ = event.kind == MultipartEventKind::data;
        if (is_in_part_ && !event.data.empty()) co_return std::span<const char>(event.data.data(), event.data.size());
    }
    co_return std::span<const char>();
}

auto MultipartReader::text(std::size_t limit) -> Task<std::string> {
    std::string text;
    for (;;) {
        const auto piece = co_await read();
        if (piece.empty()) co_return text;
        if (piece.size() > limit - text.size()) refuse_size("a part of the form", limit);
        text.append(piece.data(), piece.size());
    }
}

FormFile::FormFile(const MultipartPart& part, std::uint64_t size, std::string text, std::shared_ptr<fs::File> spool)
    : name_(part.name),
      file_name_(part.file_name.value_or("")),
      content_type_(part.content_type),
      size_(size),
      text_(std::make_shared<const std::string>(std::move(text))),
      spool_(std::move(spool)) {}

// Coroutines of their own, since the file may go while they run.
namespace {

auto read_of(std::shared_ptr<const std::string> text, std::shared_ptr<fs::File> spool, std::size_t size,
    std::uint64_t offset) -> Task<std::string> {
    if (spool == nullptr) co_return offset < text->size() ? text->substr(static_cast<std::size_t>(offset), size) : "";
    auto bytes = co_await spool->pread(size, offset);
    co_return bytes;
}

auto save_of(FormFile file, std::filesystem::path path) -> Task<void> {
    auto target = co_await fs::open(std::move(path), "x");
    std::uint64_t done = 0;
    while (done < file.size()) {
        const auto piece = co_await file.read(piece_bytes, done);
        co_await target.write(piece);
        done += piece.size();
    }
    co_await target.close();
}

}  // namespace

auto FormFile::read(std::size_t size, std::uint64_t offset) const -> Task<std::string> {
    const auto there = offset < size_ ? size_ - offset : 0;
    return read_of(text_, spool_, static_cast<std::size_t>(std::min<std::uint64_t>(size, there)), offset);
}

auto FormFile::text(std::size_t limit) const -> Task<std::string> {
    if (size_ > limit) {
        throw LimitError("the file " + file_name_ + " of the form is longer than " + std::to_string(limit) + " bytes");
    }
    return read(static_cast<std::size_t>(size_));
}

auto FormFile::save(std::filesystem::path path) const -> Task<void> { return save_of(*this, std::move(path)); }

auto FormData::file(std::string_view name) const noexcept -> const FormFile* {
    const auto found = std::ranges::find(files, name, &FormFile::name);
    return found == files.end() ? nullptr : &*found;
}

auto internal::read_form(MultipartReader reader, FormOptions options, std::filesystem::path directory)
    -> Task<FormData> {
    FormData form;
    auto memory_left = options.memory_bytes;
    auto fields_left = options.fields_bytes;
    for (;;) {
        auto part = co_await reader.next();
        if (!part) break;
        if (part->file_name) {
            auto incoming = co_await take_file(reader, directory, memory_left);
            form.files.emplace_back(*part, incoming.size, std::move(incoming.text), std::move(incoming.spool));
            continue;
        }
        if (part->name.size() > fields_left) refuse_size("all fields of the form", options.fields_bytes);
        fields_left -= part->name.size();
        auto value = co_await reader.text(fields_left);
        fields_left -= value.size();
        form.fields.add(std::move(part->name), std::move(value));
    }
    co_return form;
}

}  // namespace gyre::http
