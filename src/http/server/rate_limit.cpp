#include <gyre/http/server/rate_limit.hpp>

#include "site.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/net/ip_network.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace {

/// What one request is told.
struct Verdict {
    bool is_allowed;
    std::int64_t remaining;
    std::int64_t retry_seconds;  ///< Until there is a token.
    std::int64_t full_seconds;   ///< Until the bucket is full.
};

/// The buckets of all clients that are remembered. Thread: any.
class Buckets {
public:
    explicit Buckets(const RateLimitOptions& options) : options_(options) {}

    [[nodiscard]] auto take(std::string key, Time now) -> Verdict {
        const std::lock_guard lock(mutex_);
        auto& bucket = find(std::move(key), now);
        const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.filled).count());
        bucket.tokens = std::min(options_.burst, bucket.tokens + seconds * options_.per_second);
        bucket.filled = std::max(now, bucket.filled);
        const bool is_allowed = bucket.tokens >= 1;
        if (is_allowed) bucket.tokens -= 1;
        return {is_allowed, static_cast<std::int64_t>(bucket.tokens), seconds_for(1 - bucket.tokens),
            seconds_for(options_.burst - bucket.tokens)};
    }

    [[nodiscard]] auto policy() const -> std::string {
        return "\"default\";q=" + std::to_string(static_cast<std::int64_t>(options_.burst)) +
               ";w=" + std::to_string(seconds_for(options_.burst));
    }

private:
    struct Bucket {
        Bucket(std::string its_key, double its_tokens, Time now)
            : key(std::move(its_key)), tokens(its_tokens), filled(now) {}
        std::string key;
        double tokens;
        Time filled;
    };

    auto find(std::string key, Time now) -> Bucket& {
        const auto known = index_.find(key);
        if (known != index_.end()) {
            order_.splice(order_.begin(), order_, known->second);
            return order_.front();
        }
        if (order_.size() >= options_.max_keys) {
            index_.erase(order_.back().key);
            order_.pop_back();
        }
        order_.emplace_front(std::move(key), options_.burst, now);
        index_.emplace(order_.front().key, order_.begin());
        return order_.front();
    }

    [[nodiscard]] auto seconds_for(double tokens) const -> std::int64_t {
        const double seconds = std::ceil(std::max(0.0, tokens) / options_.per_second);
        return static_cast<std::int64_t>(std::min(seconds, 1e9));
    }

    RateLimitOptions options_;
    std::mutex mutex_;
    std::list<Bucket> order_;  ///< The one that asked last is first.
    // Ordered: no client can choose keys that make look-ups slow.
    std::map<std::string_view, std::list<Bucket>::iterator> index_;
};

auto source_of(Request& request) -> std::string {
    const auto& client = request.client();
    if (!client.is_ip()) return {};
    return net::IpNetwork::around(client, 32, 64).text();
}

auto limit_rate(std::shared_ptr<Buckets> buckets, std::string key, Request& request, Next next) -> Task<Response> {
    if (key.empty()) co_return co_await internal::call_next(next, request);
    const auto verdict = buckets->take(std::move(key), this_loop().now());
    auto response = Response::problem(429, "too many requests");
    if (verdict.is_allowed) {
        response = co_await internal::call_next(next, request);
    } else {
        response.header("Retry-After", std::to_string(verdict.retry_seconds));
    }
    response.header("RateLimit-Policy", buckets->policy());
    response.header("RateLimit",
        "\"default\";r=" + std::to_string(verdict.remaining) + ";t=" + std::to_string(verdict.full_seconds));
    co_return response;
}

}  // namespace

auto rate_limit(const RateLimitOptions& options, RateLimitKey key) -> Middleware {
    // Written so that a number that is none is refused too.
    const bool is_good = options.per_second > 0 && options.burst >= 1 && options.max_keys > 0;
    if (!is_good) throw std::invalid_argument("http::rate_limit: it needs a rate, a burst of 1 at least, and keys");
    if (!key) key = source_of;
    return [buckets = std::make_shared<Buckets>(options), key = std::move(key)](
               Request& request, Next next) { return limit_rate(buckets, key(request), request, next); };
}

}  // namespace gyre::http
