#include <gyre/core/branches.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/race.hpp>

#include <stdexcept>

namespace gyre::internal {

void throw_empty_race() { throw std::invalid_argument("race: the vector is empty, there is nothing that could win"); }

auto Branch::ended() noexcept -> Next { return owner->branch_ended(*this); }

auto Branch::stopped() noexcept -> Next { return owner->branch_stopped(*this); }

void BranchesWait::open(std::size_t count) {
    const Scope& outer = *frame_->scope;
    branches_ = std::make_unique<Branch[]>(count);
    for (std::size_t i = 0; i < count; ++i) {
        branches_[i].owner = this;
        branches_[i].index = i;
    }
    outer.scheduler->admit(count);
    count_ = running_ = count;
    scope_.emplace(outer, static_cast<Wait&>(*this));
    scope_->inherit(outer);
    frame_->wait_on(*this);
}

void BranchesWait::start(std::size_t index, Frame& root) noexcept {
    Branch& branch = branches_[index];
    root.continue_with(branch);
    root.scope = &*scope_;
    branch.root = &root;
    if (scope_->scheduler->start_root(root)) static_cast<void>(branch_ended(branch));
}

void BranchesWait::skip(std::size_t index) noexcept {
    static_cast<void>(index);
    --running_;
    scope_->scheduler->leave();
}

void BranchesWait::fail(std::size_t index) noexcept {
    skip(index);
    if (first_error_ == nullptr) first_error_ = std::current_exception();
    cancel_others("another one failed");
}

auto BranchesWait::all_ended() noexcept -> bool {
    if (running_ > 0) return false;
    frame_->wait_on_nothing();
    return true;
}

void BranchesWait::cancel() noexcept { scope_->receive(frame_->scope->cause); }

void BranchesWait::interrupt() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        if (branches_[i].root != nullptr) Scheduler::interrupt(static_cast<Strand&>(branches_[i]));
    }
}

auto BranchesWait::branch_ended(Branch& branch) noexcept -> Next {
    const std::exception_ptr error = take(branch.index, *std::exchange(branch.root, nullptr));
    --running_;
    scope_->scheduler->leave();
    if (error == nullptr) {
        finished(branch.index);
    } else if (first_error_ == nullptr && !has_winner()) {
        first_error_ = error;
        cancel_others("another one failed");
    } else {
        scope_->scheduler->loop.handle_error({error, ErrorOrigin::sibling, "gather or race"});
    }
    return next();
}

auto BranchesWait::branch_stopped(Branch& branch) noexcept -> Next {
    static_cast<void>(branch);
    ++stopped_;
    --running_;
    scope_->scheduler->leave();
    return next();
}

void BranchesWait::left_behind(bool begun) noexcept {
    running_ += begun ? 1 : static_cast<std::size_t>(-1);
    if (!begun) scope_->scheduler->go_on(next());
}

auto BranchesWait::next() noexcept -> Next {
    if (running_ > 0 || !suspended_) return {};
    return {frame_, first_error_ == nullptr && stopped_ > 0 && !has_winner()};
}

void BranchesWait::throw_error() {
    if (first_error_ != nullptr) std::rethrow_exception(first_error_);
}

void BranchesWait::cancel_others(const char* reason) noexcept {
    if (!scope_->asked) scope_->cancel(cancel_request(*scope_->scheduler, reason, {}, CancelKind::sibling));
}

}  // namespace gyre::internal
