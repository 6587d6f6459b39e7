#pragma once

#include <gyre/core/callable_traits.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

/// Several errors at once, in the order in which they happened. There is always at least one; an error may be a group
/// itself, so that the whole is a tree. `what()` tells all of it: "downloads (2 errors): no route; mirrors (1 error): gone".
///
/// A group of one is still a group. Copies share the errors. Thread: any. Source: Python's ExceptionGroup, PEP 654.
class ExceptionGroup : public std::runtime_error {
public:
    /// What is asked of one error that is no group.
    using Predicate = std::function<bool(const std::exception_ptr&)>;
    /// The part of a group that was asked for, and the rest; each empty if there is none.
    using Parts = std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>>;

    /// @throws std::invalid_argument if `errors` is empty or has a null in it.
    ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> errors);

    /// What it was made with, without the errors.
    [[nodiscard]] auto message() const noexcept -> const std::string& { return message_; }
    /// How many errors it has itself; a group among them counts as one.
    [[nodiscard]] auto size() const noexcept -> std::size_t { return errors_.size(); }
    [[nodiscard]] auto errors() const noexcept -> std::span<const std::exception_ptr> { return errors_; }
    /// All errors that are no groups, from the whole tree, in order.
    [[nodiscard]] auto leaves() const -> std::vector<std::exception_ptr>;

    /// Those of type E, and the rest: two trees of the same shape as this, without the branches that became empty.
    template<class E>
    [[nodiscard]] auto split() const -> Parts {
        return split([](const std::exception_ptr& error) { return is_a<E>(error); });
    }
    /// Those for which `wanted` answers true, and the rest. @throws what `wanted` throws.
    [[nodiscard]] auto split(const Predicate& wanted) const -> Parts;

    /// As the first part of `split`.
    template<class E>
    [[nodiscard]] auto subgroup() const -> std::optional<ExceptionGroup> {
        return split<E>().first;
    }
    [[nodiscard]] auto subgroup(const Predicate& wanted) const -> std::optional<ExceptionGroup> {
        return split(wanted).first;
    }

    /// Gives each error, in order, to the first of `handlers` whose parameter takes it: `[](const IoError& error) {...}`.
    /// @return a group of what no handler took; empty if all were taken: `if (rest) throw *rest;` is Python's `except*`.
    /// @throws what a handler throws; the errors after that one are not given to anybody.
    template<class... Handlers>
    auto handle(Handlers&&... handlers) const -> std::optional<ExceptionGroup> {
        return split([&](const std::exception_ptr& error) { return (offer(error, handlers) || ...); }).second;
    }

private:
    template<class E>
    [[nodiscard]] static auto is_a(const std::exception_ptr& error) -> bool {
        try {
            std::rethrow_exception(error);
        } catch (const E&) {
            return true;
        } catch (...) {
            return false;
        }
    }
    template<class Handler>
    [[nodiscard]] static auto offer(const std::exception_ptr& error, Handler& handler) -> bool {
        using E = std::remove_cvref_t<internal::FirstParameterOf<Handler>>;
        if (!is_a<E>(error)) return false;
        // What the handler throws must not be taken for the error: it is called outside of the block above.
        try {
            std::rethrow_exception(error);
        } catch (const E& known) {
            handler(known);
        }
        return true;
    }

    std::string message_;
    std::vector<std::exception_ptr> errors_;
};

}  // namespace gyre
