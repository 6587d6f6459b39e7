#include "os/process_record.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace gyre::internal {

ProcessRecord::ProcessRecord(const backend::SpawnResult& started, bool leads_group, std::string name)
    : name_(std::move(name)), pid_(started.pid), leads_group_(leads_group) {
    kind = backend::OperationKind::poll;
    descriptor = started.descriptor;
    events = POLLIN;
}

ProcessRecord::~ProcessRecord() {
    if (descriptor < 0) return;
    // Nobody watches it: its spawn failed half-way, or its loop is gone.
    static_cast<void>(signal_group(SIGKILL));
    backend::abandon_process(descriptor);
}

void ProcessRecord::watch(EventLoop& loop, const std::shared_ptr<ProcessRecord>& self) {
    auto& keeper = loop.local<ProcessKeeper>();
    loop_ = &loop;
    while (loop.backend().start(*this)) {
        if (result < 0) {
            throw IoError(std::error_code(static_cast<int>(-result), std::generic_category()), "watch", name_);
        }
        if (reap()) return finish();
    }
    keeper.running.push_back(*this);
    mark_.begin(HeldKind::process, name_);
    self_ = self;
}

auto ProcessRecord::reap() noexcept -> bool {
    // While its leader is a zombie, the number of the group is still its own.
    if (ends_group_) static_cast<void>(signal_group(SIGKILL));
    const int reaped = backend::reap_process(descriptor, end_);
    if (reaped == -EAGAIN) return false;
    if (reaped < 0) end_.is_known = false;
    return true;
}

void ProcessRecord::finish() noexcept {
    ended_ = true;
    loop_ = nullptr;
    unlink();
    mark_.end();
    backend::close_process(std::exchange(descriptor, -1));
    while (ProcessWait* wait = waiting.pop_front()) wait->wake();
}

void ProcessRecord::completed() noexcept {
    const std::shared_ptr<ProcessRecord> keep = std::move(self_);
    if (ended_) return;  // the loop closes
    do {
        if (result < 0) end_.is_known = false;  // it cannot be watched any more: abandoned, and its waiters are told
        if (result < 0 || reap()) {
            if (result < 0) backend::abandon_process(std::exchange(descriptor, -1));
            return finish();
        }
    } while (loop_->backend().start(*this));
    self_ = keep;
}

auto ProcessRecord::close(EventLoop& loop, int milliseconds) noexcept -> bool {
    unlink();
    mark_.tell_leak(loop);
    static_cast<void>(signal_group(SIGKILL));
    const bool reaped = backend::reap_process_soon(descriptor, end_, milliseconds) != -EAGAIN;
    loop.backend().cancel(*this);
    if (reaped) {
        backend::close_process(descriptor);
    } else {
        end_.is_known = false;
        backend::abandon_process(descriptor);
    }
    descriptor = -1;
    ended_ = true;
    return reaped;
}

auto ProcessRecord::signal(int signal) noexcept -> int {
    return descriptor < 0 ? -ESRCH : backend::signal_process(descriptor, signal);
}

auto ProcessRecord::signal_group(int signal) noexcept -> int {
    if (!leads_group_) return this->signal(signal);
    return descriptor < 0 ? -ESRCH : backend::signal_process_group(descriptor, pid_, signal);
}

ProcessKeeper::~ProcessKeeper() {
    // A process that was killed ends at once; one that the kernel holds back, or that may not be killed, must not hold back
    // the end of the loop.
    int patience = 1000;
    while (ProcessRecord* process = running.front()) {
        if (!process->close(loop_, patience)) patience = 0;
    }
}

void ProcessWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    process_.waiting.push_back(*this);
}

void ProcessWait::wake() noexcept { scheduler().wake(*frame_); }

void ProcessWait::cancel() noexcept {
    unlink();
    scheduler().stop(*frame_);
}

}  // namespace gyre::internal
