#pragma once

#include <gyre/core/branches.hpp>

#include <cstddef>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace gyre {

/// What `race` of a vector gives.
template<class T>
struct RaceWinner {
    std::size_t index = 0;       ///< Of the winner in the vector.
    internal::Regular<T> value;  ///< Of work without a value: an empty struct.
};

namespace internal {

[[noreturn]] void throw_empty_race();

template<class... W>
class [[nodiscard("co_await it")]] RaceAwaiter final : public BranchesWait {
public:
    static_assert(sizeof...(W) > 0, "race needs at least one thing that can win");
    using Result = std::variant<Regular<WorkResult<W>>...>;

    explicit RaceAwaiter(W... work) : work_(std::move(work)...) {}

    auto await_ready() -> bool {
        open(sizeof...(W));
        start_all(std::index_sequence_for<W...>{});
        return all_ended();
    }
    auto await_resume() -> Result {
        throw_error();
        return std::move(*winner_);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::race, this}; }

private:
    template<std::size_t... I>
    void start_all(std::index_sequence<I...>) noexcept {
        (start_one<I>(), ...);
    }
    template<std::size_t I>
    void start_one() noexcept {
        if (winner_ || first_error_) return skip(I);
        try {
            start(I, begin_work(std::get<I>(work_)).release());
        } catch (...) {
            fail(I);
        }
    }
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        return take_at(index, root, std::index_sequence_for<W...>{});
    }
    template<std::size_t... I>
    auto take_at(std::size_t index, Frame& root, std::index_sequence<I...>) noexcept -> std::exception_ptr {
        std::exception_ptr error;
        static_cast<void>(((I == index && (error = take_one<I, WorkResult<W>>(root), true)) || ...));
        return error;
    }
    template<std::size_t I, class T>
    auto take_one(Frame& root) noexcept -> std::exception_ptr {
        std::optional<Regular<T>> value;
        auto error = take_into<T>(value, root);
        if (error || winner_) return error;
        try {
            winner_.emplace(std::in_place_index<I>, std::move(*value));
        } catch (...) {
            return std::current_exception();
        }
        return nullptr;
    }
    void finished(std::size_t) noexcept override { cancel_others("another one won the race"); }
    [[nodiscard]] auto has_winner() const noexcept -> bool override { return winner_.has_value(); }

    std::tuple<W...> work_;
    std::optional<Result> winner_;
};

/// `race` of a vector.
template<class W>
class [[nodiscard("co_await it")]] RaceManyAwaiter final : public BranchesWait {
public:
    using Result = RaceWinner<WorkResult<W>>;

    explicit RaceManyAwaiter(std::vector<W> work) : work_(std::move(work)) {
        if (work_.empty()) throw_empty_race();
    }

    auto await_ready() -> bool {
        open(work_.size());
        for (std::size_t i = 0; i < work_.size(); ++i) start_one(i);
        return all_ended();
    }
    auto await_resume() -> Result {
        throw_error();
        return std::move(*winner_);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::race, this}; }

private:
    void start_one(std::size_t index) noexcept {
        if (winner_ || first_error_) return skip(index);
        try {
            start(index, begin_work(work_[index]).release());
        } catch (...) {
            fail(index);
        }
    }
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        std::optional<Regular<WorkResult<W>>> value;
        auto error = take_into<WorkResult<W>>(value, root);
        if (error || winner_) return error;
        try {
            winner_.emplace(Result{index, std::move(*value)});
        } catch (...) {
            return std::current_exception();
        }
        return nullptr;
    }
    void finished(std::size_t) noexcept override { cancel_others("another one won the race"); }
    [[nodiscard]] auto has_winner() const noexcept -> bool override { return winner_.has_value(); }

    std::vector<W> work_;
    std::optional<Result> winner_;
};

}  // namespace internal

/// Runs several things at once; the first to finish wins, the others are cancelled and gone before this returns.
///
/// They start here, in order; those after one that finishes at once are not started.
/// @return a variant whose index says who won. A value that a loser finished with all the same is dropped.
/// @throws the error, if the first to finish failed. On cancel: all are cancelled; a winner counts more.
template<Work... W>
[[nodiscard]] auto race(W&&... work) {
    using Awaiter = internal::RaceAwaiter<std::decay_t<W>...>;
    if constexpr ((internal::check_work<W>() && ...)) {
        return Awaiter(std::forward<W>(work)...);
    } else {
        return internal::refused<Awaiter>();
    }
}

/// `race` of a vector. @return the winner's place in the vector, and its value. @throws std::invalid_argument if the vector is
/// empty, and as `race`. On cancel: as `race`.
template<Work W>
[[nodiscard]] auto race(std::vector<W> work) {
    return internal::RaceManyAwaiter<W>(std::move(work));
}

/// Says what is wrong with something that is no work.
template<class... W>
    requires(internal::NoWork<W> || ...)
[[nodiscard]] auto race(W&&...) {
    static_cast<void>((internal::check_work<W>() && ...));
    return internal::refused<Task<std::variant<internal::Regular<typename internal::RefusedResult<W>::Type>...>>>();
}

}  // namespace gyre
