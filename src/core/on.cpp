#include <gyre/core/on.hpp>

namespace gyre::internal {

void Answer::send() noexcept {
    if (message_) static_cast<void>(home_->post(std::move(message_)));
}

void OnWait::send(std::shared_ptr<RemoteCall> call, Answer& answer, CallbackPointer errand) {
    EventLoop& home = scheduler().loop;
    answer.prepare(home.mailbox(), make_callback([this, call] { answered(); }));
    call->leaves(frame_->scope->task(), home.index(), target_->index(), where_);
    call_ = std::move(call);
    home.expect_post();
    static_cast<void>(target_->mailbox()->post(std::move(errand)));
}

void OnWait::answered() noexcept {
    scheduler().loop.post_arrived();
    if (interrupted() && (call_->cancelled || call_->refused)) {
        scheduler().stop(*frame_);
    } else {
        scheduler().wake(*frame_);
    }
}

void OnWait::cancel() noexcept {
    if (asked_to_stop_) return;
    asked_to_stop_ = true;
    try {
        auto message = make_callback([call = call_, why = frame_->scope->cause] { call->cancel(why); });
        static_cast<void>(target_->mailbox()->post(std::move(message)));
    } catch (...) {  // no memory for the message: the work goes on, and its end is waited for
    }
}

}  // namespace gyre::internal
