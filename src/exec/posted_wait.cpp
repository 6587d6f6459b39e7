#include <gyre/exec/posted_wait.hpp>

#include <gyre/core/loop.hpp>

namespace gyre::internal {

void PostedWait::expect() {
    auto& loop = scheduler().loop;
    mailbox_ = loop.mailbox();
    loop.expect_post();
}

void PostedWait::unexpect() noexcept { scheduler().loop.post_arrived(); }

void PostedWait::arrive() noexcept {
    // The wait may be gone before the post returns.
    const auto mailbox = mailbox_;
    static_cast<void>(mailbox->post(CallbackPointer(&arrival_)));
}

void PostedWait::arrived() noexcept {
    scheduler().loop.post_arrived();
    if (interrupted() && !happened()) {
        scheduler().stop(*frame_);
    } else {
        scheduler().wake(*frame_);
    }
}

}  // namespace gyre::internal
