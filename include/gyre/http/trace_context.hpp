#pragma once

#include <gyre/core/task_local.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/server/app.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

/// Where in a trace something happens that goes through several programs: which trace, and which step of it.
/// A value. Source: W3C Trace Context.
struct TraceContext {
    TraceContext() = default;

    std::array<std::byte, 16> trace_id{};  ///< Not all zero.
    std::array<std::byte, 8> span_id{};    ///< Of the step that this is in. Not all zero.
    bool sampled = false;                  ///< Is the trace kept by whoever began it?
    std::string state;                     ///< tracestate: what the systems on the way need; passed on as it came.

    /// A new trace, with ids from the loop's random source.
    [[nodiscard]] static auto start(bool sampled = true) -> TraceContext;
    /// Reads the fields `traceparent` and `tracestate` of a message. Empty if there is no valid traceparent; without the state
    /// if that is longer than 512 bytes.
    [[nodiscard]] static auto from(const Fields& fields) -> std::optional<TraceContext>;

    /// The same trace, a step further: with a span id of its own.
    [[nodiscard]] auto child() const -> TraceContext;
    /// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
    [[nodiscard]] auto traceparent() const -> std::string;
    /// The 32 hexadecimal digits of the trace, as logs show them.
    [[nodiscard]] auto trace_text() const -> std::string;
    /// The 16 digits of the step.
    [[nodiscard]] auto span_text() const -> std::string;

    friend auto operator==(const TraceContext&, const TraceContext&) -> bool = default;
};

/// The trace that the code here belongs to; empty: none. Tasks inherit it.
[[nodiscard]] auto current_trace() -> TaskLocal<std::optional<TraceContext>>&;

/// A middleware for clients: each request of a task that belongs to a trace carries it, as a step of its own. A redirect or a new
/// attempt is another step. A request with a traceparent of its own is left alone, and so is one outside of any trace.
[[nodiscard]] auto propagate_trace() -> ClientMiddleware;

/// A middleware for apps: a request's handlers, and what makes the body of a streamed response or uses a WebSocket after them,
/// belong to the trace that it carries, as a step of its own; without one a new trace begins. A request from outside can name
/// any trace: that is what it is for, so let no right depend on it.
[[nodiscard]] auto join_trace() -> Middleware;

}  // namespace gyre::http
