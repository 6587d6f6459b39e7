#include "upload.hpp"

#include <gyre/os/file.hpp>

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace gyre::http::internal {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

auto open_to_send(const std::filesystem::path& path) -> Task<fs::File> {
    fs::OpenOptions options;
    options.read_ahead = 0;  // the pieces are large enough
    return fs::open(path, "r", options);
}

/// Size of a file, if it is one that has a size.
auto size_of(fs::File& file) -> Task<std::optional<std::uint64_t>> {
    const auto info = co_await file.info();
    if (info.is_directory) throw IoError(std::make_error_code(std::errc::is_a_directory), "read", file.path());
    co_return info.is_regular ? std::optional(info.size) : std::nullopt;
}

/// Sends a file, and no more than was announced: it may be growing. One that got shorter is an error of the writer.
auto send_file(fs::File& file, std::optional<std::uint64_t> size, BodyWriter& writer) -> Task<void> {
    std::vector<std::byte> buffer(piece_bytes);
    std::uint64_t left = size.value_or(std::numeric_limits<std::uint64_t>::max());
    while (left > 0) {
        const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
        const auto count = co_await file.read_some(std::span(buffer).first(room));
        if (count == 0) break;
        left -= count;
        const std::string_view piece(reinterpret_cast<const char*>(buffer.data()), count);
        co_await writer.write(piece);
    }
}

/// Can be made once: what it reads from may be used up.
class OneShotUpload : public Upload {
public:
    explicit OneShotUpload(std::optional<std::uint64_t> length) : length_(length) {}

    auto measure() -> Task<std::optional<std::uint64_t>> override { co_return length_; }
    auto produce(BodyWriter& writer) -> Task<void> override {
        has_begun_ = true;
        return make(writer);
    }
    auto can_begin() const noexcept -> bool override { return !has_begun_; }

private:
    [[nodiscard]] virtual auto make(BodyWriter& writer) -> Task<void> = 0;

    std::optional<std::uint64_t> length_;
    bool has_begun_ = false;
};

class ProducedUpload final : public OneShotUpload {
public:
    ProducedUpload(BodyProducer producer, std::optional<std::uint64_t> length)
        : OneShotUpload(length), producer_(std::move(producer)) {}

private:
    auto make(BodyWriter& writer) -> Task<void> override { return producer_(writer); }

    BodyProducer producer_;
};

class GeneratedUpload final : public OneShotUpload {
public:
    GeneratedUpload(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length)
        : OneShotUpload(length), pieces_(std::move(pieces)) {}

private:
    auto make(BodyWriter& writer) -> Task<void> override {
        while (true) {
            const auto piece = co_await pieces_.next();
            if (!piece) break;
            co_await writer.write(*piece);
        }
    }

    AsyncGenerator<std::string> pieces_;
};

class FileUpload final : public Upload {
public:
    explicit FileUpload(std::filesystem::path path) : path_(std::move(path)) {}

    auto measure() -> Task<std::optional<std::uint64_t>> override {
        file_ = co_await open_to_send(path_);
        size_ = co_await size_of(*file_);
        co_return size_;
    }

    auto produce(BodyWriter& writer) -> Task<void> override {
        auto file = std::move(*file_);
        co_await send_file(file, size_, writer);
    }

private:
    std::filesystem::path path_;
    std::optional<fs::File> file_;
    std::optional<std::uint64_t> size_;
};

class FormUpload final : public Upload {
public:
    explicit FormUpload(MultipartBody form) : form_(std::move(form)) {}

    auto measure() -> Task<std::optional<std::uint64_t>> override {
        for (std::size_t i = 0; i < form_.size(); ++i) {
            if (form_.parts()[i].path.empty()) continue;
            auto file = co_await open_to_send(form_.parts()[i].path);
            const auto size = co_await size_of(file);
            if (size) form_.set_size(i, *size);
        }
        co_return form_.content_length();
    }

    auto produce(BodyWriter& writer) -> Task<void> override {
        for (std::size_t i = 0; i < form_.size(); ++i) {
            const auto& part = form_.parts()[i];
            const std::string framing = form_.framing(i);
            co_await writer.write(framing);
            if (part.path.empty()) {
                co_await writer.write(part.text);
                continue;
            }
            auto file = co_await open_to_send(part.path);
            co_await send_file(file, part.size, writer);
        }
        const std::string closing = form_.closing();
        co_await writer.write(closing);
    }

private:
    MultipartBody form_;
};

}  // namespace

auto upload_of(BodyProducer producer, std::optional<std::uint64_t> length) -> std::shared_ptr<Upload> {
    return std::make_shared<ProducedUpload>(std::move(producer), length);
}

auto upload_of(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length) -> std::shared_ptr<Upload> {
    return std::make_shared<GeneratedUpload>(std::move(pieces), length);
}

auto upload_of(std::filesystem::path path) -> std::shared_ptr<Upload> {
    return std::make_shared<FileUpload>(std::move(path));
}

auto upload_of(MultipartBody form) -> std::shared_ptr<Upload> { return std::make_shared<FormUpload>(std::move(form)); }

}  // namespace gyre::http::internal
