#include <gyre/core/timer_heap.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace gyre::internal {

namespace {

constexpr std::size_t arity = 4;
constexpr std::size_t first_capacity = 64 - 3;
constexpr std::align_val_t cache_line{64};
// The first entry stands at the end of a cache line, and so the children 4 i + 1 to 4 i + 4 fill one.
constexpr std::size_t skipped = arity - 1;

}  // namespace

TimerHeap::~TimerHeap() {
    if (heap_ != nullptr) ::operator delete(heap_ - skipped, cache_line);
}

void TimerHeap::grow() {
    const std::size_t larger = capacity_ == 0 ? first_capacity : capacity_ * 2 + skipped;
    if (larger >= std::numeric_limits<std::uint32_t>::max()) throw std::bad_alloc();
    auto* block = static_cast<Entry*>(::operator new((larger + skipped) * sizeof(Entry), cache_line)) + skipped;
    std::uninitialized_copy_n(heap_, size_, block);
    if (heap_ != nullptr) ::operator delete(heap_ - skipped, cache_line);
    heap_ = block;
    capacity_ = larger;
}

void TimerHeap::insert(Timer& timer, Time deadline) {
    reserve_one();
    timer.sequence = sequence_++;
    sift_up(size_++, {deadline, &timer});
}

void TimerHeap::cancel(Timer& timer) noexcept {
    if (timer.armed()) remove(timer.heap_index);
}

auto TimerHeap::pop(Time now) noexcept -> Timer* {
    if (size_ == 0 || heap_[0].deadline > now) return nullptr;
    Timer* timer = heap_[0].timer;
    remove(0);
    return timer;
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
    ::new (&heap_[index]) Entry(entry);
    entry.timer->heap_index = static_cast<std::uint32_t>(index);
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) noexcept {
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(entry, heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= size_) break;
        const std::size_t end = std::min(first + arity, size_);
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) least = child;
        }
        if (!before(heap_[least], entry)) break;
        place(index, heap_[least]);
        index = least;
    }
    place(index, entry);
}

void TimerHeap::remove(std::size_t index) noexcept {
    heap_[index].timer->heap_index = Timer::not_armed;
    const Entry last = heap_[--size_];
    if (index == size_) return;
    if (index > 0 && before(last, heap_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

}  // namespace gyre::internal
