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
    settled();
}

void RemoteCall::check(const char* operation) const {
    if (refused)
        throw LoopError(std::string(operation) + ": the loop is closed, or has failed; it did not do the work");
    if (cancelled && !asked) {
        throw LoopError(std::string(operation) + ": the loop closed while the work ran on it");
    }
}

}  // namespace gyre::internal
