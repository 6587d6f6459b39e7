#include <gyre/core/readiness.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/loop.hpp>

#include <poll.h>

#include <cerrno>

namespace gyre::internal {

ReadableWait::ReadableWait(int watched) noexcept {
    kind = backend::OperationKind::poll;
    descriptor = watched;
    events = POLLIN;
}

ReadableWait::ReadableWait(ReadableWait&& other) noexcept : Wait(static_cast<Wait&&>(other)) {
    kind = other.kind;
    descriptor = other.descriptor;
    events = other.events;
}

void ReadableWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    if (scheduler().loop.backend().start(*this)) scheduler().wake(*frame_);
}

void ReadableWait::cancel() noexcept { scheduler().loop.backend().cancel(*this); }

void ReadableWait::completed() noexcept {
    if (result == -ECANCELED) return scheduler().stop(*frame_);
    scheduler().wake(*frame_);
}

}  // namespace gyre::internal
