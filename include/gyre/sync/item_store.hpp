#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

/// As a capacity: no limit but memory. Larger ones are negative numbers that became unsigned.
inline constexpr std::size_t unbounded = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

namespace internal {

/// Items go from frame to frame, where a failing move could be nobody's error: those whose move may throw travel boxed, and
/// so do over-aligned ones, because a frame aligns to 16 bytes only.
template<class T>
inline constexpr bool boxed_item = !std::is_nothrow_move_constructible_v<T> || alignof(T) > 16;

template<class T>
using StoredItem = std::conditional_t<boxed_item<T>, std::unique_ptr<T>, T>;

template<class T>
[[nodiscard]] auto store_item(T&& item) -> StoredItem<T> {
    if constexpr (boxed_item<T>) {
        return std::make_unique<T>(static_cast<T&&>(item));
    } else {
        return static_cast<T&&>(item);
    }
}

template<class T>
[[nodiscard]] auto item_in(StoredItem<T>& stored) -> T& {
    if constexpr (boxed_item<T>) {
        return *stored;
    } else {
        return stored;
    }
}

template<class T>
[[nodiscard]] auto item_in(const StoredItem<T>& stored) -> const T& {
    if constexpr (boxed_item<T>) {
        return *stored;
    } else {
        return stored;
    }
}

/// First in, first out: a ring that grows as far as it is filled, and never shrinks.
template<class T>
class Ring {
public:
    using Item = T;
    using Stored = StoredItem<T>;

    Ring() noexcept = default;
    Ring(Ring&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)),
          room_(std::exchange(other.room_, 0)),
          head_(std::exchange(other.head_, 0)),
          size_(std::exchange(other.size_, 0)) {}
    auto operator=(Ring&&) -> Ring& = delete;
    ~Ring() {
        clear();
        release(slots_, room_);
    }

    [[nodiscard]] auto size() const noexcept -> std::size_t { return size_; }
    /// The one at `index`, counted from the oldest.
    [[nodiscard]] auto operator[](std::size_t index) noexcept -> Stored& { return *at(index); }
    /// @throws std::bad_alloc when it has to grow; not after a `take`.
    void push(Stored&& item) {
        if (size_ == room_) grow();
        std::construct_at(at(size_), std::move(item));
        ++size_;
    }
    /// Moves the oldest out; there is one.
    void take(std::optional<Stored>& into) noexcept {
        into.emplace(std::move(*at(0)));
        drop();
    }
    /// Destroys the oldest; there is one.
    void drop() noexcept {
        std::destroy_at(at(0));
        head_ = (head_ + 1) & (room_ - 1);
        --size_;
    }
    void clear() noexcept {
        while (size_ != 0) drop();
    }

private:
    [[nodiscard]] auto at(std::size_t index) const noexcept -> Stored* {
        return slots_ + ((head_ + index) & (room_ - 1));
    }
    static void release(Stored* slots, std::size_t room) noexcept {
        if (slots != nullptr) std::allocator<Stored>().deallocate(slots, room);
    }
    void grow() {
        const std::size_t room = std::max<std::size_t>(room_ * 2, 4);
        Stored* slots = std::allocator<Stored>().allocate(room);
        for (std::size_t i = 0; i < size_; ++i) {
            std::construct_at(slots + i, std::move(*at(i)));
            std::destroy_at(at(i));
        }
        release(slots_, room_);
        slots_ = slots;
        room_ = room;
        head_ = 0;
    }

    Stored* slots_ = nullptr;
    std::size_t room_ = 0;  ///< A power of two, or 0.
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

/// Last in, first out.
template<class T>
class Stack {
public:
    using Item = T;
    using Stored = StoredItem<T>;

    [[nodiscard]] auto size() const noexcept -> std::size_t { return items_.size(); }
    void push(Stored&& item) { items_.push_back(std::move(item)); }
    void take(std::optional<Stored>& into) noexcept {
        into.emplace(std::move(items_.back()));
        items_.pop_back();
    }
    void clear() noexcept { items_.clear(); }

private:
    std::vector<Stored> items_;
};

/// The smallest first, and of equal ones the one that came first.
template<class T, class Compare>
class Heap {
public:
    using Item = T;
    using Stored = StoredItem<T>;

    Heap() = default;
    explicit Heap(Compare compare) : compare_(std::move(compare)) {}

    [[nodiscard]] auto size() const noexcept -> std::size_t { return entries_.size(); }
    void push(Stored&& item) {
        entries_.push_back(Entry{std::move(item), arrivals_++});
        std::push_heap(entries_.begin(), entries_.end(), Later{compare_});
    }
    void take(std::optional<Stored>& into) noexcept {
        std::pop_heap(entries_.begin(), entries_.end(), Later{compare_});
        into.emplace(std::move(entries_.back().item));
        entries_.pop_back();
    }
    void clear() noexcept { entries_.clear(); }

private:
    struct Entry {
        Stored item;
        std::uint64_t arrival;
    };
    struct Later {
        auto operator()(const Entry& a, const Entry& b) const -> bool {
            const T& left = item_in<T>(a.item);
            const T& right = item_in<T>(b.item);
            if (compare(right, left)) return true;
            return !compare(left, right) && b.arrival < a.arrival;
        }
        const Compare& compare;
    };

    std::vector<Entry> entries_;
    std::uint64_t arrivals_ = 0;
    [[no_unique_address]] Compare compare_;
};

}  // namespace internal
}  // namespace gyre
