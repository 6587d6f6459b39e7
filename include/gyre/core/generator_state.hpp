#pragma once

#include <gyre/core/dropped_work.hpp>
#include <gyre/core/task.hpp>
#include <gyre/core/try_finally.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace gyre::internal {

class GeneratorFrame;
class GeneratorWait;

/// A generator that has been read from: its strand, which stands still between two reads, and the scope of its frames.
///
/// Belongs to its `AsyncGenerator`; when that is dropped while clean-ups are due, to itself until they have run.
class GeneratorState final : public Strand, public Pooled, private DroppedWork {
public:
    /// @param first the frame of the generator, which has not started.
    GeneratorState(Frame& first, const Scope& reader);

    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;

    /// Runs on until the next `co_yield`, or the end. @return false if `reader` has to wait for that.
    auto advance(GeneratorWait& reader) noexcept -> bool;
    /// Ends it from its `co_yield` outward. @return false if `closer` has to wait for clean-ups.
    auto close(GeneratorWait& closer) noexcept -> bool;
    /// Its object is dropped: ends it, and then itself.
    void drop() noexcept;
    /// A frame has arrived at a `co_yield`. @return false if it must not: the generator is being closed.
    auto yielded(Frame& frame, void* value) noexcept -> bool;

    [[nodiscard]] auto belongs_to(const Scheduler& scheduler) const noexcept -> bool {
        return scope_.scheduler == &scheduler;
    }
    [[nodiscard]] auto over() const noexcept -> bool { return root == nullptr; }
    [[nodiscard]] auto busy() const noexcept -> bool { return waiting_ != nullptr; }
    /// The frame that reads or closes; null while nobody does.
    [[nodiscard]] auto reader() const noexcept -> const Frame*;
    /// The value that was yielded last, or null at the end. @throws the error it ended with, once; CancelledError.
    [[nodiscard]] auto take() -> void*;
    /// Throws the error of a clean-up, once.
    void check();
    /// The reader was cancelled.
    void interrupt_with(const CausePointer& cause) noexcept { scope_.receive(cause); }

    std::size_t cleanups = 0;  ///< How many `try_finally` are open in it.

private:
    [[nodiscard]] auto scheduler() const noexcept -> Scheduler& { return *scope_.scheduler; }
    [[nodiscard]] auto can_end_here() const noexcept -> bool;
    void open_scope(TaskNode* task) noexcept;
    void root_ended() noexcept;
    void destroy_frames() noexcept;
    void begin_closing(const char* reason) noexcept;
    auto told() noexcept -> Next;

    InnerScope scope_;
    Frame* yielding_ = nullptr;         ///< The frame that stands at its `co_yield`.
    GeneratorWait* waiting_ = nullptr;  ///< Who reads or closes.
    void* value_ = nullptr;
    std::exception_ptr error_;
    CausePointer cancelled_;  ///< It was unwound by a cancellation of its reader.
    bool closing_ = false;
    bool dropped_ = false;
};

/// A generator as its object holds it: the first frame as long as nobody has read, the state from then on.
class GeneratorHolder {
public:
    explicit GeneratorHolder(Frame& first) noexcept : first_(&first) {}
    GeneratorHolder(GeneratorHolder&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)),
          state_(std::exchange(other.state_, nullptr)),
          closed_(std::exchange(other.closed_, false)) {}
    auto operator=(GeneratorHolder&& other) noexcept -> GeneratorHolder& {
        std::swap(first_, other.first_);
        std::swap(state_, other.state_);
        std::swap(closed_, other.closed_);
        return *this;
    }
    ~GeneratorHolder();

    /// The state, made for the first read; null if it was closed before that.
    /// @throws InvalidStateError if it was moved from, or is read on another loop than before.
    auto state_for(const Scope& reader) -> GeneratorState*;
    [[nodiscard]] auto state() const noexcept -> GeneratorState* { return state_; }
    /// Drops a generator that nobody has read from. @return whether it was one.
    auto drop_unstarted() noexcept -> bool;
    /// Takes the frame of one that nobody has read from, to run it as part of another. @throws InvalidStateError.
    [[nodiscard]] auto release_unstarted() -> Frame&;

private:
    Frame* first_;
    GeneratorState* state_ = nullptr;
    bool closed_ = false;  ///< Before anybody had read from it.
};

/// `next` and `close`: a wait for a generator.
class GeneratorWait : public Wait {
public:
    GeneratorWait(GeneratorWait&& other) noexcept
        : Wait(static_cast<Wait&&>(other)), holder_(other.holder_), closes_(other.closes_) {}
    auto operator=(GeneratorWait&&) -> GeneratorWait& = delete;

    [[nodiscard]] auto await_ready() -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::generator, state_, closes_ ? "close" : "next"};
    }
    [[nodiscard]] auto strand_at(std::size_t index) const noexcept -> const Strand* override {
        return index == 0 ? state_ : nullptr;
    }

    [[nodiscard]] auto frame() const noexcept -> Frame& { return *frame_; }
    [[nodiscard]] auto closes() const noexcept -> bool { return closes_; }
    /// The generator is gone, dropped by somebody else.
    void abandon() noexcept {
        state_ = nullptr;
        holder_ = nullptr;
    }
    void waits() noexcept { frame_->wait_on(*this); }
    void waits_no_more() noexcept { frame_->wait_on_nothing(); }

protected:
    GeneratorWait(GeneratorHolder& holder, bool closes) noexcept : holder_(&holder), closes_(closes) {}
    ~GeneratorWait() = default;

    /// What `next` gives, or null. @throws as `GeneratorState::take`.
    [[nodiscard]] auto take() -> void*;

private:
    GeneratorHolder* holder_;
    GeneratorState* state_ = nullptr;
    bool closes_;
    bool refused_ = false;  ///< It did not begin, because its scope was cancelled.
};

inline auto GeneratorState::reader() const noexcept -> const Frame* {
    return waiting_ != nullptr ? &waiting_->frame() : nullptr;
}

/// Base of the promise of a generator's frame.
class GeneratorFrame : public PromiseBase {
public:
    void return_void() noexcept { state = State::value; }
    void unhandled_exception() noexcept { fail(); }
    /// What it ended with; null if that was no error.
    [[nodiscard]] auto failure() const noexcept -> std::exception_ptr {
        return state == State::error ? error() : std::exception_ptr();
    }

    GeneratorState* generator = nullptr;  ///< The whole that it is part of; set when it starts.
};

/// What a frame waits on at its `co_yield`.
class CoYieldWait : public Wait {
public:
    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_resume() const noexcept {}

    void cancel() noexcept override { scheduler().stop(*frame_); }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::generator, nullptr, "co_yield"};
    }

protected:
    explicit CoYieldWait(GeneratorFrame& frame) noexcept : generator_(*frame.generator) { attach(frame); }
    ~CoYieldWait() = default;
    /// Also in a cancelled scope: what has come so far is given, and not lost.
    void yield(void* value) noexcept {
        frame_->wait_on(*this);
        if (!generator_.yielded(*frame_, value)) scheduler().stop(*frame_);
    }

private:
    GeneratorState& generator_;
};

/// `co_yield` of an object that outlives the wait.
class CoYieldReference final : public CoYieldWait {
public:
    CoYieldReference(GeneratorFrame& frame, void* value) noexcept : CoYieldWait(frame), value_(value) {}
    void await_suspend(std::coroutine_handle<>) noexcept { yield(value_); }

private:
    void* value_;
};

/// `co_yield` of something from which a value is made.
template<class T>
class CoYieldCopy final : public CoYieldWait {
public:
    template<class U>
    CoYieldCopy(GeneratorFrame& frame, U&& value) : CoYieldWait(frame), value_(std::forward<U>(value)) {}
    void await_suspend(std::coroutine_handle<>) noexcept { yield(&value_); }

private:
    T value_;
};

/// `co_yield` of a whole generator: its frames run in place of this one.
class DelegateAwaiter final : private ChildLink {
public:
    DelegateAwaiter(GeneratorFrame& parent, Frame& first) noexcept : parent_(parent) {
        child = &first;
        static_cast<GeneratorFrame&>(first).generator = parent.generator;
    }
    DelegateAwaiter(const DelegateAwaiter&) = delete;
    auto operator=(const DelegateAwaiter&) -> DelegateAwaiter& = delete;
    ~DelegateAwaiter() {
        if (child != nullptr) child->destroy();
    }

    auto await_ready() noexcept -> bool { return start_child(parent_, *this); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() {
        auto& ended = static_cast<GeneratorFrame&>(*std::exchange(child, nullptr));
        const std::exception_ptr error = ended.failure();
        ended.destroy();
        if (error != nullptr) std::rethrow_exception(error);
    }

private:
    GeneratorFrame& parent_;
};

/// `try_finally` around the elements of a generator, as part of another one.
template<class C>
class ElementsFinally final : public FinallyWait {
public:
    ElementsFinally(GeneratorHolder elements, C cleanup)
        : elements_(std::move(elements)), cleanup_(std::move(cleanup)) {}
    ElementsFinally(ElementsFinally&& other) noexcept(std::is_nothrow_move_constructible_v<C>)
        : FinallyWait(static_cast<FinallyWait&&>(other)),
          elements_(std::move(other.elements_)),
          cleanup_(std::move(other.cleanup_)) {}
    auto operator=(ElementsFinally&&) -> ElementsFinally& = delete;
    ~ElementsFinally() { leave(); }

    auto await_ready() -> bool {
        Frame& first = elements_.release_unstarted();
        generator_ = static_cast<GeneratorFrame*>(frame_)->generator;
        static_cast<GeneratorFrame&>(first).generator = generator_;
        ++generator_->cleanups;
        return start(first);
    }
    void await_resume() {
        leave();
        finish(error_);
        if (error_ != nullptr) std::rethrow_exception(error_);
    }

private:
    void leave() noexcept {
        if (generator_ != nullptr) --std::exchange(generator_, nullptr)->cleanups;
    }
    void take_body(Frame& body) noexcept override {
        error_ = static_cast<GeneratorFrame&>(body).failure();
        body.destroy();
    }
    auto begin_cleanup() -> Frame& override { return begin_work(cleanup_).release(); }
    auto take_cleanup(Frame& cleanup) noexcept -> std::exception_ptr override {
        return take_outcome<WorkResult<C>>(cleanup).error();
    }

    GeneratorHolder elements_;
    C cleanup_;
    GeneratorState* generator_ = nullptr;
    std::exception_ptr error_;
};

}  // namespace gyre::internal
