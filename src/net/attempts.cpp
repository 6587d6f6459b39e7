#include "net/attempts.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace gyre::internal {

namespace {

/// How much a failure tells: an answer of the host more than silence, silence more than no way to it.
auto weight(const std::error_code& error) noexcept -> int {
    switch (error.value()) {
    case 0:
        return 2;
    case ETIMEDOUT:
        return 2;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return 1;
    default:
        return 3;
    }
}

}  // namespace

void Attempts::fail(const net::Address& address, std::error_code error) noexcept {
    for (Attempt& attempt : attempts_) {
        if (attempt.address == address && !attempt.error) {
            attempt.error = error;
            return;
        }
    }
}

auto Attempts::most_telling() const noexcept -> const Attempt& {
    return *std::ranges::max_element(attempts_, {}, [](const Attempt& attempt) { return weight(attempt.error); });
}

auto Attempts::list() const -> std::string {
    std::string text;
    for (const Attempt& attempt : attempts_) {
        if (!text.empty()) text += "; ";
        text += attempt.address.text() + ": " + (attempt.error ? attempt.error.message() : "no answer");
    }
    return text;
}

void Attempts::throw_error(const std::string& object) const {
    // Nothing but a lack of memory keeps an attempt from being made.
    if (attempts_.empty()) throw IoError(std::make_error_code(std::errc::not_enough_memory), "connect", object);
    const Attempt& worst = most_telling();
    const std::string address = worst.address.text();
    if (attempts_.size() > 1)
        throw IoError(worst.error, "connect", object, worst.error.message() + " (" + list() + ")");
    throw IoError(worst.error, "connect", address == object ? object : object + " (" + address + ")");
}

void Attempts::throw_timeout(Duration limit, const std::string& object) const {
    std::string detail = "timed out after " + duration_text(limit);
    detail += attempts_.empty() ? " (the name was not resolved)" : " (" + list() + ")";
    throw IoError(std::make_error_code(std::errc::timed_out), "connect", object, detail);
}

auto interleaved(std::vector<net::Address> addresses) -> std::vector<net::Address> {
    std::vector<net::Address> mine;
    std::vector<net::Address> theirs;
    for (const net::Address& address : addresses) {
        (address.family() == addresses.front().family() ? mine : theirs).push_back(address);
    }
    std::vector<net::Address> mixed;
    mixed.reserve(addresses.size());
    for (std::size_t i = 0; i < std::max(mine.size(), theirs.size()); ++i) {
        if (i < mine.size()) mixed.push_back(mine[i]);
        if (i < theirs.size()) mixed.push_back(theirs[i]);
    }
    return mixed;
}

auto host_and_port(std::string_view host, std::uint16_t port) -> std::string {
    const bool is_ipv6 = host.find(':') != std::string_view::npos;
    std::string text = is_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
    return text + ":" + std::to_string(port);
}

}  // namespace gyre::internal
