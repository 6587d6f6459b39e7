#pragma once

#include <gyre/core/branches.hpp>

#include <tuple>
#include <utility>
#include <variant>

namespace gyre {

namespace internal {

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

}  // namespace internal

/// Runs several things at once; the first to finish wins, the others are cancelled and gone before this returns.
///
/// They start here, in order; those after one that finishes at once are not started.
/// @return a variant whose index says who won. A value that a loser finished with all the same is dropped.
/// @throws the error, if the first to finish failed. On cancel: all are cancelled; a winner counts more.
template<Work... W>
[[nodiscard]] auto race(W&&... work) {
    return internal::RaceAwaiter<std::decay_t<W>...>(std::forward<W>(work)...);
}

}  // namespace gyre
