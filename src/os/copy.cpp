#include <gyre/os/filesystem.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace gyre::fs {

namespace {

using backend::FileCall;
using backend::FileRequest;
using internal::FileWait;

/// Takes the name of a half-written file away again, unless it was finished.
class Unfinished {
public:
    Unfinished(backend::Files& files, const std::string& path) noexcept : files_(files), path_(path) {}
    Unfinished(const Unfinished&) = delete;
    auto operator=(const Unfinished&) -> Unfinished& = delete;
    ~Unfinished() {
        if (is_ours) files_.unlink(path_);
    }
    bool is_ours = false;

private:
    backend::Files& files_;
    const std::string& path_;
};

}  // namespace

auto copy(std::filesystem::path from, std::filesystem::path to, CopyOptions options) -> Task<std::uint64_t> {
    const std::string target_text = internal::path_text(to);
    auto opening = open(std::move(from), "r");
    auto source = co_await std::move(opening);
    const FileInfo info = co_await source.info();
    if (info.is_directory) internal::throw_file_error(-EISDIR, "copy", source.path());

    const OpenOptions as_source{.permissions = options.keep_permissions ? info.permissions & 0777U : 0666U};
    Unfinished unfinished(internal::loop_files(), target_text);
    std::optional<File> target;
    if (options.replace) {
        const bool was_there = co_await fs::exists(to);
        if (was_there) {
            auto opening_target = open(to, "r+");
            target = co_await std::move(opening_target);
            const FileInfo there = co_await target->info();
            if (there.device == info.device && there.inode == info.inode) {
                internal::throw_file_error(-EINVAL, "copy", source.path() + " to itself");
            }
            if (there.is_regular) co_await target->truncate(0);
        }
    }
    if (!target) {
        auto making = open(to, "x", as_source);
        target = co_await std::move(making);
        unfinished.is_ours = true;
    }

    FileRequest request;
    request.call = FileCall::copy;
    request.descriptor = source.descriptor();
    request.target_descriptor = target->descriptor();
    const std::int64_t result = co_await FileWait("copy", request);
    if (result < 0) internal::throw_file_error(result, "copy", source.path() + " to " + target_text);
    if (options.keep_permissions) co_await fs::set_permissions(to, info.permissions);
    co_await target->close();
    unfinished.is_ours = false;
    co_await source.close();
    co_return static_cast<std::uint64_t>(result);
}

}  // namespace gyre::fs
