#pragma once

#include "obs/json_out.hpp"
#include "obs/program_loops.hpp"

#include <gyre/http/server/app.hpp>

#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gyre::obs {

/// What the control socket answers. Thread: that of the loop which serves it.
class ControlSite {
public:
    ControlSite(std::span<EventLoop* const> loops, Duration stall_limit);

    /// The routes; this outlives the app.
    [[nodiscard]] auto app() -> http::App;

private:
    [[nodiscard]] auto snapshot(http::Request& request) -> Task<http::Response>;
    [[nodiscard]] auto findings(http::Request& request) -> Task<http::Response>;
    /// Says of the loops that are blocked why they are.
    [[nodiscard]] auto find_causes(std::vector<Snapshot>& seen) -> Task<>;
    [[nodiscard]] auto figures() -> Task<http::Response>;
    [[nodiscard]] auto histograms() -> Task<http::Response>;
    [[nodiscard]] auto metrics() -> Task<http::Response>;
    [[nodiscard]] auto timing() -> Task<http::Response>;
    [[nodiscard]] auto switch_timing(http::Request& request) -> Task<http::Response>;
    [[nodiscard]] auto stalls() const -> http::Response;
    void head(JsonOut& out) const;
    /// The object that every route answers with: what is said of the program, and what `write(json, out)` adds.
    template<class Write>
    [[nodiscard]] auto answer(Write write) const -> http::Response {
        std::ostringstream out;
        JsonOut json(out);
        head(json);
        write(json, out);
        json.close('}');
        return http::Response::json(std::move(out).str());
    }

    ProgramLoops loops_;
    Duration stall_limit_;
    std::string program_;
    int process_;
    Time began_;
};

}  // namespace gyre::obs
