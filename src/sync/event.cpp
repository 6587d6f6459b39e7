#include <gyre/sync/event.hpp>

namespace gyre {

void Event::set() noexcept {
    set_ = true;
    waiters_.grant_all();
}

}  // namespace gyre
