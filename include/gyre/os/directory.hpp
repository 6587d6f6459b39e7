#pragma once

#include <gyre/core/task.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/file_info.hpp>

#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gyre::fs {

/// A name in a directory.
struct DirectoryEntry {
    std::string name;
    FileType type = FileType::unknown;  ///< Of a symbolic link: symlink.
};

/// An open directory, read piece by piece, so that one of a million names costs no memory. Move-only; destroying it closes it.
///
/// The order is the file system's. A name that comes or goes meanwhile may be given or not. "." and ".." are left out.
/// For one task at a time. On cancel: nothing is skipped. Thread: its loop's. Source: os.scandir of Python.
class Directory {
public:
    /// @throws IoError naming the path.
    [[nodiscard]] static auto open(std::filesystem::path path) -> Task<Directory>;
    /// Opens a directory whose path comes from an outsider, as `fs::open_beneath` does; "." is `root` itself.
    [[nodiscard]] static auto open_beneath(
        std::filesystem::path root, std::string relative, BeneathOptions options = {}) -> Task<Directory>;
    Directory(Directory&&) noexcept;
    auto operator=(Directory&&) noexcept -> Directory&;
    ~Directory();

    /// The next name; empty optional at the end.
    [[nodiscard]] auto next() -> Task<std::optional<DirectoryEntry>>;
    [[nodiscard]] auto path() const noexcept -> const std::filesystem::path&;

private:
    class State;
    [[nodiscard]] static auto next_of(std::shared_ptr<State> state) -> Task<std::optional<DirectoryEntry>>;
    explicit Directory(std::shared_ptr<State> state) noexcept;

    std::shared_ptr<State> state_;
};

/// All names of a directory. @throws IoError; LimitError if there are more than `limit`.
[[nodiscard]] auto list(std::filesystem::path path, std::size_t limit = 1'000'000) -> Task<std::vector<DirectoryEntry>>;

struct WalkOptions {
    std::size_t most_depth = std::numeric_limits<std::size_t>::max();  ///< 0: only the names in the root itself.
    bool skip_unreadable = false;  ///< True: a directory that may not be read is given, and not entered.
};

/// What a walk comes by.
struct WalkEntry {
    std::filesystem::path path;  ///< The root's path and all below it.
    FileType type = FileType::unknown;
    std::size_t depth = 0;  ///< 0: in the root itself.
};

/// Goes through a directory and all below it. A directory comes before what is in it. Symbolic links are given and never
/// followed; a directory that goes meanwhile is passed over. Keeps one directory open for each level.
/// For one task at a time. On cancel: nothing is skipped. Source: os.walk of Python.
class Walk {
public:
    explicit Walk(std::filesystem::path root, WalkOptions options = {});
    Walk(Walk&&) noexcept;
    auto operator=(Walk&&) noexcept -> Walk&;
    ~Walk();

    /// The next one; empty optional at the end. @throws IoError, for the root too.
    [[nodiscard]] auto next() -> Task<std::optional<WalkEntry>>;
    /// The directory that came last is not entered.
    void skip() noexcept { enter_.reset(); }

private:
    [[nodiscard]] auto enter() -> Task<void>;

    std::vector<Directory> levels_;
    std::optional<std::filesystem::path> enter_;  ///< What the next call opens first.
    WalkOptions options_;
    bool is_begun_ = false;
};

/// All paths below `root` that match a pattern, sorted. Between two "/", "*", "?" and "[...]" are as in a shell, and do not
/// match a "." in front; "**" stands for any number of directories. Symbolic links are not followed.
/// @throws IoError; LimitError if there are more than `limit`. Source: glob of Python, fnmatch(3).
[[nodiscard]] auto glob(std::filesystem::path root, std::string pattern, std::size_t limit = 1'000'000)
    -> Task<std::vector<std::filesystem::path>>;

}  // namespace gyre::fs
