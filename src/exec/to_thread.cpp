#include <gyre/exec/to_thread.hpp>

#include <gyre/core/loop.hpp>

namespace gyre {

namespace {

constexpr std::size_t thread_limit = 40;

/// One of each loop.
struct LoopThreads {
    explicit LoopThreads(EventLoop&) : pool(thread_limit, {.name = "to_thread"}) {}
    ThreadPool pool;
};

}  // namespace

auto to_thread_pool() -> ThreadPool& { return this_loop().local<LoopThreads>().pool; }

}  // namespace gyre
