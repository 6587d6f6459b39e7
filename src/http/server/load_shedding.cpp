#include <gyre/http/server/load_shedding.hpp>

#include "site.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/os/filesystem.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gyre::http {

namespace {

constexpr auto memory_interval = std::chrono::milliseconds(100);

struct Load {
    explicit Load(const LoadSheddingOptions& its_options) noexcept : options(its_options) {}

    LoadSheddingOptions options;
    std::atomic<std::size_t> in_flight = 0;
    std::atomic<std::uint64_t> memory = 0;  ///< In use, when it was looked at.
    std::atomic<Time> look_again = Time::min();
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

/// The line "VmRSS:      1234 kB" of /proc/self/status. 0 if there is none.
auto resident_bytes(std::string_view status) -> std::uint64_t {
    constexpr std::string_view name = "VmRSS:";
    const auto at = status.find(name);
    if (at == status.npos) return 0;
    status.remove_prefix(at + name.size());
    status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
    std::uint64_t kibibytes = 0;
    std::from_chars(status.data(), status.data() + status.size(), kibibytes);
    return kibibytes * 1024;
}

/// Looks how much memory is in use, unless somebody has just done so.
auto look_at_memory(std::shared_ptr<Load> load) -> Task<void> {
    const Time now = this_loop().now();
    auto due = load->look_again.load();
    if (now < due || !load->look_again.compare_exchange_strong(due, now + memory_interval)) co_return;
    try {
        const auto status = co_await fs::read_text("/proc/self/status");
        load->memory = resident_bytes(status);
    } catch (const IoError&) {  // no such file here: it stays unknown
    }
}

auto shed(std::shared_ptr<Load> load, Request& request, Next next) -> Task<Response> {
    auto place = std::make_shared<const InFlight>(load);
    if (place->is_too_much()) co_return sent_away(*load);
    if (load->options.max_delay > Duration::zero()) {
        const auto before = this_loop().now();
        co_await yield_now();
        if (this_loop().now() - before > load->options.max_delay) co_return sent_away(*load);
    }
    if (load->options.max_memory > 0) {
        co_await look_at_memory(load);
        if (load->memory > load->options.max_memory) co_return sent_away(*load);
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
