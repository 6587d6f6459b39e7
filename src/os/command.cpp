#include "os/command_specification.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/try_finally.hpp>

#include <algorithm>
#include <stdexcept>

namespace gyre {

namespace internal {

namespace {

constexpr std::size_t shown_command = 200;

auto needs_quotes(const std::string& word) noexcept -> bool {
    return word.empty() || word.find_first_of(" \t\n\"'\\$&|;<>()*?#~`!{}[]") != std::string::npos;
}

/// As a shell would read it back.
auto quoted(const std::string& word) -> std::string {
    std::string text = "'";
    for (const char character : word) text += character == '\'' ? std::string("'\\''") : std::string(1, character);
    return text + "'";
}

}  // namespace

auto CommandSpecification::text() const -> std::string {
    std::string all;
    for (const auto& word : arguments) {
        if (!all.empty()) all += ' ';
        all += needs_quotes(word) ? quoted(word) : word;
        if (all.size() > shown_command) return all.substr(0, shown_command) + "...";
    }
    return all;
}

}  // namespace internal

namespace process {

namespace {

using internal::CommandSpecification;
using internal::StreamPlan;

constexpr std::size_t shown_error_output = 2000;

void refuse_nul(const std::string& text, const char* what) {
    if (text.find('\0') != std::string::npos) throw std::invalid_argument(std::string(what) + " with a NUL byte");
}

void check_variable(const std::string& name) {
    refuse_nul(name, "Command: the name of a variable");
    if (name.empty() || name.find('=') != std::string::npos) {
        throw std::invalid_argument("Command: '" + name + "' cannot be the name of an environment variable");
    }
}

/// The last lines of an error output, without the line end.
auto tail_of(const std::string& text) -> std::string {
    const auto end = text.find_last_not_of(" \r\n");
    if (end == std::string::npos) return {};
    std::string tail = text.substr(0, end + 1);
    if (tail.size() <= shown_error_output) return tail;
    tail = tail.substr(tail.size() - shown_error_output);
    const auto line = tail.find('\n');
    return "..." + (line == std::string::npos ? tail : tail.substr(line));
}

auto error_text(const std::string& command, const Result& result) -> std::string {
    const std::string tail = tail_of(result.error_output);
    return command + " " + result.text() + (tail.empty() ? "" : ": " + tail);
}

auto communicate_within(Child& child, const CommandSpecification& what) -> Task<Result> {
    try {
        const auto& input = what.streams[0];
        auto talk = child.communicate(
            input.kind == StreamPlan::Kind::text ? input.text : std::string(), what.output_limit);
        auto result = co_await std::move(talk);
        co_return result;
    } catch (const net::LimitError&) {
        throw net::LimitError(what.text() + " wrote more than " + std::to_string(what.output_limit) +
                              " bytes: read its output as it comes, or raise output_limit");
    }
}

auto run_to_end(const CommandSpecification& what, Child& child) -> Task<Result> {
    auto end = [&child, &what] { return child.stop(what.grace); };
    auto talk = communicate_within(child, what);
    auto result = co_await try_finally(std::move(talk), end);
    co_return result;
}

auto run_command(std::shared_ptr<const CommandSpecification> what, bool checks) -> Task<Result> {
    auto child = co_await internal::start_process(what, true);
    Result result;
    if (what->timeout == Duration::max()) {
        result = co_await run_to_end(*what, child);
    } else {
        auto in_time = co_await move_on_after(what->timeout, run_to_end(*what, child));
        if (!in_time) throw TimeoutError(what->text() + " did not end within its timeout, and was stopped");
        result = std::move(*in_time);
    }
    if (checks && !result.success()) throw ProcessError(what->text(), std::move(result));
    co_return result;
}

}  // namespace

ProcessError::ProcessError(const std::string& command, Result result)
    : std::runtime_error(error_text(command, result)), result_(std::make_shared<const Result>(std::move(result))) {}

Command::Command(std::vector<std::string> arguments) : what_(std::make_unique<CommandSpecification>()) {
    if (arguments.empty() || arguments.front().empty()) throw std::invalid_argument("Command: no program is named");
    for (const auto& text : arguments) refuse_nul(text, "Command: an argument");
    what_->arguments = std::move(arguments);
}

auto Command::shell(std::string line) -> Command { return Command("/bin/sh", "-c", std::move(line)); }

Command::Command(const Command& other)
    : what_(other.what_ != nullptr ? std::make_unique<CommandSpecification>(*other.what_) : nullptr) {}
Command::Command(Command&&) noexcept = default;
auto Command::operator=(const Command& other) -> Command& { return *this = Command(other); }
auto Command::operator=(Command&&) noexcept -> Command& = default;
Command::~Command() = default;

auto Command::argument(std::string one) -> Command& {
    refuse_nul(one, "Command: an argument");
    what_->arguments.push_back(std::move(one));
    return *this;
}

auto Command::name(std::string text) -> Command& {
    what_->name = std::move(text);
    return *this;
}

auto Command::directory(std::filesystem::path path) -> Command& {
    what_->directory = path.string();
    refuse_nul(what_->directory, "Command: a directory");
    return *this;
}

auto Command::environment(std::string name, std::string value) -> Command& {
    check_variable(name);
    refuse_nul(value, "Command: the value of a variable");
    what_->environment.emplace_back(std::move(name), std::move(value));
    return *this;
}

auto Command::without_environment(std::string name) -> Command& {
    check_variable(name);
    what_->environment.emplace_back(std::move(name), std::nullopt);
    return *this;
}

auto Command::clear_environment() -> Command& {
    what_->clears_environment = true;
    what_->environment.clear();
    return *this;
}

namespace {

auto to_stdio(Stdio where) -> StreamPlan {
    StreamPlan plan;
    plan.kind = StreamPlan::Kind::stdio;
    plan.stdio = where;
    return plan;
}

auto to_file(const std::filesystem::path& path, bool append) -> StreamPlan {
    StreamPlan plan;
    plan.kind = StreamPlan::Kind::file;
    plan.text = path.string();
    plan.append = append;
    refuse_nul(plan.text, "Command: a path");
    return plan;
}

auto to_descriptor(int descriptor) -> StreamPlan {
    if (descriptor < 0) throw std::invalid_argument("Command: a negative number is no descriptor");
    StreamPlan plan;
    plan.kind = StreamPlan::Kind::descriptor;
    plan.descriptor = descriptor;
    return plan;
}

void refuse_merge(Stdio where, const char* stream) {
    if (where == Stdio::merge) {
        throw std::invalid_argument(std::string("Command: Stdio::merge is for the error output, not for the ") + stream);
    }
}

}  // namespace

auto Command::input(std::string text) -> Command& {
    StreamPlan plan;
    plan.kind = StreamPlan::Kind::text;
    plan.text = std::move(text);
    what_->streams[0] = std::move(plan);
    return *this;
}

auto Command::input(Stdio where) -> Command& {
    refuse_merge(where, "input");
    what_->streams[0] = to_stdio(where);
    return *this;
}

auto Command::input_file(std::filesystem::path path) -> Command& {
    what_->streams[0] = to_file(path, false);
    return *this;
}

auto Command::input_descriptor(int descriptor) -> Command& {
    what_->streams[0] = to_descriptor(descriptor);
    return *this;
}

auto Command::output(Stdio where) -> Command& {
    refuse_merge(where, "output");
    what_->streams[1] = to_stdio(where);
    return *this;
}

auto Command::output_file(std::filesystem::path path, bool append) -> Command& {
    what_->streams[1] = to_file(path, append);
    return *this;
}

auto Command::output_descriptor(int descriptor) -> Command& {
    what_->streams[1] = to_descriptor(descriptor);
    return *this;
}

auto Command::error_output(Stdio where) -> Command& {
    what_->streams[2] = to_stdio(where);
    return *this;
}

auto Command::error_output_file(std::filesystem::path path, bool append) -> Command& {
    what_->streams[2] = to_file(path, append);
    return *this;
}

auto Command::error_output_descriptor(int descriptor) -> Command& {
    what_->streams[2] = to_descriptor(descriptor);
    return *this;
}

auto Command::pass(int descriptor, int as) -> Command& {
    if (descriptor < 0 || as < 3) {
        throw std::invalid_argument(
            "Command: pass gives descriptors from 3 on; for 0, 1 and 2 there are input, output "
            "and error_output");
    }
    for (const auto& move : what_->passed) {
        if (move.to == as)
            throw std::invalid_argument("Command: descriptor " + std::to_string(as) + " is passed twice");
    }
    what_->passed.push_back({descriptor, as});
    return *this;
}

auto Command::group(Group which) -> Command& {
    what_->group = which;
    return *this;
}

auto Command::file_mask(int mask) -> Command& {
    if (mask < 0 || mask > 0777) throw std::invalid_argument("Command: a file mask is 0 to 0777");
    what_->file_mask = mask;
    return *this;
}

auto Command::niceness(int added) -> Command& {
    what_->niceness = added;
    return *this;
}

auto Command::resource_limit(int resource, rlim_t limit) -> Command& {
    what_->limits.push_back({resource, {limit, limit}});
    return *this;
}

auto Command::output_limit(std::size_t bytes) -> Command& {
    what_->output_limit = bytes;
    return *this;
}

auto Command::timeout(AnyDuration limit) -> Command& {
    what_->timeout = limit;
    return *this;
}

auto Command::grace(AnyDuration limit) -> Command& {
    what_->grace = limit;
    return *this;
}

auto Command::run() const -> Task<Result> {
    return run_command(std::make_shared<const CommandSpecification>(*what_), false);
}

auto Command::check() const -> Task<Result> {
    return run_command(std::make_shared<const CommandSpecification>(*what_), true);
}

auto Command::spawn() const -> Task<Child> {
    if (what_->streams[0].kind == StreamPlan::Kind::text) {
        throw InvalidStateError("Command: spawn does not feed a text; use Stdio::pipe and Child::communicate");
    }
    return internal::start_process(std::make_shared<const CommandSpecification>(*what_), false);
}

auto Command::text() const -> std::string { return what_->text(); }

}  // namespace process
}  // namespace gyre
