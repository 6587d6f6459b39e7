#pragma once

#include <gyre/backend/ticks.hpp>
#include <gyre/core/io_kind.hpp>
#include <gyre/core/recorder_options.hpp>
#include <gyre/core/task_node.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::internal {

/// A place as one word, and back.
[[nodiscard]] inline auto word_of(const std::source_location& where) noexcept -> std::uintptr_t {
    static_assert(sizeof(std::source_location) == sizeof(std::uintptr_t));
    return std::bit_cast<std::uintptr_t>(where);
}
[[nodiscard]] inline auto place_of(std::uintptr_t word) noexcept -> std::source_location {
    return std::bit_cast<std::source_location>(word);
}

/// Where an object is looked up in a small table, of a size that is a power of two.
[[nodiscard]] inline auto slot_of(const void* object, std::size_t size) noexcept -> std::size_t {
    const auto word = reinterpret_cast<std::uintptr_t>(object);
    return (word >> 4U ^ word >> 12U) & (size - 1);
}

/// Texts and chains of lines that events name by a number. Each is kept once and never changes; what no longer fits gets 0.
///
/// Thread: the writer's. Others may read what an event names that they have got from `Tape`, which was there before it.
class TapeNames {
public:
    static constexpr std::size_t most_texts = 1U << 14;
    static constexpr std::size_t most_chains = 1U << 14;
    static constexpr std::size_t longest_text = 120;
    static constexpr std::size_t longest_chain = 64;

    TapeNames();
    TapeNames(const TapeNames&) = delete;
    auto operator=(const TapeNames&) -> TapeNames& = delete;
    ~TapeNames() = default;

    [[nodiscard]] auto number_of(std::string_view text) noexcept -> std::uint32_t;
    /// The same for a text that is there for ever: what was looked up is known by its address.
    [[nodiscard]] auto number_of_constant(std::string_view text) noexcept -> std::uint32_t;
    /// The lines at which the frames above `leaf` and it itself stand, the innermost first.
    [[nodiscard]] auto chain_of(const Frame& leaf) noexcept -> std::uint32_t;

    [[nodiscard]] auto text(std::uint32_t number) const noexcept -> std::string_view;
    [[nodiscard]] auto chain(std::uint32_t number) const noexcept -> std::span<const std::uintptr_t>;

private:
    static constexpr std::size_t text_bytes = 1U << 19;
    static constexpr std::size_t chain_places = 1U << 16;

    struct Piece {
        std::uint64_t hash = 0;
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    /// By hash, with room for twice as many: the number of what is there.
    using Table = std::unique_ptr<std::array<std::uint16_t, most_texts * 2>>;

    struct Constant {
        const char* text = nullptr;
        std::uint32_t number = 0;
    };
    /// A chain as it was looked up for a frame; whether it still is that one is seen on the way up.
    struct Recent {
        const Frame* leaf = nullptr;
        std::uint32_t number = 0;
    };

    [[nodiscard]] auto is_chain_of(const Frame& leaf, std::uint32_t number) const noexcept -> bool;
    [[nodiscard]] auto find_chain_of(const Frame& leaf) noexcept -> std::uint32_t;

    std::unique_ptr<char[]> bytes_;
    std::unique_ptr<std::uintptr_t[]> places_;
    std::unique_ptr<Piece[]> texts_;
    std::unique_ptr<Piece[]> chains_;
    Table text_table_;
    Table chain_table_;
    std::array<Constant, 32> constants_{};
    std::array<Recent, 256> recent_{};
    std::uint32_t text_count_ = 1;
    std::uint32_t chain_count_ = 1;
    std::uint32_t bytes_used_ = 0;
    std::uint32_t places_used_ = 0;
};

/// The recorder of a loop: the last events of its life, in a ring of a fixed size that the oldest make room in.
///
/// Thread: the loop's, except `read`, `stop` and what is said so. A reader never waits for the loop, nor it for him.
class Tape {
public:
    enum class Kind : std::uint8_t { none, spawn, wake, run, pause, end, cancel, io_begin, io_end, turn, found };
    /// Who woke a task: another one (or itself), or what the loop was doing.
    enum class By : std::uint8_t { task, io, timer, callback };
    /// How a slice begins.
    enum class Run : std::uint8_t { resumed, eager, continued };

    /// As it lies in the ring. Addresses have 48 bits.
    struct Event {
        std::uint64_t ticks;
        std::uint64_t task;    ///< Address | kind << 48 | detail << 56.
        std::uint64_t second;  ///< 48 bits | 16 bits.
        std::uint64_t third;
    };
    static constexpr std::uint8_t no_wait = 0xff;  ///< Detail of a `pause` whose task does not say what it waits for.
    static constexpr std::uint8_t stops = 0x80;    ///< In the detail of a `wake`: to be unwound.

    /// Who is told of what may be a reason to stop. Thread: the loop's.
    class Listener {
    public:
        Listener() = default;
        Listener(const Listener&) = delete;
        auto operator=(const Listener&) -> Listener& = delete;
        virtual ~Listener() = default;
        virtual void deadlock_found(std::string_view text) noexcept = 0;
        /// Now and then.
        virtual void measured(const LoopHistograms& histograms) noexcept = 0;
    };

    /// @throws std::bad_alloc.
    /// @param backend the name of the loop's; always valid.
    Tape(EventLoop& loop, std::string_view backend, std::size_t bytes, const RecorderOptions& how,
        std::unique_ptr<Listener> listener);
    Tape(const Tape&) = delete;
    auto operator=(const Tape&) -> Tape& = delete;
    ~Tape() = default;

    /// From here on the loop tells it. It notes the tasks that are there, and what they wait for.
    void attached() noexcept;
    void spawned(const TaskNode& task) noexcept;
    void woken(const TaskNode& task, bool to_stop) noexcept {
        const By by = running_ != nullptr ? By::task : source;
        write(Kind::wake, &task, static_cast<std::uint8_t>(static_cast<std::uint8_t>(by) | (to_stop ? stops : 0)),
            address(running_), 0);
    }
    void runs(const TaskNode& task, Run how) noexcept;
    /// @param frame of the task, suspended; its last one is what the task stands at. Null: that is not known.
    void paused(const TaskNode& task, const Frame* frame) noexcept;
    /// The loop has run what it could: the slice is over in the middle of which this was put on.
    void slices_over(const Frame* last) noexcept {
        if (open_ != nullptr) paused(*open_, last);
    }
    /// Nobody runs: a task that began in a callback has paused or ended.
    void rests() noexcept { running_ = nullptr; }
    void ended(const TaskNode& task) noexcept;
    void cancelled(const Scope& scope) noexcept;
    void io_began(const Frame& frame, IoKind kind, int descriptor) noexcept;
    void io_ended(const Frame& frame, IoKind kind, std::int64_t result) noexcept;
    void turn(std::size_t ready) noexcept { write(Kind::turn, nullptr, 0, ready, tasks_); }
    void deadlock_found(std::string_view text) noexcept { listener_->deadlock_found(text); }
    void measured(const LoopHistograms& histograms) noexcept { listener_->measured(histograms); }

    By source = By::io;  ///< What the loop is doing outside of tasks.

    /// Nothing more is written. @return whether it was so before. Thread: any.
    auto stop() noexcept -> bool {
        if (stopped_.exchange(true, std::memory_order_acq_rel)) return true;
        ended_.store(ticks_now(), std::memory_order_release);
        return false;
    }
    [[nodiscard]] auto stopped() const noexcept -> bool { return stopped_.load(std::memory_order_acquire); }
    /// Appends what is in the ring to `events`, the oldest first. @return how many were overwritten. Thread: any.
    auto read(std::vector<Event>& events) const -> std::uint64_t;
    /// Thread: any, for what `read` gave.
    [[nodiscard]] auto names() const noexcept -> const TapeNames& { return names_; }
    /// The time of ticks, by the loop's clock. Thread: any.
    class Scale {
    public:
        explicit Scale(const Tape& tape) noexcept;
        [[nodiscard]] auto time_of(std::uint64_t ticks) const noexcept -> Time;
        /// Nothing where the loop's clock stands still between its turns.
        [[nodiscard]] auto now() const noexcept -> std::optional<Time> {
            return end_ == Time{} ? std::nullopt : std::optional<Time>(end_);
        }
        /// Since when the loop has told the tape everything; as long as it has not come back to begin, when it was asked to.
        [[nodiscard]] auto begin() const noexcept -> std::optional<Time> { return begin_; }
        /// When the tape was stopped.
        [[nodiscard]] auto stop() const noexcept -> std::optional<Time> { return stop_; }

    private:
        std::uint64_t end_ticks_ = 0;
        Time end_{};
        std::optional<Time> begin_;
        std::optional<Time> stop_;
        double length_ = 1;  ///< Of a tick, in nanoseconds.
        bool is_time_ = true;
    };

    static constexpr std::uint64_t address_bits = (std::uint64_t{1} << 48U) - 1;

    /// Why it was stopped; empty: nobody said. Thread: any.
    void set_reason(std::string reason);
    [[nodiscard]] auto reason() const -> std::string;

    const RecorderOptions options;
    const std::string_view backend_name;  ///< Of the loop.

private:
    static auto address(const void* object) noexcept -> std::uint64_t {
        return reinterpret_cast<std::uintptr_t>(object) & address_bits;
    }
    /// The name of a task as it lies in an event. A later one with the same address says so when it is spawned.
    struct Title {
        const TaskNode* task = nullptr;
        std::uint64_t word = 0;
    };
    [[nodiscard]] auto title_of(const TaskNode& task) noexcept -> std::uint64_t {
        Title& known = titles_[slot_of(&task, titles_.size())];
        if (known.task != &task) [[unlikely]]
            known = {&task, static_cast<std::uint64_t>(names_.number_of(task.name())) << 48U};
        return known.word;
    }
    [[nodiscard]] auto now() const noexcept -> std::uint64_t;
    static constexpr std::uint64_t not_known = ~std::uint64_t{0};
    /// The same from any thread; `not_known` where only the loop's may ask its clock.
    [[nodiscard]] auto ticks_now() const noexcept -> std::uint64_t;
    void note_tasks() noexcept;
    /// Where a task stands. @param frame as of `paused`.
    void stands(const TaskNode& task, const Frame* frame) noexcept;
    void write(Kind kind, const void* task, std::uint8_t detail, std::uint64_t second, std::uint64_t third) noexcept {
        if (stopped_.load(std::memory_order_relaxed)) return;
        const std::uint64_t count = count_.load(std::memory_order_relaxed);
        // Who sees a word of this event sees the count that was before it, and does not take it for an older one.
        std::atomic_thread_fence(std::memory_order_release);
        std::atomic<std::uint64_t>* word = &ring_[(count & mask_) * 4];
        word[0].store(ticking_ ? backend::ticks() : now(), std::memory_order_relaxed);
        word[1].store(
            address(task) | static_cast<std::uint64_t>(kind) << 48U | static_cast<std::uint64_t>(detail) << 56U,
            std::memory_order_relaxed);
        word[2].store(second, std::memory_order_relaxed);
        word[3].store(third, std::memory_order_relaxed);
        count_.store(count + 1, std::memory_order_release);
    }

    EventLoop& loop_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> ring_;
    std::uint64_t mask_;
    std::atomic<std::uint64_t> count_{0};
    std::atomic<bool> stopped_{false};
    std::atomic<std::uint64_t> begun_{not_known};  ///< As events are dated.
    std::atomic<std::uint64_t> ended_{not_known};  ///< Likewise.
    bool ticking_;                                 ///< Dated in ticks; else by the loop's clock.
    std::uint64_t first_ticks_ = 0;
    Time first_{};
    const TaskNode* running_ = nullptr;
    const TaskNode* open_ = nullptr;  ///< Runs in a slice of which the loop may not say that it is over.
    std::uint64_t tasks_ = 0;         ///< How many live.
    std::array<Title, 256> titles_{};
    TapeNames names_;
    std::unique_ptr<Listener> listener_;
    mutable std::mutex mutex_;  ///< Of `reason_`.
    std::string reason_;
};

/// Where other threads find the tape of a loop.
class TapeSlot {
public:
    explicit TapeSlot(std::string_view backend) noexcept : backend_name(backend) {}

    [[nodiscard]] auto get() const -> std::shared_ptr<Tape> {
        const std::lock_guard lock(mutex_);
        return tape_;
    }
    /// @return false, and nothing has changed: there is another one now than `before`.
    [[nodiscard]] auto replace(const std::shared_ptr<Tape>& before, std::shared_ptr<Tape> tape) -> bool {
        const std::lock_guard lock(mutex_);
        if (tape_ != before) return false;
        tape_.swap(tape);
        return true;
    }

    const std::string_view backend_name;  ///< Of the loop, also when it has none any more.
    std::atomic<bool> triggered{false};   ///< Of the first loop of a run: a trigger has stopped the recorders of all.

private:
    mutable std::mutex mutex_;
    std::shared_ptr<Tape> tape_;
};

/// As `obs::start_recording`. This floor only calls it.
void start_recorder(EventLoop& loop, const RecorderOptions& options);

}  // namespace gyre::internal
