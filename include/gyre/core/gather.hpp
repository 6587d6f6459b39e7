#pragma once

#include <gyre/core/branches.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace gyre {

namespace internal {

/// `gather` of a fixed number of things.
template<class... W>
class [[nodiscard("co_await it")]] GatherAwaiter final : public BranchesWait {
public:
    explicit GatherAwaiter(W... work) : work_(std::move(work)...) {}

    auto await_ready() -> bool {
        open(sizeof...(W));
        start_all(std::index_sequence_for<W...>{});
        return all_ended();
    }
    auto await_resume() -> std::tuple<Regular<WorkResult<W>>...> {
        throw_error();
        return collect(std::index_sequence_for<W...>{});
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::gather, this}; }

private:
    template<std::size_t... I>
    void start_all(std::index_sequence<I...>) noexcept {
        (start_one<I>(), ...);
    }
    template<std::size_t I>
    void start_one() noexcept {
        try {
            start(I, begin_work(std::get<I>(work_)).release());
        } catch (...) {
            fail(I);
        }
    }
    template<std::size_t... I>
    auto collect(std::index_sequence<I...>) -> std::tuple<Regular<WorkResult<W>>...> {
        return {std::move(*std::get<I>(results_))...};
    }
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        return take_at(index, root, std::index_sequence_for<W...>{});
    }
    template<std::size_t... I>
    auto take_at(std::size_t index, Frame& root, std::index_sequence<I...>) noexcept -> std::exception_ptr {
        std::exception_ptr error;
        static_cast<void>(
            ((I == index && (error = take_into<WorkResult<W>>(std::get<I>(results_), root), true)) || ...));
        return error;
    }

    std::tuple<W...> work_;
    std::tuple<std::optional<Regular<WorkResult<W>>>...> results_;
};

/// `gather` of a vector.
template<class W>
class [[nodiscard("co_await it")]] GatherManyAwaiter final : public BranchesWait {
public:
    using Value = WorkResult<W>;

    explicit GatherManyAwaiter(std::vector<W> work) : work_(std::move(work)) {}

    auto await_ready() -> bool {
        open(work_.size());
        if constexpr (!std::is_void_v<Value>) results_.resize(work_.size());
        for (std::size_t i = 0; i < work_.size(); ++i) {
            try {
                start(i, begin_work(work_[i]).release());
            } catch (...) {
                fail(i);
            }
        }
        return all_ended();
    }
    auto await_resume() {
        throw_error();
        if constexpr (!std::is_void_v<Value>) {
            std::vector<Regular<Value>> values;
            values.reserve(results_.size());
            for (auto& result : results_) values.push_back(std::move(*result));
            return values;
        }
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::gather, this}; }

private:
    auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr override {
        if constexpr (std::is_void_v<Value>) {
            return take_outcome<void>(root).error();
        } else {
            return take_into<Value>(results_[index], root);
        }
    }

    std::vector<W> work_;
    std::vector<std::optional<Regular<Value>>> results_;
};

}  // namespace internal

/// Runs several things at once and waits for all of them.
///
/// They start here, in order. @return a tuple of their values, in the order of the arguments (a value of type void is an
/// empty struct). @throws the first error, unchanged, after the others were cancelled and have ended; errors of those go
/// to the loop's exception handler. On cancel: all are cancelled and waited for.
/// Source: asyncio.gather, with the siblings of a failure cancelled.
template<Work... W>
[[nodiscard]] auto gather(W&&... work) {
    using Awaiter = internal::GatherAwaiter<std::decay_t<W>...>;
    if constexpr ((internal::check_work<W>() && ...)) {
        return Awaiter(std::forward<W>(work)...);
    } else {
        return internal::refused<Awaiter>();
    }
}

/// Says what is wrong with something that is no work.
template<class... W>
    requires(internal::NoWork<W> || ...)
[[nodiscard]] auto gather(W&&...) {
    static_cast<void>((internal::check_work<W>() && ...));
    return internal::refused<Task<std::tuple<internal::Regular<typename internal::RefusedResult<W>::Type>...>>>();
}

/// `gather` of a vector; gives a vector in the same order, or nothing for work without values.
template<Work W>
[[nodiscard]] auto gather(std::vector<W> work) {
    return internal::GatherManyAwaiter<W>(std::move(work));
}

}  // namespace gyre
