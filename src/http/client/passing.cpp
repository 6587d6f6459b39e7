#include "passing.hpp"

#include "http/wall_clock.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/random.hpp>
#include <gyre/http/core/date.hpp>
#include <gyre/net/egress_policy.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <system_error>

namespace gyre::http::internal {

auto is_for_the_moment(int status) noexcept -> bool {
    constexpr std::array<int, 6> statuses = {408, 429, 500, 502, 503, 504};
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

namespace {

auto is_of_a_lost_connection(const std::error_code& code) noexcept -> bool {
    return code == std::errc::connection_reset || code == std::errc::connection_refused ||
           code == std::errc::connection_aborted || code == std::errc::broken_pipe ||
           code == std::errc::host_unreachable || code == std::errc::network_unreachable;
}

}  // namespace

auto may_pass(const RequestError& error) -> bool {
    const bool is_of_the_way = error.phase() == RequestPhase::proxy || error.phase() == RequestPhase::tls;
    if (error.phase() == RequestPhase::url || error.phase() == RequestPhase::redirect) return false;
    if (error.is_timeout() || !error.cause()) return error.is_timeout() || !is_of_the_way;
    try {
        std::rethrow_exception(error.cause());
    } catch (const net::EgressError&) {
        return false;
    } catch (const IoError& cause) {
        return !is_of_the_way || is_of_a_lost_connection(cause.code());
    } catch (...) {
        return !is_of_the_way;
    }
}

auto retry_after(const ClientResponse& response) -> std::optional<Duration> {
    const auto text = response.header("Retry-After");
    if (!text) return std::nullopt;
    // What is too large for us is too long as well.
    constexpr std::uint64_t longest = std::uint64_t{100} * 365 * 24 * 3600;
    std::uint64_t seconds = 0;
    const auto result = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (result.ptr == text->data() + text->size() && !text->empty()) {
        if (result.ec != std::errc()) seconds = longest;
        return std::chrono::seconds(std::min(seconds, longest));
    }
    const auto now = this_loop().local<WallClock>().now();
    const auto date = parse_http_date(*text, now);
    if (!date) return std::nullopt;
    return std::clamp(*date - now, std::chrono::seconds::zero(), std::chrono::seconds(longest));
}

auto chance() -> double {
    std::array<std::byte, 4> bytes{};
    fill_random(bytes);
    std::uint32_t number = 0;
    for (const auto byte : bytes) number = number << 8 | std::to_integer<std::uint32_t>(byte);
    return static_cast<double>(number) / 4294967296.0;
}

auto some_of(Duration wait) -> Duration {
    const std::chrono::duration<double> some = std::chrono::duration<double>(wait) * (0.5 + chance() / 2);
    return std::chrono::duration_cast<Duration>(some);
}

}  // namespace gyre::http::internal
