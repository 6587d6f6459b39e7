#include <gyre/core/remote_call.hpp>

#include <gyre/core/errors.hpp>

#include <string>

namespace gyre::internal {

void RemoteCall::cancel(const CausePointer& why) noexcept {
    if (asked) return;
    asked = why;
    if (task != nullptr) task->cancel(why);
}

void RemoteCall::refuse() noexcept {
    refused = true;
    end();
    settled();
}

void RemoteCall::leaves(
    const TaskNode* from, std::size_t from_loop, std::size_t to_loop, std::source_location where) noexcept {
    if (from != nullptr) sender_.set(*from, from_loop);
    loop_ = to_loop;
    where_ = where;
}

auto RemoteCall::progress() const noexcept -> SentWork {
    const std::uintptr_t stage = stage_.load(std::memory_order_relaxed);
    return {stage != over ? stage : 0, loop_, where_, stage == over};
}

void RemoteCall::check(const char* operation) const {
    if (refused)
        throw LoopError(std::string(operation) + ": the loop is closed, or has failed; it did not do the work");
    if (cancelled && !asked) {
        throw LoopError(std::string(operation) + ": the loop closed while the work ran on it");
    }
}

}  // namespace gyre::internal
