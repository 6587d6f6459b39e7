#include <gyre/core/ready_queue.hpp>

#include <bit>

namespace gyre::internal {

void ReadyQueue::grow(std::size_t count) {
    const std::size_t length = std::bit_ceil(count);
    auto larger = std::make_unique<std::uintptr_t[]>(length);
    const std::size_t used = size();
    for (std::size_t i = 0; i < used; ++i) larger[i] = at(i);
    ring_ = std::move(larger);
    mask_ = length - 1;
    head_ = 0;
    tail_ = used;
}

}  // namespace gyre::internal
