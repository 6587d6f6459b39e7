#include <gyre/core/future_state.hpp>

#include <gyre/core/errors.hpp>

#include <utility>

namespace gyre::internal {

namespace {

class CallbackListener final : public FutureListener, public Pooled {
public:
    CallbackListener(Scheduler& scheduler, CallbackPointer callback)
        : scheduler_(scheduler), callback_(std::move(callback)) {
        scheduler.admit();
    }
    void future_done() noexcept override {
        scheduler_.ready.push(*callback_.take());
        delete this;
    }
    void future_dropped(bool loop_lives) noexcept override {
        if (loop_lives) scheduler_.leave();
        delete this;
    }

private:
    ~CallbackListener() = default;

    Scheduler& scheduler_;
    CallbackPointer callback_;
};

}  // namespace

FutureState::~FutureState() {
    const bool loop_lives = is_on(current_loop());  // this may outlive its loop
    while (FutureListener* listener = listeners_.pop_front()) listener->future_dropped(loop_lives);
}

void FutureState::require_done() const {
    if (!done_) throw InvalidStateError("Future: it is not done yet; co_await it");
}

void FutureState::require_settable() const {
    if (done_) throw InvalidStateError("Promise: it has its value or error already");
    if (!is_on(current_loop())) {
        throw LoopError("Promise: it is set on its loop's thread only; from another thread use loop.post");
    }
}

void FutureState::throw_wrong_loop() {
    throw InvalidStateError("Future: it belongs to another loop; hand its value over with that loop's post");
}

void FutureState::check() {
    if (error_ != nullptr) std::rethrow_exception(received_error());
    if (consumed_) throw InvalidStateError("Future: its value was moved out by an earlier co_await");
}

auto FutureState::received_error() noexcept -> std::exception_ptr {
    received_ = true;
    return error_;
}

void FutureState::settle(std::exception_ptr error) noexcept {
    error_ = std::move(error);
    done_ = true;
    while (FutureListener* listener = listeners_.pop_front()) listener->future_done();
}

void FutureState::add_callback(CallbackPointer callback) {
    if (!is_on(current_loop())) throw LoopError("Future::add_done_callback: its loop does not run on this thread");
    callback->scheduler = &loop_.scheduler();
    if (loop_.scheduler().carries_contexts()) callback->context = loop_.scheduler().inherited_context();
    auto* listener = new CallbackListener(loop_.scheduler(), std::move(callback));
    if (done_) {
        listener->future_done();
    } else {
        listeners_.push_back(*listener);
    }
}

void FutureState::report_if_lost() noexcept {
    if (error_ == nullptr || received_ || !is_on(current_loop())) return;
    loop_.handle_error({error_, ErrorOrigin::future, "a future"});
}

void break_promise_state(std::shared_ptr<FutureState> state) noexcept {
    FutureState& target = *state;
    const bool unobserved = state.use_count() == 1;
    if (target.is_on(current_loop())) {
        if (!target.done() && !unobserved) {
            target.settle(std::make_exception_ptr(BrokenPromiseError("the promise was dropped without a value")));
        }
        return;
    }
    // Another thread: the loop breaks it, or if the loop is gone there is nobody left to hear of it.
    try {
        const auto mailbox = target.mailbox();  // the state may go before the post returns
        static_cast<void>(mailbox->post(
            make_callback([state = std::move(state)]() mutable { break_promise_state(std::move(state)); })));
    } catch (...) {  // no memory for the message: the future stays as it is
    }
}

}  // namespace gyre::internal
