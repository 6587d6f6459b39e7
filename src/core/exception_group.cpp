#include <gyre/core/exception_group.hpp>

#include <gyre/core/errors.hpp>

#include <algorithm>

namespace gyre {

namespace {

constexpr std::size_t most_errors_in_text = 8;

auto group_text(std::string_view message, const std::vector<std::exception_ptr>& errors) -> std::string {
    if (errors.empty()) throw std::invalid_argument("ExceptionGroup: it needs at least one error");
    if (std::find(errors.begin(), errors.end(), nullptr) != errors.end()) {
        throw std::invalid_argument("ExceptionGroup: one of the errors is null");
    }
    std::string text(message);
    text += " (" + std::to_string(errors.size()) + (errors.size() == 1 ? " error)" : " errors)");
    for (std::size_t i = 0; i < errors.size() && i < most_errors_in_text; ++i) {
        text += (i == 0 ? ": " : "; ") + describe(errors[i]);
    }
    if (errors.size() > most_errors_in_text) text += "; ...";
    return text;
}

auto group_or_nothing(const std::string& message, std::vector<std::exception_ptr> errors)
    -> std::optional<ExceptionGroup> {
    if (errors.empty()) return std::nullopt;
    return ExceptionGroup(message, std::move(errors));
}

/// The error as a group, or empty.
auto as_group(const std::exception_ptr& error) -> std::optional<ExceptionGroup> {
    try {
        std::rethrow_exception(error);
    } catch (const ExceptionGroup& group) {
        return group;
    } catch (...) {
        return std::nullopt;
    }
}

}  // namespace

ExceptionGroup::ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> errors)
    : std::runtime_error(group_text(message, errors)), message_(message), errors_(std::move(errors)) {}

auto ExceptionGroup::leaves() const -> std::vector<std::exception_ptr> {
    std::vector<std::exception_ptr> all;
    for (const auto& error : errors_) {
        if (const auto inner = as_group(error)) {
            for (const auto& leaf : inner->leaves()) all.push_back(leaf);
        } else {
            all.push_back(error);
        }
    }
    return all;
}

auto ExceptionGroup::split(const Predicate& wanted) const -> Parts {
    std::vector<std::exception_ptr> matching;
    std::vector<std::exception_ptr> rest;
    for (const auto& error : errors_) {
        const auto inner = as_group(error);
        if (!inner) {
            (wanted(error) ? matching : rest).push_back(error);
            continue;
        }
        const auto parts = inner->split(wanted);
        if (parts.first) matching.push_back(parts.second ? std::make_exception_ptr(*parts.first) : error);
        if (parts.second) rest.push_back(parts.first ? std::make_exception_ptr(*parts.second) : error);
    }
    return {group_or_nothing(message_, std::move(matching)), group_or_nothing(message_, std::move(rest))};
}

}  // namespace gyre
