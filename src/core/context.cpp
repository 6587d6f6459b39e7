#include <gyre/core/context.hpp>

#include <algorithm>

namespace gyre::internal {

auto ContextPointer::find(const void* variable) const noexcept -> const std::shared_ptr<const void>* {
    if (context_ == nullptr) return nullptr;
    for (const auto& value : context_->values) {
        if (value.variable == variable) return &value.value;
    }
    return nullptr;
}

void ContextPointer::make_own() {
    if (context_ == nullptr) {
        context_ = new Context;
    } else if (context_->references > 1) {
        auto copy = std::make_unique<Context>();
        copy->values = context_->values;
        --context_->references;
        context_ = copy.release();
    }
}

auto ContextPointer::copy() const -> ContextPointer {
    ContextPointer other;
    if (context_ != nullptr && !context_->values.empty()) {
        other.context_ = std::make_unique<Context>(Context{context_->values, 1}).release();
    }
    return other;
}

auto ContextPointer::set(const void* variable, std::shared_ptr<const void> value) -> std::shared_ptr<const void> {
    make_own();
    auto& values = context_->values;
    const auto place = std::find_if(
        values.begin(), values.end(), [&](const auto& known) { return known.variable == variable; });
    if (place == values.end()) {
        if (value != nullptr) values.push_back({variable, std::move(value)});
        return nullptr;
    }
    auto before = std::exchange(place->value, std::move(value));
    if (place->value == nullptr) values.erase(place);
    return before;
}

// Never inlined: the address of a thread-local must not be kept across a suspension (llvm.org/PR47179).
[[gnu::noinline]] auto ThreadContext::innermost() noexcept -> ThreadContext*& {
    static thread_local ThreadContext* context = nullptr;
    return context;
}

ThreadContext::ThreadContext(const ContextPointer* given) noexcept
    : given_(given), outer_(std::exchange(innermost(), this)) {}

ThreadContext::~ThreadContext() { innermost() = outer_; }

auto ThreadContext::current() noexcept -> ThreadContext* { return innermost(); }

auto ThreadContext::values() const noexcept -> const ContextPointer& {
    return has_own_ || given_ == nullptr ? own_ : *given_;
}

auto ThreadContext::own_values() -> ContextPointer& {
    if (!has_own_ && given_ != nullptr) own_ = given_->copy();
    has_own_ = true;
    return own_;
}

}  // namespace gyre::internal
