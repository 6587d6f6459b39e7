#pragma once

#include <gyre/os/file.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace gyre::backend {
class Files;
}  // namespace gyre::backend

namespace gyre::fs {

/// A file that appears under its name only when it is complete: written beside it under another name, then renamed.
///
/// Dropped before `commit`, nothing is left of it. Move-only. Thread: its loop's.
class AtomicFile {
public:
    /// Begins a file that will be called `path`. @throws IoError naming the path. On cancel: nothing is left of it.
    [[nodiscard]] static auto create(std::filesystem::path path, OpenOptions options = {}) -> Task<AtomicFile>;
    AtomicFile(AtomicFile&&) noexcept;
    auto operator=(AtomicFile&&) noexcept -> AtomicFile&;
    /// Removes what was written, unless it was committed.
    ~AtomicFile();

    /// As `File::write`.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;
    /// Closes it and gives it its name, replacing what had it.
    /// @param durable the content is on the disk before the name is, and the name when this returns: after a crash there is
    /// the old file or the new one. Without it the kernel may write the name first.
    /// @throws IoError; nothing is left of it then, or, if only the name could not be made durable, the new file.
    /// On cancel: the name stands for the old file or for the new one; when this object goes nothing else is left.
    [[nodiscard]] auto commit(bool durable = false) -> Task<void>;
    /// The path that it will have.
    [[nodiscard]] auto path() const noexcept -> const std::string& { return path_; }

private:
    AtomicFile(backend::Files& files, File file, std::string path) noexcept;
    void discard() noexcept;

    backend::Files* files_;
    File file_;
    std::string path_;
    bool pending_ = true;
};

}  // namespace gyre::fs
