#pragma once

#include <gyre/core/task.hpp>

#include <filesystem>
#include <string>

namespace gyre::backend {
class Files;
}  // namespace gyre::backend

namespace gyre::fs {

/// A new directory for this user only, which goes with everything in it. Move-only.
///
/// `co_await directory.remove()` is the polite end. A dropped one is removed on a thread of the loop, and the loop waits for
/// that when it closes; dropped where no loop runs, it is removed at once. Errors are lost then.
/// Thread: its loop's. Source: tempfile.TemporaryDirectory of Python.
class TemporaryDirectory {
public:
    /// @param parent where it is made; empty: in $TMPDIR, or /tmp. @param prefix of its name. @throws IoError.
    /// On cancel: nothing is left of it.
    [[nodiscard]] static auto create(std::filesystem::path parent = {}, std::string prefix = "gyre-")
        -> Task<TemporaryDirectory>;
    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    auto operator=(TemporaryDirectory&& other) noexcept -> TemporaryDirectory&;
    ~TemporaryDirectory();

    [[nodiscard]] auto path() const noexcept -> const std::filesystem::path& { return path_; }
    /// Removes it. Idempotent. On cancel: stops between two names; the rest goes when this object does. @throws IoError.
    [[nodiscard]] auto remove() -> Task<void>;
    /// It stays; the caller has it now.
    auto release() noexcept -> std::filesystem::path;

private:
    TemporaryDirectory(backend::Files& files, std::filesystem::path path) noexcept;

    backend::Files* files_;
    std::filesystem::path path_;
};

}  // namespace gyre::fs
