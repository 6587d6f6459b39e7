#include <gyre/core/ready_queue.hpp>

#include <bit>

namespace gyre::internal {

namespace {
constexpr int most_in_a_row = 8;  // then one of the next lower priority has its turn
}  // namespace

void ReadyRing::grow(std::size_t count) {
    const std::size_t length = std::bit_ceil(count);
    auto larger = std::make_unique<std::uintptr_t[]>(length);
    const std::size_t used = size();
    for (std::size_t i = 0; i < used; ++i) larger[(head_ + i) & (length - 1)] = at(i);
    ring_ = std::move(larger);
    mask_ = length - 1;
}

auto ReadyQueue::others_size() const noexcept -> std::size_t { return levels_->high.size() + levels_->low.size(); }

void ReadyQueue::reserve_others(std::size_t count) {
    levels_->high.reserve(count);
    levels_->low.reserve(count);
}

void ReadyQueue::use_priorities(std::size_t count) {
    if (levels_ != nullptr) return;
    auto levels = std::make_unique<Levels>();
    levels->high.reserve(count);
    levels->low.reserve(count);
    levels_ = std::move(levels);
}

void ReadyQueue::push(Frame& frame, Priority priority) noexcept {
    ReadyRing& ring = priority == Priority::normal ? normal_
                      : priority == Priority::high ? levels_->high
                                                   : levels_->low;
    ring.push(ReadyEntry(frame));
}

auto ReadyQueue::pop_by_priority() noexcept -> ReadyEntry {
    auto& [high, low, high_in_a_row, normal_in_a_row] = *levels_;
    if (!high.empty()) {
        const bool others_wait = !normal_.empty() || !low.empty();
        if (!others_wait || high_in_a_row < most_in_a_row) {
            high_in_a_row = others_wait ? high_in_a_row + 1 : 0;
            return high.pop();
        }
    }
    high_in_a_row = 0;
    if (!normal_.empty() && (low.empty() || normal_in_a_row < most_in_a_row)) {
        normal_in_a_row = low.empty() ? 0 : normal_in_a_row + 1;
        return normal_.pop();
    }
    normal_in_a_row = 0;
    return low.pop();
}

void ReadyQueue::choose(std::size_t index) noexcept {
    if (index < normal_.size()) return normal_.choose(index);
    index -= normal_.size();
    if (index < levels_->high.size()) return levels_->high.choose(index);
    levels_->low.choose(index - levels_->high.size());
}

}  // namespace gyre::internal
