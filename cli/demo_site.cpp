#include "demo_site.hpp"

#include <gyre/core/sleep.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace gyre::cli {

namespace {

constexpr std::size_t largest_body = 1'000'000'000;
constexpr std::size_t largest_piece = 1024 * 1024;
constexpr std::uint64_t longest_delay_ms = 60'000;
constexpr std::uint64_t most_redirects = 50;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::string_view plain = "text/plain; charset=utf-8";

constexpr std::array<std::string_view, 22> paths{
    "/",
    "/bytes/0",
    "/bytes/1",
    "/bytes/1000",
    "/bytes/100000?seed=1",
    "/bytes/1000000?seed=2",
    "/bytes/10000000?seed=3",
    "/chunked/1000/1",
    "/chunked/100000/1000",
    "/chunked/1000000/65536",
    "/delay/0",
    "/delay/100",
    "/delay/500",
    "/redirect/1",
    "/redirect/5",
    "/fail/status/404",
    "/fail/status/503",
    "/fail/cut",
    "/fail/malformed",
    "/fail/reset",
    "/fail/slow",
    "/fail/chunk",
};

/// A number that is not larger than `most`.
auto number(std::string_view text, std::uint64_t most) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

/// The parts of a path between its slashes.
auto split(std::string_view path) -> std::vector<std::string_view> {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto part = path.substr(0, path.find('/'));
        parts.push_back(part);
        path.remove_prefix(part.size());
    }
    return parts;
}

auto seed_of(const http::ServerExchange& exchange) -> std::uint64_t {
    const auto query = exchange.query();
    if (!query.starts_with("seed=")) return 0;
    return number(query.substr(5), UINT64_MAX).value_or(0);
}

/// SplitMix64: any word of the content can be had without those before it.
auto word_at(std::uint64_t index, std::uint64_t seed) noexcept -> std::uint64_t {
    std::uint64_t word = seed * 0xD1342543DE82EF95U + (index + 1) * 0x9E3779B97F4A7C15U;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBU;
    return word ^ (word >> 31);
}

auto send_index(http::ServerExchange& exchange) -> Task<void> {
    std::string page = "<!doctype html>\n<title>gyre demo</title>\n<h1>gyre demo</h1>\n<ul>\n";
    for (const auto path : paths) {
        page.append("<li><a href=\"").append(path).append("\">").append(path).append("</a>\n");
    }
    page += "</ul>\n";
    co_await exchange.respond(200, "text/html; charset=utf-8", page);
}

auto send_not_found(http::ServerExchange& exchange) -> Task<void> {
    co_await exchange.respond(404, plain, "404 Not Found\n");
}

auto send_bytes(http::ServerExchange& exchange, std::size_t size, std::size_t piece, bool is_chunked) -> Task<void> {
    const auto seed = seed_of(exchange);
    http::ResponseHead head;
    head.fields.add("Content-Type", "application/octet-stream");
    if (!is_chunked) head.fields.add("Content-Length", std::to_string(size));
    co_await exchange.start(std::move(head));
    for (std::size_t sent = 0; sent < size && exchange.method() != "HEAD";) {
        const auto content = demo_bytes(sent, std::min(piece, size - sent), seed);
        co_await exchange.write(content);
        sent += content.size();
    }
    co_await exchange.finish();
}

auto send_after(http::ServerExchange& exchange, std::uint64_t milliseconds) -> Task<void> {
    co_await sleep(std::chrono::milliseconds(milliseconds));
    const auto text = "after " + std::to_string(milliseconds) + " ms\n";
    co_await exchange.respond(200, plain, text);
}

auto send_redirect(http::ServerExchange& exchange, std::uint64_t left) -> Task<void> {
    if (left == 0) {
        co_await exchange.respond(200, plain, "arrived\n");
        co_return;
    }
    http::ResponseHead head;
    head.status = 302;
    head.fields.add("Location", "/redirect/" + std::to_string(left - 1));
    co_await exchange.respond(std::move(head), {});
}

auto fail_with_status(http::ServerExchange& exchange, int status) -> Task<void> {
    std::string text = std::to_string(status);
    text.append(" ").append(http::default_reason(status)).append(", as asked for\n");
    if (!http::response_can_have_body("GET", status)) text.clear();
    co_await exchange.respond(status, plain, text);
}

auto fail_by_cut(http::ServerExchange& exchange) -> Task<void> {
    http::ResponseHead head;
    head.fields.add("Content-Length", "10000");
    co_await exchange.start(std::move(head));
    const auto half = demo_bytes(0, 5000);
    co_await exchange.write(half);
    exchange.abort();
}

auto no_answer() -> Task<void> { co_return; }

/// Sends bytes that no honest server would, and closes.
auto fail_by_raw(http::ServerExchange& exchange, std::string_view bytes) -> Task<void> {
    auto stream = exchange.take_stream();
    co_await stream.write(bytes);
    co_await stream.close();
}

auto fail_slowly(http::ServerExchange& exchange) -> Task<void> {
    auto stream = exchange.take_stream();
    co_await stream.write("HTTP/1.1 200 OK\r\n");
    for (int line = 0; line < 600; ++line) {
        co_await sleep(std::chrono::seconds(1));
        const auto field = "X-Line-" + std::to_string(line) + ": still not done\r\n";
        co_await stream.write(field);
    }
    stream.abort();
}

auto fail(http::ServerExchange& exchange, const std::vector<std::string_view>& parts) -> Task<void> {
    const auto how = parts[1];
    if (how == "status" && parts.size() == 3) {
        const auto status = number(parts[2], 599);
        if (status.value_or(0) >= 200) return fail_with_status(exchange, static_cast<int>(*status));
    }
    if (parts.size() == 2) {
        if (how == "cut") return fail_by_cut(exchange);
        if (how == "malformed") return fail_by_raw(exchange, "HTTP/1.1 200 OK\r\nContent Length: 5\r\n\r\nhello");
        if (how == "chunk") {
            return fail_by_raw(exchange,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfive\r\nhello\r\n0\r\n\r\n");
        }
        if (how == "slow") return fail_slowly(exchange);
        if (how == "reset") {
            exchange.abort();
            return no_answer();
        }
    }
    return send_not_found(exchange);
}

auto route(http::ServerExchange& exchange) -> Task<void> {
    const auto parts = split(exchange.raw_path());
    if (parts.size() == 1 && parts[0].empty()) return send_index(exchange);
    if (parts.size() < 2) return send_not_found(exchange);
    if (parts[0] == "fail") return fail(exchange, parts);
    const auto first = number(parts[1], largest_body);
    if (first && parts.size() == 2) {
        if (parts[0] == "bytes") return send_bytes(exchange, *first, piece_bytes, false);
        if (parts[0] == "delay" && *first <= longest_delay_ms) return send_after(exchange, *first);
        if (parts[0] == "redirect" && *first <= most_redirects) return send_redirect(exchange, *first);
    }
    if (first && parts.size() == 3 && parts[0] == "chunked") {
        const auto piece = number(parts[2], largest_piece);
        if (piece.value_or(0) > 0) return send_bytes(exchange, *first, *piece, true);
    }
    return send_not_found(exchange);
}

auto send_not_allowed(http::ServerExchange& exchange) -> Task<void> {
    http::ResponseHead head;
    head.status = 405;
    head.fields.add("Allow", "GET, HEAD");
    head.fields.add("Content-Type", plain);
    co_await exchange.respond(std::move(head), "405 Method Not Allowed\n");
}

}  // namespace

auto demo_bytes(std::size_t offset, std::size_t size, std::uint64_t seed) -> std::string {
    // Lines of 64 letters, so that a person can look at it.
    static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string result(size, '\n');
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t at = offset + i;
        if (i == 0 || at % 8 == 0) word = word_at(at / 8, seed);
        if (at % 64 != 63) result[i] = letters[(word >> (at % 8 * 8)) & 63];
    }
    return result;
}

auto demo_site() -> http::ExchangeHandler {
    return [](http::ServerExchange& exchange) {
        const bool is_allowed = exchange.method() == "GET" || exchange.method() == "HEAD";
        return is_allowed ? route(exchange) : send_not_allowed(exchange);
    };
}

auto demo_urls(std::string_view base) -> std::vector<std::string> {
    std::vector<std::string> urls;
    for (const auto path : paths) urls.push_back(std::string(base).append(path));
    return urls;
}

}  // namespace gyre::cli
