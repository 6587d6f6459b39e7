#include <gyre/core/wind_down.hpp>

#include <gyre/core/loop.hpp>

namespace gyre::internal {

void WindDown::update(bool& counted, bool busy) noexcept {
    if (counted == busy) return;
    counted = busy;
    if (busy) {
        busy_.fetch_add(1);
        return;
    }
    if (busy_.fetch_sub(1) != 1) return;
    over_.store(true);
    for (EventLoop* loop : loops_) {
        if (loop != nullptr) loop->mailbox()->wake();
    }
}

}  // namespace gyre::internal
