#pragma once

#include <gyre/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace gyre::fs {

/// What happened to a name.
enum class Change : std::uint8_t {
    created,
    modified,    ///< The content, or the length.
    written,     ///< Somebody who could write has closed it: a good time to read it.
    attributes,  ///< Permissions, owner, times, number of names.
    removed,
    moved_away,  ///< Renamed from here; where to, says a `moved_here` with the same `cookie`, if that is watched too.
    moved_here,
    gone,      ///< The watched directory itself was removed, moved or unmounted: nothing more comes from it.
    overflow,  ///< Events were lost, since nobody read them in time: look at the directory anew.
};

/// One event. The path begins as the one that was given to `open`; for `overflow` it is that one.
struct WatchEvent {
    Change change = Change::created;
    std::filesystem::path path;
    bool is_directory = false;
    std::uint32_t cookie = 0;  ///< The same for both halves of a rename; else 0.
};

struct WatchOptions {
    bool recursive = false;                 ///< Also all directories below, and those that come later.
    std::size_t most_directories = 10'000;  ///< With `recursive`; more are LimitError. The kernel has a limit of its own.
};

/// Tells what happens in a directory, or to one file. Move-only; destroying it ends it.
///
/// Events come in order, and wait in the kernel (some 16,000 of them) until they are asked for. With `recursive`, what is in a
/// new directory already when it is noticed is told as `created`; it may be told twice. A directory below that may not be read
/// is told and not followed.
/// On the kernel backends only: a simulated loop knows nothing of real directories.
/// For one task at a time. Thread: its loop's. Source: inotify(7).
class DirectoryWatch {
public:
    /// Watches from here on. @throws IoError naming the path; LimitError.
    [[nodiscard]] static auto open(std::filesystem::path path, WatchOptions options = {}) -> Task<DirectoryWatch>;
    DirectoryWatch(DirectoryWatch&&) noexcept;
    auto operator=(DirectoryWatch&&) noexcept -> DirectoryWatch&;
    ~DirectoryWatch();

    /// Waits for the next event. @throws IoError; LimitError if too many directories have come; InvalidStateError if it was
    /// moved from.
    /// On cancel: no event is lost.
    [[nodiscard]] auto next() -> Task<WatchEvent>;
    /// How many directories are watched now.
    [[nodiscard]] auto directory_count() const -> std::size_t;

private:
    class State;
    explicit DirectoryWatch(std::shared_ptr<State> state) noexcept;
    [[nodiscard]] static auto next_of(std::shared_ptr<State> state) -> Task<WatchEvent>;

    std::shared_ptr<State> state_;
};

}  // namespace gyre::fs
