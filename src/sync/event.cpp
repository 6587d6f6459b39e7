#include <gyre/sync/event.hpp>

namespace gyre {

void Event::set() {
    waiters_.check_here("set");
    set_ = true;
    waiters_.grant_all();
}

}  // namespace gyre
