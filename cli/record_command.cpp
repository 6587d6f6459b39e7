#include "record_command.hpp"

#include "inspected.hpp"
#include "text.hpp"

#include <gyre/os/graceful_stop.hpp>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace gyre::cli {

namespace {

constexpr int status_failed = 1;
constexpr std::chrono::seconds answer_limit(60);  // of a large recording

struct RecordArguments {
    RecordArguments() = default;

    std::string target;
    std::string output;
    std::string kind = "waiting";
    double seconds = 10;
    bool keep_on = false;
    bool starts_over = false;
};

struct RecorderState {
    RecorderState() = default;

    bool on = false;
    std::string reason;  ///< What stopped it by itself; empty: nothing has.
    std::chrono::nanoseconds length{};
};

auto state_of(Inspected& program) -> Task<RecorderState> {
    const auto answer = co_await program.get_json("/v1/recorder?length=1");
    RecorderState state;
    state.on = answer.at("on").get<bool>();
    state.reason = answer.value("reason", "");
    state.length = std::chrono::nanoseconds(answer.value("length_ns", std::int64_t{0}));
    co_return state;
}

auto switch_recorder(Inspected& program, bool on) -> Task<> {
    const std::string body = on ? R"({"on":true})" : R"({"on":false})";
    static_cast<void>(co_await program.send("PUT", "/v1/recorder", body));
}

/// Says what is there already, if that is what will be fetched.
void describe_kept(const Inspected& program, const RecorderState& state, std::chrono::duration<double> wanted) {
    const auto there = std::chrono::duration<double>(state.length);
    if (!state.on) {
        std::fprintf(stderr, "a trigger stopped the recorder of %s: %s\nthis is the %s before that; --new starts over\n",
            program.title().c_str(), harmless(state.reason).c_str(), time_text(state.length).c_str());
    } else if (there < wanted) {
        std::fprintf(stderr, "what %s has recorded reaches back %s, so that is all there is\n", program.title().c_str(),
            time_text(state.length).c_str());
    }
}

/// Has the program record for a while, unless it has done so all along or has kept what a trigger is about, and gets `path` of
/// that.
auto recorded(const RecordArguments& arguments, Inspected& program, std::string path) -> Task<InspectedAnswer> {
    const auto length = std::chrono::duration<double>(arguments.seconds);
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(length).count();
    const auto state = co_await state_of(program);
    const bool is_kept = !state.on && !state.reason.empty();
    if (!is_kept || arguments.starts_over) path += "last=" + std::to_string(milliseconds) + "ms";
    InspectedAnswer answer;
    const auto get = [&]() -> Task<> { answer = co_await program.get_answer(path, answer_limit); };
    if ((state.on || is_kept) && !arguments.starts_over) {
        describe_kept(program, state, length);
        co_await get();
    } else {
        if (state.on) co_await switch_recorder(program, false);
        co_await switch_recorder(program, true);
        std::fprintf(stderr, "%s records for %g s\n", program.title().c_str(), arguments.seconds);
        // It is read while it still records: then where tasks stand counts that did nothing.
        const auto until_there = [&]() -> Task<> {
            co_await sleep(length);
            co_await get();
        };
        const auto switch_off = [&]() -> Task<> {
            if (!arguments.keep_on && !state.on) co_await switch_recorder(program, false);
        };
        co_await try_finally(until_there(), switch_off);
    }
    if (!answer.notice.empty()) std::fprintf(stderr, "%s\n", harmless(answer.notice).c_str());
    co_return answer;
}

void write(const RecordArguments& arguments, const std::string& bytes) {
    if (arguments.output == "-") {
        std::cout << bytes;
        return;
    }
    std::ofstream out(arguments.output, std::ios::binary);
    out << bytes;
    out.close();
    if (!out) throw InspectError("cannot write " + arguments.output + ": " + std::strerror(errno));
    std::fprintf(stderr, "%zu bytes in %s\n", bytes.size(), arguments.output.c_str());
}

auto record(const RecordArguments& arguments, Inspected& program) -> Task<> {
    const auto answer = co_await recorded(arguments, program, "/v1/trace?");
    if (!answer.has_tasks)
        throw InspectError(program.title() + ": no task was there in that time, so there is no trace");
    write(arguments, answer.body);
    if (arguments.output != "-") std::fprintf(stderr, "https://ui.perfetto.dev opens it; it stays in the browser\n");
}

auto harmless_lines(const std::string& text) -> std::string {
    std::string clean;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) clean += harmless(line) + "\n";
    return clean;
}

auto flame(const RecordArguments& arguments, Inspected& program) -> Task<> {
    const auto answer = co_await recorded(arguments, program, "/v1/folded?kind=" + arguments.kind + "&");
    if (answer.body.empty()) {
        const char* what = arguments.kind == "running" ? "ran" : "waited";
        throw InspectError(program.title() + ": no task " + what + " in that time, so there are no stacks");
    }
    write(arguments, harmless_lines(answer.body));
}

using Work = std::function<Task<>(const RecordArguments&, Inspected&)>;

void run_command(const RecordArguments& arguments, const Work& work, int& status) {
    try {
        run([&]() -> Task<> {
            Inspected program(arguments.target);
            GracefulStop stop;  // so that Ctrl-C leaves no program recording
            co_await stop.run([&] { return work(arguments, program); });
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gyre: %s\n", error.what());
        status = status_failed;
    }
}

auto add_command(CLI::App& app, const char* name, const char* what, Work work, int& status)
    -> std::pair<CLI::App*, std::shared_ptr<RecordArguments>> {
    auto arguments = std::make_shared<RecordArguments>();
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("program", arguments->target, "process number or name of a program with a control socket")
        ->required();
    command->add_option("--last", arguments->seconds, "how much of it, as in 10s")
        ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"ms", 0.001}, {"s", 1}, {"m", 60}},
            CLI::AsNumberWithUnit::UNIT_OPTIONAL, "TIME"))
        ->check(CLI::Range(0.001, 86'400.0))
        ->capture_default_str();
    command->add_flag("--keep-on", arguments->keep_on, "let it go on recording afterwards");
    command->add_flag("--new", arguments->starts_over, "drop what it has recorded before, also what a trigger kept");
    command->callback([arguments, work = std::move(work), &status] { run_command(*arguments, work, status); });
    return {command, arguments};
}

}  // namespace

void add_record_commands(CLI::App& app, int& status) {
    const auto [recording, trace] = add_command(
        app, "record", "Writes what a program did as a trace for Perfetto", record, status);
    trace->output = "trace.pftrace";
    recording->add_option("-o,--output", trace->output, "where to; - is standard output")->capture_default_str();
    const auto [folding, folded] = add_command(app, "flame",
        "Writes what a program waited for, or computed, as folded stacks for flame graphs", flame, status);
    folded->output = "-";
    folding->add_option("-o,--output", folded->output, "where to; - is standard output")->capture_default_str();
    folding->add_option("--kind", folded->kind, "waiting, or running")
        ->check(CLI::IsMember({"waiting", "running"}))
        ->capture_default_str();
}

}  // namespace gyre::cli
