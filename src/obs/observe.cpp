#include <gyre/obs/observe.hpp>

#include "obs/length.hpp"

#include <gyre/backend/own_process.hpp>
#include <gyre/obs/control.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::obs {

namespace {

constexpr const char* variable = "GYRE_OBSERVE";
constexpr Duration usual_stall = std::chrono::milliseconds(25);

void apply(std::string_view word, RunOptions& options) {
    constexpr std::string_view stall = "stall=";
    if (word == "control") {
        if (options.control == nullptr) options.control = &control_socket;
    } else if (word == "quit") {
        options.dump_on_quit = true;
    } else if (word == "exact") {
        options.timing = Timing::exact;
    } else if (word == "record") {
        options.recorder.on = true;
    } else if (word == "stall") {
        if (options.stall_limit.value_or(Duration::zero()) == Duration::zero()) options.stall_limit = usual_stall;
    } else if (const auto limit = word.starts_with(stall) ? read_length(word.substr(stall.size())) : std::nullopt) {
        options.stall_limit = *limit;
    } else {
        throw std::invalid_argument(std::string(variable) + ": '" + std::string(word) +
                                    "' is none of control, quit, stall, stall=25ms (or s, m), exact, record");
    }
}

}  // namespace

auto observed(RunOptions options) -> RunOptions {
    const std::string wanted = backend::environment_value(variable);
    std::string_view rest = wanted;
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        apply(rest.substr(0, comma), options);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return options;
}

}  // namespace gyre::obs
