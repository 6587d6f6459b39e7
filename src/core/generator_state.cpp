#include <gyre/core/generator_state.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

namespace gyre::internal {

GeneratorState::GeneratorState(Frame& first, const Scope& reader) : scope_(reader, static_cast<Strand&>(*this)) {
    scheduler().admit();
    root = &first;
    first.continue_with(static_cast<Strand&>(*this));
    first.scope = &scope_;
    static_cast<GeneratorFrame&>(first).generator = this;
}

// It stands still between two reads, while the scopes of its readers come and go: it has one of its own, which is cancelled
// with the reader's. What was cancelled then and gave a value all the same is not cancelled any more.
void GeneratorState::open_scope(TaskNode* task) noexcept {
    scope_.move_to(task);
    scope_.reopen();
}

auto GeneratorState::advance(GeneratorWait& reader) noexcept -> bool {
    open_scope(reader.frame().scope->task());
    waiting_ = &reader;
    reader.waits();
    Frame& next = yielding_ != nullptr ? *std::exchange(yielding_, nullptr) : *root;
    if (&next != root) {  // a frame further in: the loop runs it as soon as the reader is suspended
        scheduler().resume_next(next);
        return false;
    }
    next.wait_on_nothing();
    if (scheduler().start_root(next)) {
        if (scope_.holds(*this, false)) return false;
        root_ended();
    } else if (yielding_ == nullptr) {
        return false;
    }
    waiting_ = nullptr;
    reader.waits_no_more();
    return true;
}

auto GeneratorState::yielded(Frame& frame, void* value) noexcept -> bool {
    if (closing_) return false;
    yielding_ = &frame;
    value_ = value;
    // Else the reader is on the native stack below, and will look itself.
    if (!root->starting) scheduler().resume_next(std::exchange(waiting_, nullptr)->frame());
    return true;
}

void GeneratorState::root_ended() noexcept {
    Frame& frame = *std::exchange(root, nullptr);
    error_ = static_cast<GeneratorFrame&>(frame).failure();
    frame.destroy();
    scheduler().leave();
}

auto GeneratorState::ended() noexcept -> Next {
    root_ended();
    return told();
}

auto GeneratorState::stopped() noexcept -> Next {
    scheduler().leave();
    if (!closing_) cancelled_ = scope_.cause;
    return told();
}

auto GeneratorState::told() noexcept -> Next {
    yielding_ = nullptr;
    GeneratorWait* waiter = std::exchange(waiting_, nullptr);
    Frame* frame = waiter != nullptr ? &waiter->frame() : nullptr;
    if (dropped_) {
        if (waiter != nullptr) waiter->abandon();
        if (error_ != nullptr) scheduler().loop.handle_error({error_, ErrorOrigin::cleanup, "a dropped generator"});
        end_cleaning(scheduler());
        delete this;
        return {frame, false};
    }
    return {frame, frame != nullptr && static_cast<bool>(cancelled_) && !waiter->closes() && frame->scope->cancelled};
}

auto GeneratorState::can_end_here() const noexcept -> bool {
    return yielding_ != nullptr && cleanups == 0 && !scope_.has_left_behind();
}

// Leaf first and in a loop, as the loop itself does it.
void GeneratorState::destroy_frames() noexcept {
    for (Frame* frame = std::exchange(yielding_, nullptr); frame != nullptr;) {
        Frame* parent = frame->parent();
        if (parent != nullptr) parent->child_link()->child = nullptr;
        frame->destroy();
        frame = parent;
    }
    root = nullptr;
    scheduler().leave();
}

void GeneratorState::begin_closing(const char* reason) noexcept {
    closing_ = true;
    scope_.cancel(cancel_request(scheduler(), reason, {}, CancelKind::owner));
}

auto GeneratorState::close(GeneratorWait& closer) noexcept -> bool {
    if (over()) return true;
    if (can_end_here()) {
        destroy_frames();
        return true;
    }
    waiting_ = &closer;
    closer.waits();
    open_scope(closer.frame().scope->task());
    begin_closing("the generator was closed");
    return false;
}

void GeneratorState::drop() noexcept {
    if (!over() && can_end_here()) destroy_frames();
    if (over()) {
        delete this;
        return;
    }
    dropped_ = true;
    begin_cleaning(scheduler());
    if (waiting_ == nullptr) open_scope(waiting_scope() != nullptr ? waiting_scope()->task() : nullptr);
    begin_closing("the generator was dropped");
}

auto GeneratorState::take() -> void* {
    if (yielding_ != nullptr) return value_;
    check();
    if (cancelled_) throw CancelledError(cancelled_);
    return nullptr;
}

void GeneratorState::check() {
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

GeneratorHolder::~GeneratorHolder() {
    if (first_ != nullptr) first_->destroy();
    if (state_ != nullptr) state_->drop();
}

auto GeneratorHolder::state_for(const Scope& reader) -> GeneratorState* {
    if (first_ != nullptr) {
        state_ = new GeneratorState(*first_, reader);
        first_ = nullptr;
    }
    if (state_ == nullptr && !closed_) {
        throw InvalidStateError("AsyncGenerator::next: this generator is empty: it was moved from");
    }
    if (state_ != nullptr && !state_->belongs_to(*reader.scheduler)) {
        throw InvalidStateError("AsyncGenerator::next: this generator belongs to another loop");
    }
    return state_;
}

auto GeneratorHolder::drop_unstarted() noexcept -> bool {
    if (first_ == nullptr) return false;
    std::exchange(first_, nullptr)->destroy();
    closed_ = true;
    return true;
}

auto GeneratorHolder::release_unstarted() -> Frame& {
    if (first_ == nullptr) {
        throw InvalidStateError("co_yield of a generator: it was read from, closed or moved from before");
    }
    return *std::exchange(first_, nullptr);
}

auto GeneratorWait::await_ready() -> bool {
    if (closes_) {
        if (holder_->drop_unstarted() || holder_->state() == nullptr) return true;
        state_ = holder_->state();
    } else {
        refused_ = interrupted();
        if (refused_) return false;
        state_ = holder_->state_for(*frame_->scope);
        if (state_ == nullptr) return true;
    }
    if (state_->busy()) {
        throw InvalidStateError(std::string("AsyncGenerator::") + (closes_ ? "close" : "next") +
                                ": another task waits for the next value of this generator");
    }
    return closes_ ? state_->close(*this) : state_->over() || state_->advance(*this);
}

void GeneratorWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (refused_) static_cast<void>(begin());
}

void GeneratorWait::cancel() noexcept {
    if (!closes_) state_->interrupt_with(frame_->scope->cause);
}

auto GeneratorWait::take() -> void* {
    if (closes_) {
        if (state_ != nullptr) state_->check();
        return nullptr;
    }
    if (state_ == nullptr) {
        if (holder_ == nullptr) throw InvalidStateError("AsyncGenerator: it was dropped while a task read from it");
        return nullptr;
    }
    return state_->take();
}

}  // namespace gyre::internal
