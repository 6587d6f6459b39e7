#include <gyre/exec/from_thread.hpp>

#include <gyre/core/errors.hpp>

#include <new>
#include <string>

namespace gyre {

namespace internal {

// Never inlined: the address of a thread-local must not be kept across a suspension (llvm.org/PR47179).
[[gnu::noinline]] auto ThreadOrigin::innermost() noexcept -> ThreadOrigin*& {
    static thread_local ThreadOrigin* origin = nullptr;
    return origin;
}

ThreadOrigin::ThreadOrigin(EventLoop& loop, StopToken stop) noexcept
    : loop_(loop), stop_(std::move(stop)), outer_(std::exchange(innermost(), this)) {}

ThreadOrigin::~ThreadOrigin() { innermost() = outer_; }

auto ThreadOrigin::require(const char* operation) -> const ThreadOrigin& {
    const ThreadOrigin* origin = innermost();
    if (origin == nullptr) {
        throw LoopError(std::string(operation) +
                        ": this thread runs no function of to_thread; give it the loop: block_on(loop, work)");
    }
    if (origin->stop_.stop_requested()) throw JobStopped();
    return *origin;
}

void ThreadOrigin::wait(
    const std::shared_ptr<RemoteCall>& call, const std::shared_ptr<Mailbox>& mailbox, Arrival& arrival) const {
    const auto cancel = [&]() noexcept {
        try {
            post_cancel(mailbox, call, "the task that called to_thread was cancelled", {});
        } catch (const std::bad_alloc&) {  // then the work runs to its end
        }
    };
    {
        const std::stop_callback stopping(stop_, cancel);
        arrival.wait();
    }
    if (call->cancelled && stop_.stop_requested()) throw JobStopped();
}

}  // namespace internal

void from_thread::check_cancelled() {
    static_cast<void>(internal::ThreadOrigin::require("from_thread::check_cancelled"));
}

}  // namespace gyre
