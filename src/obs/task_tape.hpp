#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gyre::obs {

/// Entries of plain values and texts, written now and read later, elsewhere. One of a fixed size takes no memory while it is
/// written, as a signal handler needs it.
class TaskTape {
public:
    TaskTape() = default;
    /// Takes so many bytes now, and no more. @throws std::bad_alloc.
    explicit TaskTape(std::size_t fixed_bytes) : grows_(false) { add_block(fixed_bytes); }

    /// Begins an entry. @return false if there is no room for any.
    [[nodiscard]] auto begin() -> bool {
        if (blocks_.empty() || blocks_.back().used + least_room > blocks_.back().size) return begin_in_new_block();
        start();
        return true;
    }
    /// The same, in a block of its own. @return false if there is none to be had.
    [[nodiscard]] auto begin_in_new_block() -> bool {
        if (!grows_) return false;
        add_block(block_size);
        start();
        return true;
    }
    /// Ends the entry. @return false if it had no room: then it is gone.
    [[nodiscard]] auto end() noexcept -> bool {
        if (overflow_) blocks_.back().used = entry_;
        if (!overflow_) ++entries_;
        return !overflow_;
    }

    template<class T>
    void put(const T& value) noexcept {
        static_assert(std::is_trivially_copyable_v<T>);
        put_bytes(&value, sizeof value);
    }
    void put_text(std::string_view text) noexcept {
        text = text.substr(0, longest_text);
        put(static_cast<std::uint32_t>(text.size()));
        put_bytes(text.data(), text.size());
    }

    [[nodiscard]] auto entries() const noexcept -> std::size_t { return entries_; }

    /// Reads what was written, in the same order; the texts refer to the tape.
    class Reading {
    public:
        explicit Reading(const TaskTape& tape) noexcept : tape_(&tape) {}
        /// At the begin of each entry.
        void next_entry() noexcept {
            while (at_ == tape_->blocks_[block_].used) {
                ++block_;
                at_ = 0;
            }
        }
        template<class T>
        [[nodiscard]] auto take() noexcept -> T {
            static_assert(std::is_trivially_copyable_v<T>);
            alignas(T) std::byte bytes[sizeof(T)];
            std::memcpy(bytes, take_bytes(sizeof(T)), sizeof(T));
            return *std::launder(reinterpret_cast<T*>(bytes));
        }
        [[nodiscard]] auto take_text() noexcept -> std::string_view {
            const auto size = take<std::uint32_t>();
            return {reinterpret_cast<const char*>(take_bytes(size)), size};
        }

    private:
        auto take_bytes(std::size_t count) noexcept -> const std::byte* {
            const std::byte* from = tape_->blocks_[block_].bytes.get() + at_;
            at_ += count;
            return from;
        }

        const TaskTape* tape_;
        std::size_t block_ = 0;
        std::size_t at_ = 0;
    };

private:
    struct Block {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
        std::size_t used = 0;
    };
    static constexpr std::size_t block_size = 256 * 1024;
    static constexpr std::size_t least_room = 1024;
    static constexpr std::size_t longest_text = 1024;

    void add_block(std::size_t size) {
        blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size, 0});
    }
    void start() noexcept {
        entry_ = blocks_.back().used;
        overflow_ = false;
    }
    void put_bytes(const void* from, std::size_t count) noexcept {
        Block& block = blocks_.back();
        overflow_ = overflow_ || count > block.size - block.used;
        if (overflow_ || count == 0) return;
        std::memcpy(block.bytes.get() + block.used, from, count);
        block.used += count;
    }

    std::vector<Block> blocks_;
    std::size_t entry_ = 0;  ///< Where the present one begins, in the last block.
    std::size_t entries_ = 0;
    bool grows_ = true;
    bool overflow_ = false;
};

}  // namespace gyre::obs
