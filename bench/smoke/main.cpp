// Fixed small works whose instructions callgrind counts: tools/count_instructions.py holds them against bench/budgets.json.
// Everything that could differ from run to run is fixed: no real time but the epoll backend's own, no random order.
// usage: smoke WORK epoll|sim [recorded]      the recorder is off, or on; only `counted_work` is counted; without arguments: the names of the works
#include "works.hpp"

#include <gyre/gyre.hpp>
#include <gyre/obs/recorder.hpp>
#include <gyre/testing/loop.hpp>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

/// What callgrind counts: it has this name and is not inlined.
extern "C" [[gnu::noinline]] void counted_work(gyre::EventLoop& loop, gyre::Task<> (*work)()) {
    loop.run_until_complete(work());
}

namespace {

auto make_loop(std::string_view backend) -> std::unique_ptr<gyre::EventLoop> {
    if (backend == "sim") return std::make_unique<gyre::EventLoop>(gyre::backend::make_sim_backend());
    return std::make_unique<gyre::EventLoop>(gyre::RunOptions{.backend = backend});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 1) {
        for (const auto& work : smoke::works) std::printf("%s %s\n", work.name, work.backends);
        return 0;
    }
    for (const auto& work : smoke::works) {
        if ((argc != 3 && argc != 4) || std::strcmp(work.name, argv[1]) != 0) continue;
        const auto loop = make_loop(argv[2]);
        if (argc == 4) gyre::obs::start_recording(*loop, {.bytes = 1U << 20});
        // Once uncounted: what is set up at the first use (pools, tables, lazy symbols) is no part of the work.
        loop->run_until_complete(work.run());
        counted_work(*loop, work.run);
        loop->close();
        return 0;
    }
    std::fprintf(stderr, "usage: %s WORK epoll|sim [recorded]\n", argv[0]);
    return 1;
}
