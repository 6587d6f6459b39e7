#include <gyre/core/post_queue.hpp>

namespace gyre::internal {

auto PostQueue::push(Callback& callback) noexcept -> Pushed {
    std::uintptr_t head = head_.load(std::memory_order_relaxed);
    const auto word = reinterpret_cast<std::uintptr_t>(&callback);
    for (;;) {
        if (head == word_closed) return Pushed::closed;
        callback.next = head == word_empty || head == word_asleep ? nullptr : reinterpret_cast<Callback*>(head);
        // Release: the loop sees the callback's contents; the loop's exchange in `take` acquires.
        if (head_.compare_exchange_weak(head, word, std::memory_order_release, std::memory_order_relaxed)) {
            return head == word_asleep ? Pushed::asleep : Pushed::awake;
        }
    }
}

auto PostQueue::reversed(std::uintptr_t head) noexcept -> Callback* {
    if (head <= word_closed) return nullptr;
    Callback* newest = reinterpret_cast<Callback*>(head);
    Callback* oldest = nullptr;
    while (newest != nullptr) {
        Callback* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

auto PostQueue::take() noexcept -> Callback* {
    if (empty()) return nullptr;
    return reversed(head_.exchange(word_empty, std::memory_order_acquire));
}

auto PostQueue::sleep() noexcept -> bool {
    std::uintptr_t expected = word_empty;
    return head_.compare_exchange_strong(expected, word_asleep, std::memory_order_relaxed);
}

auto PostQueue::close() noexcept -> Callback* {
    return reversed(head_.exchange(word_closed, std::memory_order_acquire));
}

}  // namespace gyre::internal
