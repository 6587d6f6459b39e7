#include <gyre/sync/event.hpp>

namespace gyre {

void Event::set() {
    waiters_.check_here("set");
    set_ = true;
    waiters_.grant_all();
}

void Event::clear() {
    waiters_.check_here("clear");
    set_ = false;
}

}  // namespace gyre
