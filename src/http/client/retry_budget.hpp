#pragma once

#include <gyre/core/cancel_cause.hpp>

#include <cstddef>

namespace gyre::http::internal {

/// How many new attempts a client may make, for what it has asked so far.
class RetryBudget {
public:
    RetryBudget(double per_request, std::size_t reserve) noexcept
        : per_request_(per_request), most_reserve_(static_cast<double>(reserve)), reserve_(most_reserve_) {}

    /// A request is made.
    void deposit() noexcept;
    /// Takes one attempt, if there is one.
    [[nodiscard]] auto withdraw(Time now) noexcept -> bool;

private:
    static constexpr double most_earned = 100;  // a long quiet time must not pay for a storm

    double per_request_;
    double most_reserve_;
    double reserve_;
    double earned_ = 0;
    Time counted_{};  ///< Up to when the reserve has been filled again.
};

}  // namespace gyre::http::internal
