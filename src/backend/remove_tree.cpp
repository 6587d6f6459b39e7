#include "remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace gyre::backend {

namespace {

/// An open directory on the way down, and its name in the one above.
struct Level {
    DIR* stream;
    std::string name;
    bool has_removed = false;  ///< Since the last look from the beginning: some file systems skip names then.
};

class Remover {
public:
    explicit Remover(const std::atomic<bool>* stop) noexcept : stop_(stop) {}
    Remover(const Remover&) = delete;
    auto operator=(const Remover&) -> Remover& = delete;
    ~Remover() {
        for (const Level& level : levels_) ::closedir(level.stream);
    }

    auto run(int directory, const char* path) -> std::int64_t {
        if (const int result = remove(directory, path); result <= 0) return result < 0 ? result : removed_;
        while (!levels_.empty()) {
            if (stop_ != nullptr && stop_->load()) return -ECANCELED;
            if (const int result = step(directory); result < 0) return result;
        }
        return removed_;
    }

private:
    /// Removes a name that is no directory; one that is gets a level of its own. @return 0, 1: a level was added, or -errno.
    auto remove(int parent, const char* name) -> int {
        if (::unlinkat(parent, name, 0) == 0) {
            ++removed_;
            return 0;
        }
        if (errno != EISDIR && errno != EPERM) return -errno;
        const int why = errno;
        const int opened = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (opened < 0) return errno == ENOTDIR || errno == ELOOP ? -why : -errno;
        levels_.reserve(levels_.size() + 1);
        std::string copy = name;
        DIR* const stream = ::fdopendir(opened);
        if (stream == nullptr) {
            const int error = errno;
            ::close(opened);
            return -error;
        }
        levels_.push_back({stream, std::move(copy)});
        return 1;
    }

    /// One name further, in the innermost directory.
    auto step(int root) -> int {
        Level& level = levels_.back();
        errno = 0;
        const dirent* const entry = ::readdir(level.stream);
        if (entry == nullptr && errno != 0) return -errno;
        if (entry == nullptr) return finish(root);
        if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) return 0;
        level.has_removed = true;
        const int result = remove(::dirfd(level.stream), entry->d_name);
        return result == -ENOENT ? 0 : result;  // somebody else was faster
    }

    auto finish(int root) -> int {
        Level& level = levels_.back();
        const int parent = levels_.size() > 1 ? ::dirfd(levels_[levels_.size() - 2].stream) : root;
        const int result = ::unlinkat(parent, level.name.c_str(), AT_REMOVEDIR) == 0 ? 0 : -errno;
        if (result == -ENOTEMPTY && level.has_removed) {
            level.has_removed = false;
            ::rewinddir(level.stream);
            return 0;
        }
        if (result < 0 && result != -ENOENT) return result;
        ++removed_;
        ::closedir(level.stream);
        levels_.pop_back();
        return 0;
    }

    const std::atomic<bool>* stop_;
    std::vector<Level> levels_;
    std::int64_t removed_ = 0;
};

}  // namespace

auto remove_tree(int directory, const char* path, const std::atomic<bool>* stop) noexcept -> std::int64_t {
    try {
        return Remover(stop).run(directory, path);
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
}

}  // namespace gyre::backend
