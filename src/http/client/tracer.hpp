#pragma once

#include <gyre/http/client/client_trace.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::internal {

/// What is known of a step beside the request.
struct TraceDetail {
    std::string_view text = {};
    int status = 0;
    std::uint64_t bytes = 0;
    std::exception_ptr error = nullptr;
};

/// Tells the steps of one request to whoever wants to know. Copies tell of the same request.
class Tracer {
public:
    using Hooks = std::shared_ptr<const std::vector<ClientTrace>>;

    Tracer() = default;
    Tracer(Hooks hooks, std::uint64_t request) noexcept : hooks_(std::move(hooks)), request_(request) {}

    /// Does anybody want to know? Else nothing needs to be found out for it.
    [[nodiscard]] explicit operator bool() const noexcept { return hooks_ != nullptr; }

    void tell(ClientStep step, std::string_view method, const Url& url, const TraceDetail& detail = {}) const noexcept {
        if (hooks_) tell_hooks(step, method, url, detail);
    }

private:
    void tell_hooks(ClientStep step, std::string_view method, const Url& url, const TraceDetail& detail) const noexcept;

    Hooks hooks_;  ///< Null: nobody.
    std::uint64_t request_ = 0;
};

}  // namespace gyre::http::internal
