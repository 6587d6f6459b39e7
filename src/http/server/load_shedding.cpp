#include <gyre/http/server/load_shedding.hpp>

#include "site.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace gyre::http {

namespace {

struct Load {
    explicit Load(const LoadSheddingOptions& its_options) noexcept : options(its_options) {}

    LoadSheddingOptions options;
    std::atomic<std::size_t> in_flight = 0;
};

/// One request that is let in.
class InFlight {
public:
    explicit InFlight(std::shared_ptr<Load> load) noexcept
        : load_(std::move(load)), number_(load_->in_flight.fetch_add(1) + 1) {}
    InFlight(const InFlight&) = delete;
    auto operator=(const InFlight&) -> InFlight& = delete;
    ~InFlight() { load_->in_flight.fetch_sub(1); }

    [[nodiscard]] auto is_too_much() const noexcept -> bool { return number_ > load_->options.max_in_flight; }

private:
    std::shared_ptr<Load> load_;
    std::size_t number_;
};

auto sent_away(const Load& load) -> Response {
    return Response::problem(503, "the server is busy")
        .header("Retry-After", std::to_string(load.options.retry_after.count()));
}

auto shed(std::shared_ptr<Load> load, Request& request, Next next) -> Task<Response> {
    auto place = std::make_shared<const InFlight>(load);
    if (place->is_too_much()) co_return sent_away(*load);
    if (load->options.max_delay > Duration::zero()) {
        const auto before = this_loop().now();
        co_await yield_now();
        if (this_loop().now() - before > load->options.max_delay) co_return sent_away(*load);
    }
    auto response = co_await next(request);
    // A body takes what it takes while it is sent. A WebSocket may last for days: it is no request any more.
    if (!std::holds_alternative<Takeover>(response.body())) response.keep(std::move(place));
    co_return response;
}

}  // namespace

auto load_shedding(const LoadSheddingOptions& options) -> Middleware {
    if (options.max_in_flight == 0) throw std::invalid_argument("http::load_shedding: no request may be in flight");
    return [load = std::make_shared<Load>(options)](Request& request, Next next) { return shed(load, request, next); };
}

auto concurrency_limit(std::size_t max_in_flight) -> Middleware {
    LoadSheddingOptions options;
    options.max_in_flight = max_in_flight;
    options.max_delay = Duration::zero();
    return load_shedding(options);
}

}  // namespace gyre::http
