// How a loop ends: its tasks are told and waited for, alone or together with other loops; then what it holds goes.

#include "core/loop_turns.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/cancel_request.hpp>
#include <gyre/core/descriptor_watch.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/remote_call.hpp>
#include <gyre/core/wind_down.hpp>

#include <memory>
#include <new>
#include <utility>

namespace gyre {

namespace {

auto shutdown_cause(Time when) -> internal::CausePointer {
    return internal::make_cause(CancelKind::shutdown, "the loop shuts down", {}, when);
}

}  // namespace

/// @param together other loops are at work: what their tasks wait for here is theirs to cancel. @return whether tasks are left.
auto EventLoop::cancel_tasks(const internal::CausePointer& why, bool together) noexcept -> bool {
    for (auto* task = background_.tasks.front(); task != nullptr; task = background_.tasks.after(*task)) {
        task->cancel(why);
    }
    for (auto* task = guests_.tasks.front(); task != nullptr; task = guests_.tasks.after(*task)) {
        if (!together || !static_cast<internal::RemoteTaskBase*>(task)->call().awaited) task->cancel(why);
    }
    return background_.tasks.front() != nullptr || guests_.tasks.front() != nullptr || !scheduler_.dropped.empty();
}

/// Runs tasks that were told to end. To tell them takes a walk over all of them, so the next walk comes after as many slices.
void EventLoop::run_told() {
    for (std::size_t turns = 1 + background_.task_count / internal::resumes_per_turn; turns > 0; --turns) {
        take_posts();
        run_ready();
        if (scheduler_.ready.empty()) return;
        wait_for_events();  // does not wait: something is ready
        fire_timers();
    }
}

void EventLoop::cancel_everything() {
    const auto cause = shutdown_cause(scheduler_.stamp);
    stopping_ = false;  // a loop that was stopped has to wait all the same
    while (cancel_tasks(cause, false)) {
        run_told();
        if (!cancel_tasks(cause, false)) return;  // those that were spawned meanwhile: before the loop sleeps
        wait_for_events();
        fire_timers();
    }
}

void EventLoop::look_for_left_tasks() noexcept {
    if (leaks_ != nullptr && !std::exchange(looked_for_left_tasks_, true)) leaks_->winds_down(*this);
}

void EventLoop::wind_down(internal::WindDown& together, bool& counted) {
    const Running running(*this);
    look_for_left_tasks();
    const auto cause = shutdown_cause(scheduler_.stamp);
    for (;;) {
        stopping_ = false;
        static_cast<void>(cancel_tasks(cause, true));
        run_told();
        const bool busy = cancel_tasks(cause, true);
        together.update(counted, busy);
        if (!busy && together.is_over()) return;
        wait_for_events();
        fire_timers();
    }
}

void EventLoop::cancel_main(const internal::CausePointer& why) noexcept {
    if (main_ != nullptr) main_->cancel(why);
}

void EventLoop::drop_callbacks() noexcept {
    while (internal::Timer* timer = scheduler_.timers.pop(Time::max())) timer->fire();
    while (!scheduler_.ready.empty()) {
        const auto entry = scheduler_.ready.pop();
        if (entry.is_frame()) continue;
        entry.callback().cancelled = true;
        entry.callback().drop();
        entry.callback().release();
    }
}

void EventLoop::close() {
    if (closed_) return;
    if (is_of_parent()) return leave_to_parent();
    check_thread("close");
    if (internal::current_loop() != nullptr) throw LoopError("close: a gyre loop runs on this thread");
    {
        const Running running(*this);
        look_for_left_tasks();
        cancel_everything();
        mailbox_->close();  // before threads are joined, which may wait for the answer to a post
        while (!locals_.empty()) locals_.pop_back();
        watches_->close();
        while (backend_->in_flight() > 0) {
            backend_->wait(Time::max());
        }
        if (leaks_ != nullptr) leaks_->closes(*this);
        closed_ = true;
        drop_callbacks();
    }
    backend_.reset();
}

/// In a forked child. Nothing that would end here may: a socket that is closed would leave the parent's epoll set, a thread
/// that is joined is not there, an answer would wake somebody who has it already.
void EventLoop::leave_to_parent() noexcept {
    closed_ = true;
    running_ = false;
    for (auto& [type, object] : locals_) static_cast<void>(new (std::nothrow) std::shared_ptr<void>(object));
    [[maybe_unused]] const auto* watches = watches_.release();
    [[maybe_unused]] const auto* kernel = backend_.release();
}

void EventLoop::abandon() noexcept {
    if (closed_) return;
    closed_ = true;
    mailbox_->close();
    for (auto* task = guests_.tasks.front(); task != nullptr; task = guests_.tasks.after(*task)) {
        static_cast<internal::RemoteTaskBase*>(task)->call().refuse();
    }
    drop_callbacks();
}

}  // namespace gyre
