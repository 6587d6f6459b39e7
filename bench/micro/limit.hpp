#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

/// The limit: what the same works cost when they are written by hand for nothing else. An intrusive queue, pooled frames,
/// symmetric transfer, a heap of timers; no errors, no cancellation, no I/O, no fairness, no marks, no bound on the stack.
namespace limit {

using Next = std::coroutine_handle<>;

class Pool {
public:
    auto take(std::size_t size) -> void* {
        auto& head = heads_[(size + 15) / 16];
        if (head == nullptr) return std::malloc((size + 15) / 16 * 16);
        return std::exchange(head, *static_cast<void**>(head));
    }
    void give(void* block, std::size_t size) {
        auto& head = heads_[(size + 15) / 16];
        *static_cast<void**>(block) = std::exchange(head, block);
    }

private:
    std::array<void*, 64> heads_{};  // frames here are smaller than 1 KiB
};

inline Pool pool;

/// Something that is ready, or will be.
struct Node {
    std::coroutine_handle<> handle;
    Node* next = nullptr;
};

class Queue {
public:
    [[nodiscard]] auto empty() const -> bool { return head_ == nullptr; }
    void push(Node& node) {
        node.next = nullptr;
        (head_ == nullptr ? head_ : tail_->next) = &node;
        tail_ = &node;
    }
    auto pop() -> Node& {
        Node& node = *head_;
        head_ = node.next;
        return node;
    }
    void run() {
        while (!empty()) pop().handle.resume();
    }

private:
    Node* head_ = nullptr;
    Node* tail_ = nullptr;
};

inline Queue ready;

struct Pooled {
    static auto operator new(std::size_t size) -> void* { return pool.take(size); }
    static void operator delete(void* block, std::size_t size) { pool.give(block, size); }
};

/// Counts tasks down; the one that waits for them goes on after the last.
struct Countdown {
    std::size_t left = 0;
    std::coroutine_handle<> waiter;

    [[nodiscard]] auto await_ready() const -> bool { return left == 0; }
    void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
    void await_resume() const {}
};

/// A task that runs by itself and destroys itself.
struct Spawned {
    struct promise_type : Node, Pooled {
        Countdown* counts = nullptr;

        struct Final {
            [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
            auto await_suspend(std::coroutine_handle<promise_type> self) const noexcept -> Next {  // subset: the limit
                Countdown* count = self.promise().counts;
                self.destroy();
                if (--count->left == 0 && count->waiter) return std::exchange(count->waiter, {});
                return std::noop_coroutine();
            }
            void await_resume() const noexcept {}
        };
        auto get_return_object() -> Spawned { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        auto initial_suspend() noexcept -> std::suspend_always { return {}; }
        auto final_suspend() noexcept -> Final { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

inline void spawn(Countdown& count, Spawned task) {
    auto& promise = task.handle.promise();
    promise.counts = &count;
    promise.handle = task.handle;
    ++count.left;
    ready.push(promise);
}

/// Runs one task to its end.
inline void run(Spawned task) {
    Countdown count;
    spawn(count, task);
    ready.run();
}

/// A child that is awaited where it is made.
struct Child {
    struct promise_type : Pooled {
        std::coroutine_handle<> parent;
        int value = 0;

        struct Final {
            [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
            auto await_suspend(std::coroutine_handle<promise_type> self) const noexcept -> Next {  // subset: the limit
                return self.promise().parent;
            }
            void await_resume() const noexcept {}
        };
        auto get_return_object() -> Child { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        auto initial_suspend() noexcept -> std::suspend_always { return {}; }
        auto final_suspend() noexcept -> Final { return {}; }
        void return_value(int result) { value = result; }
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;

    [[nodiscard]] auto await_ready() const -> bool { return false; }
    auto await_suspend(std::coroutine_handle<> parent) const -> Next {  // subset: the limit
        handle.promise().parent = parent;
        return handle;
    }
    [[nodiscard]] auto await_resume() const -> int {
        const int value = handle.promise().value;
        handle.destroy();
        return value;
    }
};

struct Yield : Node {
    [[nodiscard]] auto await_ready() const -> bool { return false; }
    void await_suspend(std::coroutine_handle<> self) {
        handle = self;
        ready.push(*this);
    }
    void await_resume() const {}
};

/// A point in time that a frame waits for.
struct Timer : Node {
    std::uint64_t when = 0;
    std::size_t index = 0;
    bool cancelled = false;
};

/// A 4-ary heap with its keys inside.
class Heap {
public:
    [[nodiscard]] auto empty() const -> bool { return entries_.empty(); }
    [[nodiscard]] auto first() const -> Timer& { return *entries_.front().timer; }
    void insert(Timer& timer) {
        entries_.push_back({timer.when, &timer});
        up(entries_.size() - 1, entries_.back());
    }
    void remove(Timer& timer) {
        const Entry last = entries_.back();
        const std::size_t index = timer.index;
        entries_.pop_back();
        if (index == entries_.size()) return;
        index > 0 && last.when < entries_[(index - 1) / 4].when ? up(index, last) : down(index, last);
    }

private:
    struct Entry {
        std::uint64_t when;
        Timer* timer;
    };
    void place(std::size_t index, Entry entry) {
        entries_[index] = entry;
        entry.timer->index = index;
    }
    void up(std::size_t index, Entry entry) {
        for (; index > 0 && entry.when < entries_[(index - 1) / 4].when; index = (index - 1) / 4) {
            place(index, entries_[(index - 1) / 4]);
        }
        place(index, entry);
    }
    void down(std::size_t index, Entry entry) {
        for (std::size_t child = index * 4 + 1; child < entries_.size(); child = index * 4 + 1) {
            std::size_t least = child;
            for (std::size_t other = child + 1; other < child + 4 && other < entries_.size(); ++other) {
                if (entries_[other].when < entries_[least].when) least = other;
            }
            if (entries_[least].when >= entry.when) break;
            place(index, entries_[least]);
            index = least;
        }
        place(index, entry);
    }

    std::vector<Entry> entries_;
};

inline Heap timers;

struct Sleep : Timer {
    explicit Sleep(std::uint64_t deadline) { when = deadline; }
    [[nodiscard]] auto await_ready() const -> bool { return false; }
    void await_suspend(std::coroutine_handle<> self) {
        handle = self;
        timers.insert(*this);
    }
    [[nodiscard]] auto await_resume() const -> bool { return !cancelled; }
};

/// A place for one item between two tasks that take turns: whoever puts knows that there is room.
class Box {
public:
    struct Get : Node {
        explicit Get(Box& from) : box(from) {}
        [[nodiscard]] auto await_ready() const -> bool { return box.full_; }
        void await_suspend(std::coroutine_handle<> self) {
            handle = self;
            box.waiter_ = this;
        }
        [[nodiscard]] auto await_resume() const -> int {
            box.full_ = false;
            return box.item_;
        }
        Box& box;
    };
    void put(int item) {
        item_ = item;
        full_ = true;
        if (waiter_ != nullptr) ready.push(*std::exchange(waiter_, nullptr));
    }

private:
    Node* waiter_ = nullptr;
    int item_ = 0;
    bool full_ = false;
};

/// A list that one other thread appends to while the loop goes along it; who has taken a node leaves it where it is.
class Posts {
public:
    /// By the other thread alone: one store, because nobody else appends.
    void post(Node& node) {
        std::atomic_ref(std::exchange(last_, &node)->next).store(&node, std::memory_order_release);
    }
    /// By the loop alone. @return the next node, null while there is none
    auto take() -> Node* {
        Node* node = std::atomic_ref(taken_->next).load(std::memory_order_acquire);
        if (node != nullptr) taken_ = node;
        return node;
    }

private:
    Node first_;  ///< Stands before all others.
    alignas(64) Node* last_ = &first_;
    alignas(64) Node* taken_ = &first_;
};

}  // namespace limit
