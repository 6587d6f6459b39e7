#pragma once

#include <gyre/core/loop.hpp>

namespace gyre {

namespace internal {

constexpr int resumes_per_turn = 256;  // then I/O and timers get their chance

}  // namespace internal

/// The loop runs on this thread as long as this lives. @throws LoopError if one does already.
class EventLoop::Running {
public:
    explicit Running(EventLoop& loop);
    Running(const Running&) = delete;
    auto operator=(const Running&) -> Running& = delete;
    ~Running();

private:
    EventLoop& loop_;
    EventLoop* before_ = nullptr;  ///< In a child that was forked from inside a loop: the parent's. Else null.
};

}  // namespace gyre
