#include <gyre/os/atomic_file.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <utility>

namespace gyre::fs {

namespace {

/// Makes the names in a directory durable.
auto sync_directory(std::filesystem::path directory) -> Task<void> {
    auto opening = open(directory.empty() ? "." : directory, "r");
    auto file = co_await std::move(opening);
    co_await file.sync();
    co_await file.close();
}

}  // namespace

auto AtomicFile::create(std::filesystem::path path, OpenOptions options) -> Task<AtomicFile> {
    const std::string final_path = internal::path_text(path);
    const std::string hidden = "." + path.filename().string().substr(0, 200) + "." + internal::random_name() + ".part";
    auto opening = open(path.parent_path() / hidden, "x", options);
    auto file = co_await std::move(opening);
    co_return AtomicFile(internal::loop_files(), std::move(file), final_path);
}

AtomicFile::AtomicFile(backend::Files& files, File file, std::string path) noexcept
    : files_(&files), file_(std::move(file)), path_(std::move(path)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : files_(other.files_),
      file_(std::move(other.file_)),
      path_(std::move(other.path_)),
      pending_(std::exchange(other.pending_, false)) {}

auto AtomicFile::operator=(AtomicFile&& other) noexcept -> AtomicFile& {
    std::swap(files_, other.files_);
    std::swap(file_, other.file_);
    std::swap(path_, other.path_);
    std::swap(pending_, other.pending_);
    return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
    if (std::exchange(pending_, false)) files_->unlink(file_.path());
}

auto AtomicFile::write(std::string_view data) -> Task<void> { return file_.write(data); }

auto AtomicFile::write(std::span<const std::byte> data) -> Task<void> { return file_.write(data); }

auto AtomicFile::commit(bool durable) -> Task<void> {
    if (durable) co_await file_.sync();
    co_await file_.close();
    backend::FileRequest request;
    request.call = backend::FileCall::rename;
    request.path = file_.path().c_str();
    request.target = path_.c_str();
    const std::int64_t result = co_await internal::FileWait("rename", request);
    if (result < 0) internal::throw_file_error(result, "rename", path_);
    pending_ = false;
    if (durable) co_await sync_directory(std::filesystem::path(path_).parent_path());
}

}  // namespace gyre::fs
