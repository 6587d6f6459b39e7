#include <gyre/http/client/request_error.hpp>

#include "core/hex_text.hpp"

#include <gyre/core/errors.hpp>

#include <array>
#include <system_error>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t longest_url_shown = 1024;

// What peers and users sent must not break the one line, nor drive a terminal.
auto one_line(std::string_view text) -> std::string {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            line += c;
        } else {
            gyre::internal::append_hex(line += "\\x", byte);
        }
    }
    return line;
}

auto shown_url(std::string_view url) -> std::string {
    if (url.size() <= longest_url_shown) return one_line(url);
    return one_line(url.substr(0, longest_url_shown)) + "...";
}

auto error_text(RequestPhase phase, std::string_view method, std::string_view url, std::string_view peer,
    std::string_view reason) -> std::string {
    std::string text = one_line(method) + " " + shown_url(url) + ": ";
    const bool has_connection = phase == RequestPhase::send || phase == RequestPhase::response ||
                                phase == RequestPhase::body;
    if (has_connection && !peer.empty() && reason.find(peer) == std::string_view::npos) {
        text += one_line(peer) + ": ";
    }
    return text + one_line(reason);
}

}  // namespace

auto phase_name(RequestPhase phase) noexcept -> std::string_view {
    constexpr std::array<std::string_view, 10> names = {
        "url", "pool", "resolve", "connect", "proxy", "tls", "send", "response", "body", "redirect"};
    const auto index = static_cast<std::size_t>(phase);
    return index < names.size() ? names[index] : std::string_view("unknown");
}

RequestError::RequestError(RequestPhase phase, std::string_view method, std::string_view url, std::string_view peer,
    std::string_view reason, std::exception_ptr cause)
    : std::runtime_error(error_text(phase, method, url, peer, reason)),
      method_(method),
      url_(url),
      peer_(peer),
      reason_(reason),
      cause_(std::move(cause)),
      phase_(phase) {}

auto RequestError::is_timeout() const noexcept -> bool {
    if (!cause_) return false;
    try {
        std::rethrow_exception(cause_);
    } catch (const TimeoutError&) {
        return true;
    } catch (const std::system_error& error) {
        return error.code() == std::errc::timed_out;
    } catch (...) {
        return false;
    }
}

namespace {

auto status_text(std::string_view method, std::string_view url, int status, std::string_view reason) -> std::string {
    std::string text = one_line(method) + " " + shown_url(url) + ": " + std::to_string(status);
    if (!reason.empty()) text += " " + one_line(reason);
    return text;
}

}  // namespace

StatusError::StatusError(std::string_view method, std::string_view url, int status, std::string_view reason)
    : std::runtime_error(status_text(method, url, status, reason)), method_(method), url_(url), status_(status) {}

}  // namespace gyre::http
