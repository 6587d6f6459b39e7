#include "tracer.hpp"

#include <gyre/core/loop.hpp>

#include <array>
#include <string>

namespace gyre::http {

auto step_name(ClientStep step) noexcept -> std::string_view {
    constexpr std::array<std::string_view, 20> names = {"start", "queued", "reused", "resolving", "resolved",
        "connecting", "connected", "securing", "secured", "sending", "sent", "sent_piece", "first_byte", "interim",
        "head", "received_piece", "redirect", "retry", "done", "failed"};
    const auto index = static_cast<std::size_t>(step);
    return index < names.size() ? names[index] : std::string_view("unknown");
}

namespace internal {

void Tracer::tell_hooks(
    ClientStep step, std::string_view method, const Url& url, const TraceDetail& detail) const noexcept {
    try {
        auto& loop = this_loop();
        const ClientTraceEvent event{
            step, request_, loop.now(), method, url, detail.text, detail.status, detail.bytes, detail.error};
        for (const auto& hook : *hooks_) {
            try {
                hook(event);
            } catch (...) {
                loop.handle_error({std::current_exception(), ErrorOrigin::callback, "the trace of an http::Client"});
            }
        }
    } catch (...) {  // the loop has gone, and who is left is only cleaning up
    }
}

}  // namespace internal

}  // namespace gyre::http
