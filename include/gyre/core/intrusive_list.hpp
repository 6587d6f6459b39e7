#pragma once

#include <atomic>
#include <cstddef>

namespace gyre::internal {

/// What was stored before this has been stored when a signal handler of the same thread sees what is stored after it. Costs
/// nothing: only the compiler is told.
inline void in_this_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

template<class T>
class CompactList;
template<class T>
class IntrusiveList;

/// Base of what can be in an `IntrusiveList<T>`; it must be out of the list when it is destroyed.
template<class T>
class ListLink {
public:
    ListLink() noexcept = default;
    /// What is in a list does not move; before that there is nothing to take along.
    ListLink(ListLink&& other) noexcept { static_cast<void>(other); }
    auto operator=(ListLink&&) -> ListLink& = delete;

    [[nodiscard]] auto linked() const noexcept -> bool { return next_ != nullptr; }
    /// Leaves its list; no effect if it is in none.
    void unlink() noexcept {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        in_this_order();
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

protected:
    ~ListLink() = default;

private:
    friend class CompactList<T>;
    friend class IntrusiveList<T>;
    ListLink* next_ = nullptr;
    ListLink* previous_ = nullptr;
};

/// A circular list of objects that live elsewhere. First in, first out. Wherever a signal stops the thread, the list can be
/// walked forwards.
template<class T>
class IntrusiveList {
public:
    IntrusiveList() noexcept { end_.next_ = end_.previous_ = &end_; }
    IntrusiveList(const IntrusiveList&) = delete;
    auto operator=(const IntrusiveList&) -> IntrusiveList& = delete;
    ~IntrusiveList() { end_.next_ = nullptr; }

    [[nodiscard]] auto empty() const noexcept -> bool { return end_.next_ == &end_; }
    [[nodiscard]] auto front() noexcept -> T* { return empty() ? nullptr : &static_cast<T&>(*end_.next_); }
    /// The one after `item`, or null.
    [[nodiscard]] auto after(T& item) noexcept -> T* {
        auto* next = static_cast<ListLink<T>&>(item).next_;
        return next == &end_ ? nullptr : &static_cast<T&>(*next);
    }
    [[nodiscard]] auto pop_front() noexcept -> T* {
        T* first = front();
        if (first != nullptr) static_cast<ListLink<T>*>(first)->unlink();
        return first;
    }
    void push_back(T& item) noexcept {
        auto& link = static_cast<ListLink<T>&>(item);
        link.previous_ = end_.previous_;
        link.next_ = &end_;
        in_this_order();
        end_.previous_->next_ = &link;
        end_.previous_ = &link;
    }

private:
    ListLink<T> end_;
};

/// A list in one word, for what exists in great numbers and mostly stays empty. First in, first out. Its items leave
/// through `remove` or `pop_front`, never by `unlink`.
template<class T>
class CompactList {
public:
    CompactList() noexcept = default;
    CompactList(const CompactList&) = delete;
    auto operator=(const CompactList&) -> CompactList& = delete;
    ~CompactList() = default;

    [[nodiscard]] auto empty() const noexcept -> bool { return first_ == nullptr; }
    void push_back(T& item) noexcept {
        ListLink<T>& link = item;
        if (first_ == nullptr) {
            link.next_ = link.previous_ = first_ = &link;
            return;
        }
        link.next_ = first_;
        link.previous_ = first_->previous_;
        first_->previous_->next_ = &link;
        first_->previous_ = &link;
    }
    /// No effect if it is in no list.
    void remove(T& item) noexcept {
        ListLink<T>& link = item;
        if (!link.linked()) return;
        if (first_ == &link) first_ = link.next_ == &link ? nullptr : link.next_;
        link.unlink();
    }
    [[nodiscard]] auto pop_front() noexcept -> T* {
        if (first_ == nullptr) return nullptr;
        T* item = static_cast<T*>(first_);
        remove(*item);
        return item;
    }

private:
    ListLink<T>* first_ = nullptr;  ///< In a ring: the one before it is the last.
};

}  // namespace gyre::internal
