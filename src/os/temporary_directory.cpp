#include <gyre/os/temporary_directory.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <gyre/core/blocking.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/os/filesystem.hpp>

#include <cerrno>
#include <memory>
#include <utility>

namespace gyre::fs {

namespace {

void remove_now(backend::Files& files, const std::string& path) noexcept {
    backend::FileRequest request;
    request.call = backend::FileCall::remove_tree;
    request.path = path.c_str();
    static_cast<void>(files.perform(request));
}

/// A removal that nobody waits for but the loop, at its end.
class Removal final : public internal::BlockingJob {
public:
    Removal(backend::Files& files, std::string path) noexcept : files_(files), path_(std::move(path)) {
        must_run = true;
    }
    void run() noexcept override { remove_now(files_, path_); }

private:
    backend::Files& files_;
    std::string path_;
};

}  // namespace

auto TemporaryDirectory::create(std::filesystem::path parent, std::string prefix) -> Task<TemporaryDirectory> {
    auto& files = internal::loop_files();
    parent = internal::or_temporary_directory(std::move(parent));
    for (int attempt = 0;; ++attempt) {
        std::filesystem::path path = parent / (prefix + internal::random_name());
        const std::string text = internal::path_text(path);
        backend::FileRequest request;
        request.call = backend::FileCall::make_directory;
        request.path = text.c_str();
        request.mode = 0700;
        const std::int64_t result = co_await internal::FileWait("create directory", request);
        if (result >= 0) co_return TemporaryDirectory(files, std::move(path));
        if (result != -EEXIST || attempt == 100) internal::throw_file_error(result, "create directory", text);
    }
}

TemporaryDirectory::TemporaryDirectory(backend::Files& files, std::filesystem::path path) noexcept
    : files_(&files), path_(std::move(path)) {}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : files_(other.files_), path_(other.release()) {}

auto TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept -> TemporaryDirectory& {
    std::swap(files_, other.files_);
    std::swap(path_, other.path_);
    return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
    if (path_.empty()) return;
    try {
        if (EventLoop* const loop = internal::current_loop(); loop != nullptr) {
            loop->local<internal::BlockingThreads>().submit(std::make_shared<Removal>(*files_, path_.string()));
            return;
        }
    } catch (...) {  // no thread can be had: it has to be done here
    }
    remove_now(*files_, path_.native());
}

auto TemporaryDirectory::remove() -> Task<void> {
    if (path_.empty()) co_return;
    co_await fs::remove_all(path_);
    path_.clear();
}

auto TemporaryDirectory::release() noexcept -> std::filesystem::path {
    return std::exchange(path_, std::filesystem::path());
}

}  // namespace gyre::fs
