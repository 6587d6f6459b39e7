#include <gyre/http/trace_context.hpp>

#include "core/hex_text.hpp"

#include <gyre/core/random.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

namespace gyre::http {

namespace {

constexpr std::size_t longest_state = 512;
constexpr std::size_t parent_size = 55;  // of version 00

// Upper case is not allowed.
auto hex_digit(char c) noexcept -> int {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

auto read_hex(std::string_view text, std::span<std::byte> bytes) noexcept -> bool {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<std::byte>(high << 4 | low);
    }
    return true;
}

auto is_zero(std::span<const std::byte> bytes) noexcept -> bool {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{}; });
}

template<std::size_t N>
auto random_id() -> std::array<std::byte, N> {
    std::array<std::byte, N> id{};
    while (is_zero(id)) fill_random(id);
    return id;
}

auto parse_parent(std::string_view text) -> std::optional<TraceContext> {
    if (text.size() < parent_size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
    TraceContext context;
    std::array<std::byte, 1> version{};
    std::array<std::byte, 1> flags{};
    const bool is_hex = read_hex(text, version) && read_hex(text.substr(3), context.trace_id) &&
                        read_hex(text.substr(36), context.span_id) && read_hex(text.substr(53), flags);
    if (!is_hex || is_zero(context.trace_id) || is_zero(context.span_id)) return std::nullopt;
    // A later version may have more behind a dash; 255 is none.
    if (version[0] == std::byte{0xff}) return std::nullopt;
    if (text.size() > parent_size && (version[0] == std::byte{} || text[parent_size] != '-')) return std::nullopt;
    context.sampled = (flags[0] & std::byte{1}) != std::byte{};
    return context;
}

auto all_states(const Fields& fields) -> std::string {
    std::string all;
    for (const auto value : fields.get_all("tracestate")) {
        if (value.empty()) continue;
        if (!all.empty()) all += ',';
        all += value;
    }
    return all.size() > longest_state ? std::string() : all;
}

auto send_traced(ClientCall& call, ClientNext next) -> Task<ClientResponse> {
    const auto current = current_trace().get();
    if (current && !call.fields().contains("traceparent")) {
        call.fields().set("traceparent", current->child().traceparent());
        if (!current->state.empty()) call.fields().set("tracestate", current->state);
        auto response = co_await next(call);
        call.fields().remove("traceparent");  // a new attempt is a step of its own
        call.fields().remove("tracestate");
        co_return response;
    }
    co_return co_await next(call);
}

auto produce_traced(BodyProducer producer, TraceContext trace, BodyWriter& body) -> Task<void> {
    const auto restore = current_trace().set(std::move(trace));
    co_await producer(body);
}

auto take_over_traced(Takeover takeover, TraceContext trace, net::Stream stream) -> Task<void> {
    const auto restore = current_trace().set(std::move(trace));
    co_await takeover(std::move(stream));
}

auto answer_traced(Request& request, Next next) -> Task<Response> {
    const auto given = TraceContext::from(request.fields());
    const auto trace = given ? given->child() : TraceContext::start();
    const auto restore = current_trace().set(trace);
    auto response = co_await next(request);
    // What is left of the response runs when this middleware has returned.
    if (auto* producer = std::get_if<BodyProducer>(&response.body())) {
        *producer = [inner = std::move(*producer), trace](
                        BodyWriter& body) { return produce_traced(inner, trace, body); };
    } else if (auto* takeover = std::get_if<Takeover>(&response.body())) {
        *takeover = [inner = std::move(*takeover), trace](
                        net::Stream stream) { return take_over_traced(inner, trace, std::move(stream)); };
    }
    co_return response;
}

}  // namespace

auto TraceContext::start(bool sampled) -> TraceContext {
    TraceContext context;
    context.trace_id = random_id<16>();
    context.span_id = random_id<8>();
    context.sampled = sampled;
    return context;
}

auto TraceContext::from(const Fields& fields) -> std::optional<TraceContext> {
    if (fields.count("traceparent") != 1) return std::nullopt;
    auto context = parse_parent(*fields.get("traceparent"));
    if (context) context->state = all_states(fields);
    return context;
}

auto TraceContext::child() const -> TraceContext {
    auto context = *this;
    context.span_id = random_id<8>();
    return context;
}

auto TraceContext::traceparent() const -> std::string {
    return "00-" + trace_text() + "-" + span_text() + (sampled ? "-01" : "-00");
}

auto TraceContext::trace_text() const -> std::string { return gyre::internal::hex_text(trace_id); }
auto TraceContext::span_text() const -> std::string { return gyre::internal::hex_text(span_id); }

auto current_trace() -> TaskLocal<std::optional<TraceContext>>& {
    static TaskLocal<std::optional<TraceContext>> current;
    return current;
}

auto propagate_trace() -> ClientMiddleware { return send_traced; }
auto join_trace() -> Middleware { return answer_traced; }

}  // namespace gyre::http
