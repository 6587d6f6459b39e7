#include <gyre/core/timer_heap.hpp>

#include <algorithm>

namespace gyre::internal {

namespace {
constexpr std::size_t arity = 4;
}  // namespace

void TimerHeap::insert(Timer& timer, Time deadline) {
    heap_.push_back({deadline, sequence_++, &timer});
    sift_up(heap_.size() - 1, heap_.back());
}

void TimerHeap::cancel(Timer& timer) noexcept {
    if (timer.armed()) remove(timer.heap_index);
}

auto TimerHeap::pop(Time now) noexcept -> Timer* {
    if (heap_.empty() || heap_.front().deadline > now) return nullptr;
    Timer* timer = heap_.front().timer;
    remove(0);
    return timer;
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
    heap_[index] = entry;
    entry.timer->heap_index = index;
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) noexcept {
    const Entry moving = entry;
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(moving, heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, moving);
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
    const Entry moving = entry;
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= heap_.size()) break;
        const std::size_t end = std::min(first + arity, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) least = child;
        }
        if (!before(heap_[least], moving)) break;
        place(index, heap_[least]);
        index = least;
    }
    place(index, moving);
}

void TimerHeap::remove(std::size_t index) noexcept {
    heap_[index].timer->heap_index = Timer::not_armed;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (index > 0 && before(last, heap_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

}  // namespace gyre::internal
