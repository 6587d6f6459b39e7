#pragma once

#include <gyre/core/outcome.hpp>
#include <gyre/core/task.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace gyre::internal {

/// Takes the result of a frame that is done as data, and destroys the frame.
template<class T>
auto take_outcome(Frame& frame) noexcept -> Outcome<T> {
    FrameGuard guard(frame);
    auto& promise = promise_of<T>(frame);
    if (frame.state == Frame::State::error) return Outcome<T>::from_error(promise.error());
    if constexpr (std::is_void_v<T>) {
        return Outcome<T>::from_value({});
    } else {
        try {
            if constexpr (std::is_reference_v<T>) {
                auto&& value = promise.take();
                return Outcome<T>::from_value(std::addressof(value));
            } else {
                return Outcome<T>::from_value(promise.take());
            }
        } catch (...) {  // the move of the result threw
            return Outcome<T>::from_error(std::current_exception());
        }
    }
}

/// `take_outcome` into `place`; if the result cannot be moved there, its place gets the error of the move.
template<class T>
void take_outcome_into(std::optional<Outcome<T>>& place, Frame& frame) noexcept {
    try {
        place.emplace(take_outcome<T>(frame));
    } catch (...) {
        place.emplace(Outcome<T>::from_error(std::current_exception()));
    }
}

}  // namespace gyre::internal
