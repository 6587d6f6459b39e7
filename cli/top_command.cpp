#include "top_command.hpp"

#include "inspected.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "top_screen.hpp"

#include <gyre/os/graceful_stop.hpp>
#include <gyre/os/signals.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gyre::cli {

namespace {

constexpr int status_failed = 1;
constexpr const char* snapshot_path = "/v1/snapshot?most=5000";  // more than anybody looks through

struct TopArguments {
    TopArguments() = default;

    std::string target;
    double interval = 1;
    std::size_t width = 80;
    std::size_t height = 24;
    bool once = false;
};

auto refresh(Inspected& inspected, TopScreen& screen) -> Task<void> {
    const auto snapshot = co_await inspected.get_json(snapshot_path);
    const auto figures = co_await inspected.get_json("/v1/figures");
    const auto histograms = co_await inspected.get_json("/v1/histograms");
    screen.update(snapshot, figures, histograms);
}

void print(TopScreen& screen, const TopArguments& arguments) {
    for (const std::string& line : screen.lines(arguments.width, arguments.height)) std::cout << line << "\n";
}

/// Two looks, so that there are rates.
auto print_once(const TopArguments& arguments) -> Task<int> {
    Inspected inspected(arguments.target);
    TopScreen screen(inspected.title());
    co_await refresh(inspected, screen);
    co_await sleep(std::chrono::milliseconds(200));
    co_await refresh(inspected, screen);
    print(screen, arguments);
    co_return 0;
}

/// What the tasks of the live picture share.
struct Live {
    Live(std::string_view target, Duration every) : inspected(target), screen(inspected.title()), interval(every) {}

    Inspected inspected;
    TopScreen screen;
    Duration interval;
    Terminal terminal;
    std::string typed;
    std::string failure;  ///< Why there is nothing more to come.
    void draw() { terminal.draw(screen.lines(terminal.width(), terminal.height())); }
};

auto keep_fresh(Live& live) -> Task<void> {
    for (;;) {
        if (!live.screen.is_paused()) {
            try {
                co_await refresh(live.inspected, live.screen);
            } catch (const InspectError& error) {
                live.screen.update_failed(error.what());
            }
            live.draw();
        }
        co_await sleep(live.interval);
    }
}

auto follow_size(Live& live) -> Task<void> {
    SignalSet resized({SIGWINCH});
    for (;;) {
        const auto signal = co_await resized.next();
        static_cast<void>(signal);
        live.draw();
    }
}

auto switch_timing(Live& live, std::string timing) -> Task<void> {
    try {
        static_cast<void>(co_await live.inspected.send("PUT", "/v1/timing", R"({"timing":")" + timing + R"("})"));
        co_await refresh(live.inspected, live.screen);
    } catch (const InspectError& error) {
        live.screen.update_failed(error.what());
    }
}

/// The keys of a person, until they want to leave.
auto follow_keys(Live& live) -> Task<void> {
    Event typed("keys");
    struct Reader {
        explicit Reader(Event& event) {
            this_loop().add_reader(STDIN_FILENO, [&event] { event.set(); });
        }
        Reader(const Reader&) = delete;
        auto operator=(const Reader&) -> Reader& = delete;
        ~Reader() { this_loop().remove_reader(STDIN_FILENO); }
    } const reader(typed);
    for (;;) {
        co_await typed.wait();
        typed.clear();
        if (!live.terminal.read(live.typed)) co_return;
        for (const Press& press : take_presses(live.typed)) {
            if (!live.screen.press(press)) co_return;
        }
        if (auto timing = live.screen.take_switch(); !timing.empty()) co_await switch_timing(live, std::move(timing));
        live.draw();
    }
}

auto show_live(const TopArguments& arguments) -> Task<int> {
    Live live(arguments.target, Duration(static_cast<std::int64_t>(arguments.interval * 1e9)));
    GracefulStop stop;
    const auto stopped = co_await stop.run([&]() -> Task<void> {
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(keep_fresh(live), {.name = "picture"});
            group.spawn(follow_size(live), {.name = "size of the terminal"});
            co_await follow_keys(live);
            group.cancel("the person leaves");
        });
    });
    static_cast<void>(stopped);
    co_return 0;
}

auto guarded(const TopArguments& arguments) -> int {
    try {
        return run([&] { return arguments.once ? print_once(arguments) : show_live(arguments); });
    } catch (const InspectError& error) {
        std::fprintf(stderr, "gyre: %s\n", error.what());
        return status_failed;
    }
}

}  // namespace

void add_top_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<TopArguments>();
    auto* top = app.add_subcommand("top", "Shows live what a running program does");
    top->add_option("PROGRAM", arguments->target, "A process number, a program's name, or the path of a control socket")
        ->required();
    top->add_option("--interval", arguments->interval, "Seconds from one look to the next")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    top->add_flag("--once", arguments->once, "Prints one screen and ends");
    top->add_option("--width", arguments->width, "Columns of the one screen")
        ->check(CLI::Range(40, 1000))
        ->capture_default_str();
    top->add_option("--height", arguments->height, "Lines of the one screen")
        ->check(CLI::Range(10, 10'000))
        ->capture_default_str();
    top->callback([arguments, &status] { status = guarded(*arguments); });
}

}  // namespace gyre::cli
