#include <gyre/backend/forks.hpp>

#include <pthread.h>

namespace gyre::backend {

namespace {

// Only the thread that forked exists in the child, so nobody races with this.
void in_child() noexcept { fork_generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

void watch_forks() noexcept {
    [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, &in_child);
}

}  // namespace gyre::backend
