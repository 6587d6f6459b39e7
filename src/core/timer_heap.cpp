#include <gyre/core/timer_heap.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace gyre::internal {

namespace {

constexpr std::size_t arity = 4;
constexpr std::size_t first_capacity = 64 - 3;
constexpr std::align_val_t cache_line{64};
// The first entry stands at the end of a cache line, and so the children 4 i + 1 to 4 i + 4 fill one.
constexpr std::size_t skipped = arity - 1;
constexpr std::size_t few_dead = 64;  // not worth looking for
constexpr std::size_t some_dead = 8;  // worth going together when the first one is in the way

}  // namespace

TimerHeap::~TimerHeap() {
    if (heap_ != nullptr) ::operator delete(heap_ - skipped, cache_line);
}

void TimerHeap::grow() {
    const std::size_t larger = capacity_ == 0 ? first_capacity : capacity_ * 2 + skipped;
    if (larger >= std::numeric_limits<std::uint32_t>::max()) throw std::bad_alloc();
    auto* block = static_cast<Entry*>(::operator new((larger + skipped) * sizeof(Entry), cache_line)) + skipped;
    std::uninitialized_copy_n(heap_, size_, block);
    Entry* const before = std::exchange(heap_, block);  // never a block that is gone: a signal handler may look at it
    if (before != nullptr) ::operator delete(before - skipped, cache_line);
    capacity_ = larger;
}

void TimerHeap::insert(Timer& timer, Time deadline) {
    reserve_one();
    timer.sequence = sequence_++;
    sift_up(size_++, {deadline, reinterpret_cast<std::uintptr_t>(&timer)});
}

void TimerHeap::cancel(Timer& timer) noexcept {
    if (!timer.armed()) return;
    Entry& entry = heap_[timer.heap_index];
    timer.heap_index = Timer::not_armed;
    if (&entry != &heap_[size_ - 1]) {
        entry.word = std::uintptr_t{timer.sequence} * 2 + 1;
        ++dead_;
        if (dead_ > few_dead && dead_ > size_ / 2) remove_dead();
        return;
    }
    --size_;
    for (; size_ > 0 && heap_[size_ - 1].dead(); --size_) --dead_;
}

auto TimerHeap::next() noexcept -> Time {
    while (size_ > 0 && heap_[0].dead()) {
        // One by one each would cost a way down the heap; with a quarter of it dead, all together cost less.
        if (dead_ > some_dead && dead_ > size_ / 4) {
            remove_dead();
            break;
        }
        remove_first();
        --dead_;
    }
    return size_ == 0 ? Time::max() : heap_[0].deadline;
}

auto TimerHeap::pop(Time now) noexcept -> Timer* {
    while (size_ > 0 && heap_[0].deadline <= now) {
        const Entry first = heap_[0];
        remove_first();
        if (!first.dead()) {
            first.timer()->heap_index = Timer::not_armed;
            ++fired_;
            return first.timer();
        }
        --dead_;
    }
    return nullptr;
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
    ::new (&heap_[index]) Entry(entry);
    if (!entry.dead()) [[likely]]
        entry.timer()->heap_index = static_cast<std::uint32_t>(index);
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
    for (std::size_t first = index * arity + 1; first < size_; first = index * arity + 1) {
        const std::size_t end = std::min(first + arity, size_);
        // In a large heap each level is a cache miss: the next is on its way while this one is compared.
        for (std::size_t child = first; child < end; ++child) __builtin_prefetch(heap_ + (child * arity + 1));
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

void TimerHeap::remove_first() noexcept {
    const Entry last = heap_[--size_];
    if (size_ > 0) sift_down(0, last);
}

void TimerHeap::remove_dead() noexcept {
    std::size_t kept = 0;
    for (std::size_t index = 0; index < size_; ++index) {
        if (heap_[index].dead()) continue;
        if (kept != index) place(kept, heap_[index]);
        ++kept;
    }
    size_ = kept;
    dead_ = 0;
    // Those behind the last parent are heaps already.
    for (std::size_t index = (size_ + arity - 2) / arity; index-- > 0;) {
        const Entry entry = heap_[index];
        sift_down(index, entry);
    }
}

}  // namespace gyre::internal
