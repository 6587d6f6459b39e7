#include "os/readiness_wait.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/loop.hpp>

#include <poll.h>

#include <cerrno>

namespace gyre::internal {

namespace {

constexpr int most_in_a_row = 64;

}  // namespace

void ReadinessSource::withdraw() noexcept {
    while (ReadinessWait* wait = waiting.pop_front()) wait->withdraw();
}

auto ReadinessWait::await_ready() noexcept -> bool {
    if (interrupted()) return false;
    answer_ = attempt();
    has_answer_ = answer_ != -EAGAIN;
    return has_answer_ && ++source_.ended_in_a_row < most_in_a_row;
}

void ReadinessWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    source_.ended_in_a_row = 0;
    if (has_answer_ || poll()) return scheduler().wake(*frame_);
    source_.waiting.push_back(*this);
    mark_.begin(scheduler(), *frame_, IoKind::other, descriptor);
}

auto ReadinessWait::poll() noexcept -> bool {
    descriptor = source_.descriptor;
    while (scheduler().loop.backend().start(*this)) {
        answer_ = result < 0 ? result : attempt();
        if (answer_ != -EAGAIN) return true;
    }
    return false;
}

void ReadinessWait::cancel() noexcept {
    is_cancelled_ = true;
    scheduler().loop.backend().cancel(*this);
}

void ReadinessWait::withdraw() noexcept {
    is_withdrawn_ = true;
    scheduler().loop.backend().cancel(*this);
}

void ReadinessWait::completed() noexcept {
    if (is_withdrawn_) {  // the descriptor may be another one's by now
        answer_ = -EBADF;
    } else {
        answer_ = result < 0 ? result : attempt();
        if (answer_ == -EAGAIN && !is_cancelled_ && !poll()) return;
    }
    unlink();
    mark_.end(scheduler(), *frame_, answer_);
    if (is_cancelled_ && (answer_ == -EAGAIN || answer_ == -ECANCELED || answer_ == -EBADF)) {
        return scheduler().stop(*frame_);
    }
    scheduler().wake(*frame_);
}

auto ReadinessWait::record() const noexcept -> WaitRecord {
    WaitRecord record{.kind = source_.kind, .object = &source_, .name = source_.name, .descriptor = source_.descriptor};
    if (record.kind == WaitKind::pipe) record.action = events == POLLOUT ? "write" : "read";
    return record;
}

}  // namespace gyre::internal
