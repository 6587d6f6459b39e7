#include <gyre/core/try_finally.hpp>

#include <gyre/core/loop.hpp>

namespace gyre::internal {

auto FinallyWait::start(Frame& body) noexcept -> bool {
    if (!run(body, *frame_->scope)) return false;
    take_body(*std::exchange(root, nullptr));
    return start_cleanup();
}

auto FinallyWait::start_cleanup() noexcept -> bool {
    Frame* cleanup = make_cleanup();
    if (cleanup == nullptr) return true;
    if (!run(*cleanup, *shield_)) return false;
    cleanup_ended();
    return true;
}

auto FinallyWait::make_cleanup() noexcept -> Frame* {
    const Scope& outer = *frame_->scope;
    shield_.emplace(outer, static_cast<Strand&>(*this));
    try {
        Frame& cleanup = begin_cleanup();
        cleanup.continue_with(static_cast<Strand&>(*this));
        cleanup.scope = &*shield_;
        root = &cleanup;
        return &cleanup;
    } catch (...) {
        cleanup_error_ = std::current_exception();
        return nullptr;
    }
}

void FinallyWait::cleanup_ended() noexcept { cleanup_error_ = take_cleanup(*std::exchange(root, nullptr)); }

auto FinallyWait::finished() noexcept -> Next { return {frame_, body_stopped_ && cleanup_error_ == nullptr}; }

auto FinallyWait::ended() noexcept -> Next {
    if (shield_) {
        cleanup_ended();
        return finished();
    }
    take_body(*std::exchange(root, nullptr));
    if (Frame* cleanup = make_cleanup()) return {cleanup, false};
    return finished();
}

auto FinallyWait::stopped() noexcept -> Next {
    if (shield_) return finished();  // not reached: nobody cancels the clean-up
    body_stopped_ = true;
    if (Frame* cleanup = make_cleanup()) return {cleanup, false};
    return finished();
}

auto FinallyWait::record() const noexcept -> WaitRecord {
    return {shield_ ? WaitKind::cleanup : WaitKind::scope, this, "try_finally"};
}

void FinallyWait::finish(const std::exception_ptr& body_error) {
    if (!cleanup_error_) return;
    if (!body_error) std::rethrow_exception(cleanup_error_);
    scheduler().loop.handle_error({cleanup_error_, ErrorOrigin::cleanup, "the clean-up of try_finally"});
}

}  // namespace gyre::internal
