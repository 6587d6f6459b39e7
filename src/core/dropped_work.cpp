#include <gyre/core/dropped_work.hpp>

namespace gyre::internal {

void DroppedWork::begin_cleaning(Scheduler& scheduler) noexcept {
    scope_ = scheduler.here();
    scheduler.dropped.push_back(*this);
    if (scope_ != nullptr) scope_->left_behind();
}

void DroppedWork::end_cleaning(Scheduler& scheduler) noexcept {
    unlink();
    if (scope_ == nullptr) return;
    // A scope has no room for a count: there are millions of them, and little is dropped half-read at a time.
    bool last = true;
    for (DroppedWork* other = scheduler.dropped.front(); other != nullptr && last;) {
        last = other->scope_ != scope_;
        other = scheduler.dropped.after(*other);
    }
    scope_->left_behind_ended(last);
}

}  // namespace gyre::internal
