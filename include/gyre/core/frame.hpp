#pragma once

#include <gyre/core/frame_pool.hpp>
#include <gyre/core/wait_record.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>

/// The coroutine machine: what a frame, a wait and a strand are. Users never name these; every awaitable is made of them.
///
/// A *frame* is a suspended or running coroutine. It has one continuation: the frame that awaits it, or a strand.
/// A *strand* is a line of frames that runs on its own: a spawned task, a branch of `gather`, the body of a scope.
/// A *wait* is what the last frame of a strand is suspended on. Only the loop resumes and destroys frames; a wait ends
/// by handing its frame to the scheduler, to be resumed (`wake`) or unwound (`stop`).
namespace gyre::internal {

class Frame;
class Scheduler;
class Scope;
class Strand;
class Wait;

/// How many children may be started inside one another on the native stack; deeper ones are started by the loop.
inline constexpr int inline_depth_limit = 128;

/// What the scheduler does next: resume `frame`, or unwind from it.
struct Next {
    Frame* frame = nullptr;
    bool stop = false;
};

/// The link from an awaiting frame to its child; lives in the awaiting frame and owns the child.
struct ChildLink {
    Frame* child = nullptr;
};

/// Base of every promise: the marks and links that each coroutine frame carries.
class Frame {
public:
    enum class State : std::uint8_t { unstarted, running, value, error };
    /// What happens when its turn in the ready queue comes.
    enum class Turn : std::uint8_t { resume, start, stop };

    Frame() noexcept : location_() {}
    Frame(const Frame&) = delete;
    auto operator=(const Frame&) -> Frame& = delete;

    static auto operator new(std::size_t size) -> void* { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

    [[nodiscard]] auto handle() noexcept { return std::coroutine_handle<Frame>::from_promise(*this); }
    [[nodiscard]] auto done() const noexcept -> bool { return state >= State::value; }
    void destroy() noexcept { handle().destroy(); }

    void continue_with(Frame& parent) noexcept { continuation_ = reinterpret_cast<std::uintptr_t>(&parent); }
    void continue_with(Strand& strand) noexcept { continuation_ = reinterpret_cast<std::uintptr_t>(&strand) | 1; }
    /// The frame that awaits this one, or null at the root of a strand.
    [[nodiscard]] auto parent() const noexcept -> Frame* {
        return (continuation_ & 1) != 0 ? nullptr : reinterpret_cast<Frame*>(continuation_);
    }
    /// The strand that this frame is the root of, or null.
    [[nodiscard]] auto strand() const noexcept -> Strand* {
        return (continuation_ & 1) != 0 ? reinterpret_cast<Strand*>(continuation_ & ~std::uintptr_t{1}) : nullptr;
    }

    void wait_on(Wait& wait) noexcept { awaiting_ = reinterpret_cast<std::uintptr_t>(&wait); }
    void wait_on(ChildLink& link) noexcept { awaiting_ = reinterpret_cast<std::uintptr_t>(&link) | 1; }
    void wait_on_nothing() noexcept { awaiting_ = 0; }
    [[nodiscard]] auto wait() const noexcept -> Wait* {
        return (awaiting_ & 1) != 0 ? nullptr : reinterpret_cast<Wait*>(awaiting_);
    }
    [[nodiscard]] auto child_link() const noexcept -> ChildLink* {
        return (awaiting_ & 1) != 0 ? reinterpret_cast<ChildLink*>(awaiting_ & ~std::uintptr_t{1}) : nullptr;
    }

    /// Of the current or last `co_await`; none once it has failed.
    [[nodiscard]] auto location() const noexcept -> std::source_location {
        return state == State::error ? std::source_location() : location_;
    }
    void stand_at([[maybe_unused]] std::source_location where) noexcept {
#ifndef GYRE_NO_MARKS  // see GYRE_MARKS of the build: without them there is nothing to see, and something to compare with
        location_ = where;
#endif
    }
    /// What it ended with, if its state is `error`.
    [[nodiscard]] auto error() const noexcept -> const std::exception_ptr& { return error_; }

    Scope* scope = nullptr;  ///< The innermost cancel scope; set when the frame starts.
    State state = State::unstarted;
    bool starting = false;  ///< Its starter is on the native stack and will look at the outcome itself.
    bool queued = false;    ///< In the ready queue.
    Turn turn = Turn::resume;

protected:
    ~Frame() {
        if (state == State::error) std::destroy_at(&error_);
    }
    /// It ends with the exception that is being handled.
    void fail() noexcept {
        state = State::error;  // first: from here on `location_` is none, for a signal handler too
        ::new (static_cast<void*>(&error_)) std::exception_ptr(std::current_exception());
    }

private:
    friend class DebugLayout;

    std::uintptr_t continuation_ = 0;  ///< Frame*, or Strand* | 1.
    std::uintptr_t awaiting_ = 0;      ///< 0, Wait*, or ChildLink* | 1.
    union {
        std::source_location location_;  ///< As long as it has not failed.
        std::exception_ptr error_;
    };
};

/// A line of frames that runs on its own, and whoever is told when it ends.
class Strand {
public:
    Strand() = default;
    Strand(const Strand&) = delete;
    auto operator=(const Strand&) -> Strand& = delete;

    Frame* root = nullptr;

    /// The root has ended with a value or an error, which are still in its frame; the callee destroys it when it has them.
    virtual auto ended() noexcept -> Next = 0;

    /// The strand was cancelled and all its frames are gone.
    virtual auto stopped() noexcept -> Next = 0;

    /// The frame in whose place this strand runs, and which does nothing meanwhile; null if others may run beside it.
    [[nodiscard]] virtual auto in_place_of() const noexcept -> Frame* { return nullptr; }

protected:
    ~Strand() = default;
};

/// What the last frame of a strand is suspended on. Lives in that frame, or in its awaiter.
class Wait {
public:
    /// Before the wait has begun it may be moved; afterwards its address is known.
    Wait(Wait&& other) noexcept : frame_(other.frame_) {}
    auto operator=(Wait&&) -> Wait& = delete;

    /// Called by the awaiting promise before anything else.
    void attach(Frame& frame) noexcept { frame_ = &frame; }

    /// Asked to stop. Answers now or later with `Scheduler::stop`, or with `wake` if it has completed all the same.
    virtual void cancel() noexcept = 0;

    /// The strand that runs in place of the awaiting frame and in the same scope, which is asked to stop instead; or null.
    [[nodiscard]] virtual auto strand_inside() noexcept -> Strand* { return nullptr; }

    /// Asks every strand that this wait has under a scope of its own to stop; only composite waits have any.
    virtual void interrupt() noexcept {}

    /// Work was dropped in the scope of this wait that still has to clean up, or that has ended (then `begun` is false).
    virtual void left_behind(bool begun) noexcept { static_cast<void>(begun); }

    [[nodiscard]] virtual auto record() const noexcept -> WaitRecord = 0;

    /// A task that holds a part of what is waited for (a permit), for readers: number 0, 1 and so on; null past the last. It
    /// may have ended.
    [[nodiscard]] virtual auto holder_at(std::size_t index) const noexcept -> const TaskNode* {
        static_cast<void>(index);
        return nullptr;
    }

    /// A strand that runs inside this wait, for readers: number 0, 1 and so on; null past the last.
    [[nodiscard]] virtual auto strand_at(std::size_t index) const noexcept -> const Strand* {
        static_cast<void>(index);
        return nullptr;
    }

protected:
    constexpr Wait() noexcept = default;
    ~Wait() = default;

    /// Marks the frame as suspended on this wait. False if its scope is cancelled: the wait has then ended already.
    [[nodiscard]] auto begin() noexcept -> bool;
    /// Whether the awaiting frame is inside a cancelled scope, so that the wait must not complete at once either.
    [[nodiscard]] auto interrupted() const noexcept -> bool;
    [[nodiscard]] auto scheduler() const noexcept -> Scheduler&;

    Frame* frame_ = nullptr;
};

}  // namespace gyre::internal
