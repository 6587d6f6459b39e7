#pragma once

#include <gyre/backend/operation.hpp>

#include <cstdint>
#include <utility>

namespace gyre::backend {

/// Operations that wait for the same thing, in order of arrival. Links live in the operations; nothing is allocated.
class OperationList {
public:
    OperationList() = default;
    OperationList(const OperationList&) = delete;
    auto operator=(const OperationList&) -> OperationList& = delete;
    OperationList(OperationList&& other) noexcept
        : first_{std::exchange(other.first_, nullptr)}, last_{std::exchange(other.last_, nullptr)} {}
    auto operator=(OperationList&& other) noexcept -> OperationList& {
        first_ = std::exchange(other.first_, nullptr);
        last_ = std::exchange(other.last_, nullptr);
        return *this;
    }
    ~OperationList() = default;

    [[nodiscard]] auto is_empty() const noexcept -> bool { return first_ == nullptr; }
    [[nodiscard]] auto front() const noexcept -> Operation* { return first_; }

    void push_back(Operation& operation) noexcept {
        operation.next = nullptr;
        operation.previous = last_;
        (last_ == nullptr ? first_ : last_->next) = &operation;
        last_ = &operation;
    }

    void remove(Operation& operation) noexcept {
        (operation.previous == nullptr ? first_ : operation.previous->next) = operation.next;
        (operation.next == nullptr ? last_ : operation.next->previous) = operation.previous;
        operation.next = nullptr;
        operation.previous = nullptr;
    }

    auto pop_front() noexcept -> Operation* {
        Operation* const operation = first_;
        if (operation != nullptr) remove(*operation);
        return operation;
    }

private:
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
};

/// Operations that have ended and whose owners have not heard of it yet.
///
/// Ending and telling are two steps, so that no callback runs while a backend is in the middle of its tables.
/// An ended operation is marked by `previous` pointing at itself: cancelling it comes too late.
class EndedOperations {
public:
    [[nodiscard]] auto is_empty() const noexcept -> bool { return first_ == nullptr; }

    [[nodiscard]] static auto contains(const Operation& operation) noexcept -> bool {
        return operation.previous == &operation;
    }

    void push_back(Operation& operation, std::int64_t result) noexcept {
        operation.result = result;
        operation.next = nullptr;
        operation.previous = &operation;
        (last_ == nullptr ? first_ : last_->next) = &operation;
        last_ = &operation;
    }

    /// Tells the owners of everything that had ended when this was called; what ends meanwhile waits for the next call.
    /// @param in_flight the backend's counter, lowered before each owner is told.
    void tell(std::size_t& in_flight) noexcept {
        Operation* operation = std::exchange(first_, nullptr);
        last_ = nullptr;
        while (operation != nullptr) {
            Operation* const following = operation->next;  // read first: completed() may free the operation
            release(*operation);
            --in_flight;
            operation->completed();
            operation = following;
        }
    }

    /// Forgets everything without telling: for a backend that is being destroyed.
    void abandon() noexcept {
        last_ = nullptr;
        while (first_ != nullptr) {
            Operation& operation = *std::exchange(first_, first_->next);
            release(operation);
        }
    }

    /// Puts an operation back to idle.
    static void release(Operation& operation) noexcept {
        operation.next = nullptr;
        operation.previous = nullptr;
        operation.in_flight = false;
        operation.cancelling = false;
    }

private:
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
};

}  // namespace gyre::backend
