#include <gyre/backend/forks.hpp>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace gyre::backend {

namespace {

constexpr int free_place = -1;
constexpr int taken_place = -2;  // not told yet what is closed

/// What a child closes. The number alone may be another file's by then.
struct Closed {
    std::atomic<int> descriptor = free_place;
    std::atomic<dev_t> device = 0;
    std::atomic<ino_t> file = 0;
};
constinit std::array<Closed, 64> closed{};

void close_in_child(Closed& one) noexcept {
    const int descriptor = one.descriptor.exchange(free_place);
    struct stat found{};
    if (descriptor < 0 || ::fstat(descriptor, &found) != 0) return;
    if (found.st_dev == one.device && found.st_ino == one.file) ::close(descriptor);
}

// Only the thread that forked exists in the child, so nobody races with this. It may have left others in the middle of anything:
// what is called here has to be async-signal-safe.
void in_child() noexcept {
    fork_generation.fetch_add(1, std::memory_order_relaxed);
    for (Closed& one : closed) close_in_child(one);
}

}  // namespace

void watch_forks() noexcept {
    [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, &in_child);
}

ClosedInChild::ClosedInChild(int descriptor) noexcept {
    watch_forks();
    struct stat found{};
    if (::fstat(descriptor, &found) != 0) return;
    for (std::size_t i = 0; i < closed.size() && place_ < 0; ++i) {
        int nothing = free_place;
        if (closed[i].descriptor.compare_exchange_strong(nothing, taken_place)) place_ = static_cast<int>(i);
    }
    if (place_ < 0) return;
    Closed& mine = closed[static_cast<std::size_t>(place_)];
    mine.device = found.st_dev;
    mine.file = found.st_ino;
    mine.descriptor = descriptor;
}

ClosedInChild::~ClosedInChild() {
    if (place_ >= 0) closed[static_cast<std::size_t>(place_)].descriptor = free_place;
}

}  // namespace gyre::backend
