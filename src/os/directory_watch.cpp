#include <gyre/os/directory_watch.hpp>

#include "core/held.hpp"
#include "os/file_state.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/readiness.hpp>
#include <gyre/os/directory.hpp>

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace gyre::fs {

namespace {

using internal::throw_file_error;

constexpr std::uint32_t wanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM |
                                 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK;

auto change_of(std::uint32_t mask) noexcept -> std::optional<Change> {
    if ((mask & IN_Q_OVERFLOW) != 0) return Change::overflow;
    if ((mask & IN_CREATE) != 0) return Change::created;
    if ((mask & IN_MODIFY) != 0) return Change::modified;
    if ((mask & IN_CLOSE_WRITE) != 0) return Change::written;
    if ((mask & IN_ATTRIB) != 0) return Change::attributes;
    if ((mask & IN_DELETE) != 0) return Change::removed;
    if ((mask & IN_MOVED_FROM) != 0) return Change::moved_away;
    if ((mask & IN_MOVED_TO) != 0) return Change::moved_here;
    if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) return Change::gone;
    return std::nullopt;
}

/// Whether an error says of a directory below the root that there is nothing to watch: it is gone, or may not be read.
auto is_passed_over(int error) noexcept -> bool { return error == ENOENT || error == ENOTDIR || error == EACCES; }

/// Whether `path` is `directory` or in it.
auto is_within(const std::string& path, const std::string& directory) noexcept -> bool {
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

class DirectoryWatch::State {
public:
    State(backend::Files& files, std::string root, WatchOptions options)
        : root_(std::move(root)), files_(files), options_(options), descriptor_(files.open_watch()) {
        if (descriptor_ < 0) throw_file_error(descriptor_, "watch", root_);
        mark_.begin(internal::HeldKind::watch, root_);
    }
    State(const State&) = delete;
    auto operator=(const State&) -> State& = delete;
    ~State() {
        if (descriptor_ >= 0) files_.close(descriptor_);
    }

    /// @throws IoError, unless it is gone already, or may not be read, and only `if_there`.
    void add(const std::string& path, bool if_there) {
        if (paths_.size() >= options_.most_directories && options_.recursive) {
            throw LimitError("watch " + root_ + ": more than the limit of " +
                             std::to_string(options_.most_directories) + " directories");
        }
        const std::uint32_t mask = wanted | (if_there ? IN_ONLYDIR | IN_DONT_FOLLOW : 0U);
        const int watch = files_.add_watch(descriptor_, path, mask);
        if (watch >= 0) {
            paths_[watch] = path;
        } else if (!if_there || !is_passed_over(-watch)) {
            throw_file_error(watch, "watch", path);
        }
    }

    /// The next event that the kernel gave, or nothing. Follows what comes and goes.
    [[nodiscard]] auto take() -> std::optional<WatchEvent> {
        while (begin_ < end_) {
            inotify_event raw{};
            std::memcpy(&raw, &buffer_[begin_], sizeof raw);
            const char* const name = raw.len > 0 ? &buffer_[begin_ + sizeof raw] : "";
            begin_ += sizeof raw + raw.len;
            if (auto event = event_of(raw, name)) return event;
        }
        return std::nullopt;
    }

    /// Asks the kernel. @return whether anything had happened.
    [[nodiscard]] auto read() -> bool {
        const std::int64_t size = files_.read_watch(descriptor_, buffer_.data(), buffer_.size());
        if (size == -EAGAIN) return false;
        if (size < 0) throw_file_error(size, "watch", root_);
        begin_ = 0;
        end_ = static_cast<std::size_t>(size);
        return true;
    }

    [[nodiscard]] auto descriptor() const noexcept -> int { return descriptor_; }
    [[nodiscard]] auto root() const noexcept -> const std::string& { return root_; }
    [[nodiscard]] auto count() const noexcept -> std::size_t { return paths_.size(); }

    /// The next name in the directory that has just come, or nothing.
    [[nodiscard]] auto next_arrived() -> Task<std::optional<WalkEntry>> {
        std::optional<WalkEntry> entry;
        try {
            auto next = arrived->next();
            entry = co_await std::move(next);
        } catch (const IoError& error) {
            arrived.reset();  // it would say the same for ever
            if (!is_passed_over(error.code().value())) throw;
        } catch (...) {
            arrived.reset();
            throw;
        }
        if (!entry) arrived.reset();
        co_return entry;
    }

    std::optional<Walk> arrived;  ///< What is in a directory that has just come is told first.
    bool is_busy = false;

private:
    [[nodiscard]] auto event_of(const inotify_event& raw, const char* name) -> std::optional<WatchEvent> {
        WatchEvent event;
        const auto place = paths_.find(raw.wd);
        const auto change = change_of(raw.mask);
        if ((raw.mask & IN_IGNORED) != 0 && place != paths_.end()) paths_.erase(place);
        if (!change || (place == paths_.end() && *change != Change::overflow)) return std::nullopt;
        event.change = *change;
        event.path = *change == Change::overflow ? root_ : place->second;
        if (*name != 0) event.path /= name;
        event.is_directory = (raw.mask & IN_ISDIR) != 0;
        event.cookie = raw.cookie;
        if (event.change == Change::gone) {
            // Below the root the directory above has told it.
            if (place->second != root_) return std::nullopt;
            return event;
        }
        if (options_.recursive && event.is_directory) follow(event);
        return event;
    }

    void follow(const WatchEvent& event) {
        if (event.change == Change::created || event.change == Change::moved_here) {
            add(event.path.string(), true);
            arrived.emplace(event.path, WalkOptions{.skip_unreadable = true});
        } else if (event.change == Change::moved_away) {
            const std::string path = event.path.string();
            for (const auto& [watch, watched] : paths_) {  // each is forgotten when the kernel confirms it
                if (is_within(watched, path)) files_.remove_watch(descriptor_, watch);
            }
        }
    }

    std::string root_;
    backend::Files& files_;
    WatchOptions options_;
    int descriptor_;
    internal::HeldMark mark_;
    std::unordered_map<int, std::string> paths_;
    alignas(inotify_event) std::array<char, 16'384> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

DirectoryWatch::DirectoryWatch(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
DirectoryWatch::DirectoryWatch(DirectoryWatch&&) noexcept = default;
auto DirectoryWatch::operator=(DirectoryWatch&&) noexcept -> DirectoryWatch& = default;
DirectoryWatch::~DirectoryWatch() = default;

auto DirectoryWatch::open(std::filesystem::path path, WatchOptions options) -> Task<DirectoryWatch> {
    const std::string text = internal::path_text(path);
    auto state = std::make_shared<State>(internal::loop_files(), text, options);
    state->add(text, false);
    if (options.recursive) {
        Walk walk(std::move(path), WalkOptions{.skip_unreadable = true});
        for (;;) {
            const auto entry = co_await walk.next();
            if (!entry) break;
            if (entry->type == FileType::directory) state->add(entry->path.string(), true);
        }
    }
    co_return DirectoryWatch(std::move(state));
}

auto DirectoryWatch::next() -> Task<WatchEvent> { return next_of(state_); }

auto DirectoryWatch::next_of(std::shared_ptr<State> state) -> Task<WatchEvent> {
    if (state == nullptr) internal::throw_moved_from("DirectoryWatch");
    if (state->is_busy) throw InvalidStateError("watch " + state->root() + ": another task waits for its events");
    struct Busy {
        State& state;
        explicit Busy(State& watched) noexcept : state(watched) { state.is_busy = true; }
        ~Busy() { state.is_busy = false; }
    } const busy(*state);

    for (;;) {
        while (state->arrived) {
            const auto entry = co_await state->next_arrived();
            if (!entry) break;
            WatchEvent event;
            event.path = entry->path;
            event.is_directory = entry->type == FileType::directory;
            if (event.is_directory) state->add(entry->path.string(), true);
            co_return event;
        }
        auto event = state->take();
        if (event) co_return std::move(*event);
        if (state->read()) continue;
        const std::int64_t ready = co_await internal::wait_readable(state->descriptor());
        if (ready < 0) throw_file_error(ready, "watch", state->root());
    }
}

auto DirectoryWatch::directory_count() const -> std::size_t {
    if (state_ == nullptr) internal::throw_moved_from("DirectoryWatch");
    return state_->count();
}

}  // namespace gyre::fs
