#include <gyre/core/scope.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

namespace gyre {

void CancelScope::check_thread(const char* operation) const {
    if (wait_ != nullptr) wait_->scope().scheduler->loop.check_thread(operation, "this scope");
}

void CancelScope::cancel(std::string reason, std::source_location where) {
    check_thread("CancelScope::cancel");
    if (phase_ == Phase::over || cancel_called()) return;
    if (wait_ != nullptr) {
        internal::Scope& scope = wait_->scope();
        return scope.cancel(internal::cancel_request(*scope.scheduler, reason, where));
    }
    if (EventLoop* loop = internal::current_loop()) {
        cause_ = internal::cancel_request(loop->scheduler(), reason, where);
    } else {
        cause_ = internal::make_cause(CancelKind::request, std::move(reason), where);
    }
}

auto CancelScope::cancel_called() const noexcept -> bool {
    if (wait_ != nullptr) return wait_->scope().asked;
    return called_ || cause_;
}

auto CancelScope::deadline() const noexcept -> Time { return wait_ != nullptr ? wait_->deadline() : deadline_; }

auto CancelScope::shielded() const noexcept -> bool { return wait_ != nullptr ? wait_->shielded() : shielded_; }

void CancelScope::set_deadline(Time deadline, std::source_location where) {
    check_thread("CancelScope::set_deadline");
    if (phase_ == Phase::over) throw InvalidStateError("CancelScope::set_deadline: the scope has run before");
    if (wait_ != nullptr) return wait_->set_deadline(deadline, where);
    deadline_ = deadline;
    timeout_ = Duration::max();
    where_ = where;
}

void CancelScope::set_timeout(AnyDuration timeout, std::source_location where) {
    if (wait_ != nullptr) return set_deadline(wait_->scope().scheduler->loop.now() + timeout, where);
    set_deadline(Time::max(), where);
    timeout_ = timeout;
}

void CancelScope::set_shield(bool on) {
    check_thread("CancelScope::set_shield");
    if (wait_ != nullptr) return wait_->set_shield(on);
    if (phase_ == Phase::unused) shielded_ = on;
}

}  // namespace gyre
