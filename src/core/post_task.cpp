#include <gyre/core/post_task.hpp>

#include <gyre/core/errors.hpp>

#include <chrono>

namespace gyre::internal {

void Arrival::arrive() noexcept {
    // Told under the lock: whoever waits may drop this as soon as it can see that it has arrived.
    const std::lock_guard lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
}

void Arrival::wait() {
    std::unique_lock lock(mutex_);
    if (arrived_) return;
    if (current_loop() != nullptr) {
        throw LoopError(
            "PostedTask::get: a gyre loop runs on this thread, and would stand still: co_await on(loop, work)");
    }
    changed_.wait(lock, [this] { return arrived_; });
}

auto Arrival::wait_for(Duration timeout) -> bool {
    // Longer than a century is for ever, and overflows no clock.
    constexpr Duration longest = std::chrono::hours(24 * 365 * 100);
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout < longest ? timeout : longest, [this] { return arrived_; });
}

auto Arrival::has_arrived() noexcept -> bool {
    const std::lock_guard lock(mutex_);
    return arrived_;
}

void report_lost_error(const std::shared_ptr<Mailbox>& mailbox, std::exception_ptr error) noexcept {
    try {
        static_cast<void>(mailbox->post(make_callback([error = std::move(error)] {
            this_loop().handle_error({error, ErrorOrigin::task, "that another thread posted"});
        })));
    } catch (...) {  // no memory for the message
    }
}

void post_cancel(const std::shared_ptr<Mailbox>& mailbox, std::shared_ptr<RemoteCall> call, std::string reason,
    std::source_location where) {
    auto cause = make_cause(CancelKind::request, std::move(reason), where);
    static_cast<void>(
        mailbox->post(make_callback([call = std::move(call), cause = std::move(cause)] { call->cancel(cause); })));
}

void throw_taken() { throw InvalidStateError("PostedTask: its result was taken before"); }

}  // namespace gyre::internal
