#include <gyre/sync/capacity_limiter.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/task_node.hpp>

#include <cassert>

namespace gyre {

namespace internal {

LimiterState::~LimiterState() { assert(borrowed_ == 0 && "a gyre::CapacityLimiter is destroyed before its tokens"); }

auto LimiterState::borrowers() const -> std::vector<CapacityBorrower> {
    std::vector<CapacityBorrower> list;
    list.reserve(borrowed_);
    for (const auto& [borrower, entry] : entries_) {
        if (entry.has_token) list.push_back({borrower, entry.task});
    }
    return list;
}

auto LimiterState::holder_at(std::size_t index) const noexcept -> const TaskNode* {
    for (const auto& [borrower, entry] : entries_) {
        if (entry.has_token && index-- == 0) return entry.taker.get();
    }
    return nullptr;
}

auto LimiterState::enter(const void* borrower, TaskNode* task, const char* operation) -> bool {
    const auto [entry, is_new] = entries_.try_emplace(borrower);
    if (!is_new) {
        throw InvalidStateError(std::string(operation) + ": the borrower (" + task_text(task) + ") " +
                                (entry->second.has_token ? "has a token of " : "waits for a token of ") +
                                waiters_.title() + " already");
    }
    if (task != nullptr) {
        entry->second.task = task->title();
        entry->second.taker = TaskMark(task);
    }
    if (!available()) return false;
    entry->second.has_token = true;
    ++borrowed_;
    return true;
}

void LimiterState::give_back(const void* borrower) noexcept {
    entries_.erase(borrower);
    --borrowed_;
    grant();
}

void LimiterState::set_total(std::size_t total) {
    waiters_.check_here("set_total");
    total_ = checked(total);
    grant();
}

void LimiterState::grant() noexcept {
    while (available() && !waiters_.empty()) {
        auto& next = *static_cast<LimiterWait*>(waiters_.pop_front());
        entries_.find(next.borrower())->second.has_token = true;
        ++borrowed_;
        next.granted();
    }
}

auto LimiterWait::await_ready() -> bool {
    list_->use_on(scheduler(), "acquire");
    if (interrupted()) return false;
    if (borrower_ == nullptr) borrower_ = &line_of(*frame_);
    return limiter_->enter(borrower_, task(), "acquire");
}

void LimiterWait::cancel() noexcept {
    limiter_->leave(borrower_);
    ListedWait::cancel();
}

}  // namespace internal

auto CapacityLimiter::try_acquire_on_behalf_of(const void* borrower) -> std::optional<CapacityToken> {
    state_.waiters().use_here("try_acquire_on_behalf_of");
    if (!state_.available()) return std::nullopt;
    static_cast<void>(state_.enter(borrower, internal::running_task(), "try_acquire_on_behalf_of"));
    return CapacityToken(state_, borrower);
}

}  // namespace gyre
