#include "net/name_files.hpp"

#include <sys/stat.h>

#include <utility>

namespace gyre::internal {

auto FileWatch::has_changed() noexcept -> bool {
    Mark mark;
    struct ::stat found{};
    if (::stat(path_.c_str(), &found) == 0) {  // seam: names of the real world; a simulation has its own
        mark = {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
    }
    const bool is_same = was_looked_at_ && mark == mark_;
    was_looked_at_ = true;
    mark_ = mark;
    return !is_same;
}

}  // namespace gyre::internal
