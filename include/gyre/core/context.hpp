#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace gyre::internal {

/// The values of task-local variables, shared by all who see the same ones: a copy is made when one of them sets a value.
/// Thread: one loop's.
struct Context {
    struct Value {
        const void* variable;
        std::shared_ptr<const void> value;
    };
    std::vector<Value> values;
    std::uint32_t references = 1;
};

/// A view of the values: one word. Null: nothing was set.
class ContextPointer {
public:
    ContextPointer() noexcept = default;
    ContextPointer(const ContextPointer& other) noexcept : context_(other.context_) {
        if (context_ != nullptr) ++context_->references;
    }
    ContextPointer(ContextPointer&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
    auto operator=(ContextPointer other) noexcept -> ContextPointer& {
        std::swap(context_, other.context_);
        return *this;
    }
    ~ContextPointer() {
        if (context_ != nullptr && --context_->references == 0) delete context_;
    }
    explicit operator bool() const noexcept { return context_ != nullptr; }

    /// The value of `variable`, or null. Valid until it is set here.
    [[nodiscard]] auto find(const void* variable) const noexcept -> const std::shared_ptr<const void>*;
    /// Sets it here and for nobody else; null: unsets it. @return what it was.
    auto set(const void* variable, std::shared_ptr<const void> value) -> std::shared_ptr<const void>;
    /// The same values in a view that shares nothing with this one but the values themselves: for another thread.
    [[nodiscard]] auto copy() const -> ContextPointer;

private:
    void make_own();

    Context* context_ = nullptr;
};

/// The values that some code had, for threads on which no loop runs. They are never changed; null: none.
using ContextSnapshot = std::shared_ptr<const ContextPointer>;

/// While it lives, code on this thread sees these values, unless a loop runs there; what it sets is its own.
class ThreadContext {
public:
    explicit ThreadContext(const ContextPointer* given) noexcept;
    ThreadContext(const ThreadContext&) = delete;
    auto operator=(const ThreadContext&) -> ThreadContext& = delete;
    ~ThreadContext();

    /// The innermost one of this thread, or null.
    [[nodiscard]] static auto current() noexcept -> ThreadContext*;
    [[nodiscard]] auto values() const noexcept -> const ContextPointer&;
    [[nodiscard]] auto own_values() -> ContextPointer&;

private:
    static auto innermost() noexcept -> ThreadContext*&;

    const ContextPointer* given_;
    ContextPointer own_;
    bool has_own_ = false;
    ThreadContext* outer_;
};

}  // namespace gyre::internal
