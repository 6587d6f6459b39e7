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

/// What a race of a list and one of a vector share: the winner.
template<class Result>
class RaceWait : public BranchesWait {
public:
    RaceWait(RaceWait&&) = default;
    auto operator=(RaceWait&&) -> RaceWait& = delete;

    auto await_resume() -> Result {
        throw_error();
        return std::move(*winner_);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::race, this}; }

protected:
    RaceWait() noexcept = default;
    ~RaceWait() = default;

    template<class W>
    void start_one(std::size_t index, W& work) noexcept {
        if (winner_ || first_error_) {
            drop_taken(work);
            return skip(index);
        }
        try {
            start(index, begin_work(work).release());
        } catch (...) {
            fail(index);
        }
    }
    /// Takes the value of a branch out of its frame; the first one wins: `win(winner, value)` says how.
    template<class T, class Win>
    auto take_one(Frame& root, Win win) noexcept -> std::exception_ptr {
        std::optional<Regular<T>> value;
        auto error = take_into<T>(value, root);
        if (error || winner_) return error;
        try {
            win(winner_, std::move(*value));
        } catch (...) {
            return std::current_exception();
        }
        return nullptr;
    }

private:
    void finished(std::size_t) noexcept override { cancel_others("another one won the race"); }
    [[nodiscard]] auto has_winner() const noexcept -> bool override { return winner_.has_value(); }

    std::optional<Result> winner_;
};

template<class... W>
class [[nodiscard("co_await it")]] RaceAwaiter final : public RaceWait<std::variant<Regular<WorkResult<W>>...>> {
public:
    static_assert(sizeof...(W) > 0, "race needs at least one thing that can win");
    explicit RaceAwaiter(W... work) : work_(std::move(work)...) {}

    auto await_ready() -> bool {
        this->open(sizeof...(W));
        start_all(std::index_sequence_for<W...>{});
        return this->all_ended();
    }

private:
    template<std::size_t... I>
    void start_all(std::index_sequence<I...>) noexcept {
        (this->start_one(I, std::get<I>(work_)), ...);
    }
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        return take_at(index, root, std::index_sequence_for<W...>{});
    }
    template<std::size_t... I>
    auto take_at(std::size_t index, Frame& root, std::index_sequence<I...>) noexcept -> std::exception_ptr {
        std::exception_ptr error;
        static_cast<void>(((I == index && (error = take_as<I, WorkResult<W>>(root), true)) || ...));
        return error;
    }
    template<std::size_t I, class T>
    auto take_as(Frame& root) noexcept -> std::exception_ptr {
        return this->template take_one<T>(root, [](auto& winner, auto&& value) {
            winner.emplace(std::in_place_index<I>, std::forward<decltype(value)>(value));
        });
    }

    std::tuple<W...> work_;
};

/// `race` of a vector.
template<class W>
class [[nodiscard("co_await it")]] RaceManyAwaiter final : public RaceWait<RaceWinner<WorkResult<W>>> {
public:
    explicit RaceManyAwaiter(std::vector<W> work) : work_(std::move(work)) {
        if (work_.empty()) throw_empty_race();
    }

    auto await_ready() -> bool {
        this->open(work_.size());
        for (std::size_t i = 0; i < work_.size(); ++i) this->start_one(i, work_[i]);
        return this->all_ended();
    }

private:
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        return this->template take_one<WorkResult<W>>(root, [index](auto& winner, auto&& value) {
            winner.emplace(RaceWinner<WorkResult<W>>{index, std::forward<decltype(value)>(value)});
        });
    }

    std::vector<W> work_;
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
