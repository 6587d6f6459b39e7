#pragma once

#include "core/held.hpp"
#include "os/owned_descriptor.hpp"
#include "os/read_ahead.hpp"

#include <gyre/backend/files.hpp>
#include <gyre/core/task.hpp>
#include <gyre/os/file_info.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::internal {

/// What a File is about. Calls under way share it, so that the descriptor and the buffer outlive them.
class FileState {
public:
    FileState(backend::Files& calls, int opened, std::string name, std::size_t ahead_size) noexcept
        : files(calls), descriptor(opened), path(std::move(name)), read_ahead(ahead_size) {}
    FileState(const FileState&) = delete;
    auto operator=(const FileState&) -> FileState& = delete;
    ~FileState() {
        if (descriptor >= 0) files.close(descriptor);
    }

    /// Whose it was has let it go: a call under way may keep it for a while.
    void let_go() noexcept { mark.end(); }
    /// The kernel's position goes back to where the user believes it to be, and what was read ahead is dropped.
    /// @throws IoError.
    void forget_ahead();

    backend::Files& files;
    int descriptor;
    std::string path;
    std::size_t read_ahead;
    ReadAhead ahead;
    std::size_t calls = 0;       ///< Under way, of any kind.
    bool is_positioned = false;  ///< One at the position is.
    HeldMark mark;
};

/// A call under way, as long as it lives.
class FileTurn {
public:
    enum class Kind : bool { free, positioned };

    /// @throws InvalidStateError if the file is closed or moved from, or another call is at its position.
    FileTurn(const std::shared_ptr<FileState>& file, std::string_view operation, Kind kind);
    FileTurn(const FileTurn&) = delete;
    auto operator=(const FileTurn&) -> FileTurn& = delete;
    ~FileTurn();

private:
    FileState* file_;
    Kind kind_;
};

/// @throws IoError of a negative errno.
[[noreturn]] void throw_file_error(std::int64_t result, std::string_view operation, std::string_view path);

/// A path for the kernel. @throws std::invalid_argument if there is a zero byte in it, where the kernel would cut it off.
[[nodiscard]] auto path_text(const std::filesystem::path& path) -> std::string;

/// A name that nobody else has chosen: 12 hexadecimal digits.
[[nodiscard]] auto random_name() -> std::string;

/// Where temporary files go if nobody says: $TMPDIR, or /tmp. Source: tempfile.gettempdir of Python.
[[nodiscard]] auto or_temporary_directory(std::filesystem::path directory) -> std::filesystem::path;

/// The files of this thread's loop.
[[nodiscard]] auto loop_files() -> backend::Files&;

/// What was opened, and is nobody's yet.
struct OpenedBeneath {
    OpenedBeneath() = default;

    OwnedDescriptor descriptor;
    std::string path;
    fs::FileInfo info;  ///< When it was opened.
};

/// Opens what an outsider names. @param flags O_NOFOLLOW: no symbolic links; O_DIRECTORY: a directory. @throws IoError.
[[nodiscard]] auto open_beneath(std::filesystem::path root, std::string relative, int flags) -> Task<OpenedBeneath>;

[[nodiscard]] auto file_type(std::uint32_t mode) noexcept -> fs::FileType;
[[nodiscard]] auto info_of(const struct statx& status) noexcept -> fs::FileInfo;

/// Closes a descriptor that a call has just given, unless it is released first.
class FreshDescriptor {
public:
    FreshDescriptor(backend::Files& files, int descriptor) noexcept : files_(files), descriptor_(descriptor) {}
    FreshDescriptor(const FreshDescriptor&) = delete;
    auto operator=(const FreshDescriptor&) -> FreshDescriptor& = delete;
    ~FreshDescriptor() {
        if (descriptor_ >= 0) files_.close(descriptor_);
    }
    [[nodiscard]] auto get() const noexcept -> int { return descriptor_; }
    [[nodiscard]] auto release() noexcept -> int { return std::exchange(descriptor_, -1); }

private:
    backend::Files& files_;
    int descriptor_;
};

}  // namespace gyre::internal
