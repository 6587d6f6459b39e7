#include <gyre/core/ready_queue.hpp>

namespace gyre::internal {

void ReadyQueue::grow(std::size_t count) {
    std::vector<std::uintptr_t> larger(std::bit_ceil(count));
    const std::size_t used = size();
    for (std::size_t i = 0; i < used; ++i) larger[i] = at(i);
    ring_ = std::move(larger);
    head_ = 0;
    tail_ = used;
}

}  // namespace gyre::internal
