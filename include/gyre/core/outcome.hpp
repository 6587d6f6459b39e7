#pragma once

#include <gyre/core/errors.hpp>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace gyre {

namespace internal {
/// What stands for a value of type void or of a reference type in a container.
struct Nothing {};
template<class T>
using Regular = std::conditional_t<std::is_void_v<T>, Nothing,
    std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;
}  // namespace internal

/// How some work ended: with a value, an error, or cancelled.
template<class T = void>
class [[nodiscard]] Outcome {
public:
    [[nodiscard]] static auto from_value(internal::Regular<T> value) -> Outcome {
        return Outcome(State(std::in_place_index<0>, std::move(value)));
    }
    [[nodiscard]] static auto from_error(std::exception_ptr error) -> Outcome {
        return Outcome(State(std::in_place_index<1>, std::move(error)));
    }
    [[nodiscard]] static auto from_cancelled(internal::CausePointer cause) -> Outcome {
        return Outcome(State(std::in_place_index<2>, std::move(cause)));
    }

    [[nodiscard]] auto has_value() const noexcept -> bool { return state_.index() == 0; }
    [[nodiscard]] auto is_error() const noexcept -> bool { return state_.index() == 1; }
    [[nodiscard]] auto is_cancelled() const noexcept -> bool { return state_.index() == 2; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value. @throws the error, or CancelledError.
    auto value() const& -> std::add_lvalue_reference_t<const T>
        requires(!std::is_void_v<T>)
    {
        check();
        if constexpr (std::is_reference_v<T>) {
            return *std::get<0>(state_);
        } else {
            return std::get<0>(state_);
        }
    }
    /// Moves the value out. @throws the error, or CancelledError.
    auto value() && -> T {
        check();
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(*std::get<0>(state_));
        } else if constexpr (!std::is_void_v<T>) {
            return std::get<0>(std::move(state_));
        }
    }
    void value() const&
        requires std::is_void_v<T>
    {
        check();
    }

    /// The error; null if there is none.
    [[nodiscard]] auto error() const noexcept -> std::exception_ptr {
        return is_error() ? *std::get_if<1>(&state_) : nullptr;
    }
    /// Who cancelled it; null if nobody.
    [[nodiscard]] auto cause() const noexcept -> const CancelCause* {
        return is_cancelled() ? std::get_if<2>(&state_)->get() : nullptr;
    }

private:
    using State = std::variant<internal::Regular<T>, std::exception_ptr, internal::CausePointer>;
    explicit Outcome(State state) : state_(std::move(state)) {}

    void check() const {
        if (is_error()) std::rethrow_exception(*std::get_if<1>(&state_));
        if (is_cancelled()) throw CancelledError(*std::get_if<2>(&state_));
    }

    State state_;
};

}  // namespace gyre
