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

private:
    void make_own();

    Context* context_ = nullptr;
};

}  // namespace gyre::internal
