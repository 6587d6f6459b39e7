#include "control_if_possible.hpp"

#include <gyre/obs/control.hpp>

#include <cstdio>
#include <exception>

namespace gyre::cli {

auto control_if_possible(const RunOptions& options, std::span<EventLoop* const> loops)
    -> std::unique_ptr<internal::Warden> {
    try {
        return obs::control_socket(options, loops);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gyre: no control socket, so `gyre ps` cannot look inside: %s\n", error.what());
        return nullptr;
    }
}

void keep_stalls(const obs::StallReport&) {}

}  // namespace gyre::cli
