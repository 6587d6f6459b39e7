#include <gyre/http/client/retry.hpp>

#include "outgoing.hpp"
#include "passing.hpp"
#include "pool.hpp"
#include "retry_budget.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace gyre::http {

namespace internal {

void RetryBudget::deposit() noexcept { earned_ = std::min(earned_ + per_request_, most_earned); }

auto RetryBudget::withdraw(Time now) noexcept -> bool {
    constexpr std::chrono::duration<double> refill = std::chrono::seconds(10);
    const std::chrono::duration<double> passed = now - counted_;
    if (counted_ != Time{}) reserve_ = std::min(most_reserve_, reserve_ + most_reserve_ * (passed / refill));
    counted_ = now;
    for (double* const purse : {&earned_, &reserve_}) {
        // Sums of fifths are not exact.
        if (*purse < 1.0 - 1e-9) continue;
        *purse = std::max(0.0, *purse - 1.0);
        return true;
    }
    return false;
}

namespace {

/// How an attempt ended: with a response, or an error.
struct Attempt {
    Attempt() = default;

    std::optional<ClientResponse> response;
    std::exception_ptr error;
    std::optional<RequestPhase> phase;  ///< Of a RequestError.
    bool may_pass = false;
};

auto make_attempt(ClientCall& call, const ClientNext& next) -> Task<Attempt> {
    Attempt attempt;
    try {
        attempt.response = co_await next(call);
    } catch (const RequestError& error) {
        attempt.error = std::current_exception();
        attempt.phase = error.phase();
        attempt.may_pass = may_pass(error);
    }
    co_return attempt;
}

class Retrier {
public:
    explicit Retrier(const RetryOptions& options)
        : options_(options), budget_(options.budget_per_request, options.budget_reserve) {}

    [[nodiscard]] auto run(ClientCall& call, ClientNext next) -> Task<ClientResponse>;

private:
    [[nodiscard]] auto is_worth_it(const ClientCall& call, const Attempt& attempt) const -> bool;
    /// How long to wait before the next attempt; empty: there is none.
    [[nodiscard]] auto wait_after(const ClientCall& call, const Attempt& attempt, std::size_t made)
        -> std::optional<Duration>;

    RetryOptions options_;
    RetryBudget budget_;
};

auto Retrier::is_worth_it(const ClientCall& call, const Attempt& attempt) const -> bool {
    const bool may_come_twice = options_.any_method || call.is_idempotent();
    if (attempt.response) return may_come_twice && options_.on_status && is_for_the_moment(attempt.response->status());
    switch (*attempt.phase) {
    case RequestPhase::resolve:
    case RequestPhase::connect:
    case RequestPhase::proxy:
    case RequestPhase::tls:
        return attempt.may_pass;
    case RequestPhase::send:
    case RequestPhase::response:
        return may_come_twice;
    default:
        return false;
    }
}

auto Retrier::wait_after(const ClientCall& call, const Attempt& attempt, std::size_t made) -> std::optional<Duration> {
    if (made >= options_.attempts || !call.can_be_sent_again() || !is_worth_it(call, attempt)) return std::nullopt;
    Duration most = options_.first_wait;
    for (std::size_t i = 1; i < made && most < Duration(options_.longest_wait); ++i) most *= 2;
    most = std::min<Duration>(most, options_.longest_wait);
    const std::chrono::duration<double> some = std::chrono::duration<double>(most) * chance();
    auto wait = std::chrono::duration_cast<Duration>(some);
    const auto asked = attempt.response ? retry_after(*attempt.response) : std::nullopt;
    if (asked && *asked > Duration(options_.longest_retry_after)) return std::nullopt;
    if (asked) wait = std::max(wait, *asked);
    const auto now = this_loop().now();
    if (call.deadline() != Time::max() && call.deadline() - now <= wait) return std::nullopt;
    if (!budget_.withdraw(now)) {
        ++call.pool().figures().retries_denied;
        return std::nullopt;
    }
    return wait;
}

auto Retrier::run(ClientCall& call, ClientNext next) -> Task<ClientResponse> {
    budget_.deposit();
    const Fields fields = call.fields();
    const Url url = call.url();
    for (std::size_t made = 1;; ++made) {
        auto attempt = co_await make_attempt(call, next);
        const auto wait = wait_after(call, attempt, made);
        if (!wait && attempt.error) std::rethrow_exception(attempt.error);
        if (!wait) co_return std::move(*attempt.response);
        ++call.pool().figures().retries;
        call.request().tell(
            ClientStep::retry, {.status = attempt.response ? attempt.response->status() : 0, .error = attempt.error});
        if (attempt.response) co_await attempt.response->discard();
        attempt.response.reset();
        co_await sleep(*wait);
        call.fields() = fields;
        call.set_url(url);
    }
}

}  // namespace

}  // namespace internal

auto retry(const RetryOptions& options) -> ClientMiddleware {
    if (options.attempts == 0) throw std::invalid_argument("http::retry: no attempt at all");
    if (!(options.budget_per_request >= 0)) throw std::invalid_argument("http::retry: a budget below zero");
    auto retrier = std::make_shared<internal::Retrier>(options);
    return [retrier](ClientCall& call, ClientNext next) { return retrier->run(call, next); };
}

}  // namespace gyre::http
