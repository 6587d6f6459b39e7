#include "os/command_specification.hpp"
#include "os/file_wait.hpp"
#include "os/owned_descriptor.hpp"
#include "os/pipe_transport.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/blocking.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <fcntl.h>

#include <cerrno>
#include <map>
#include <string_view>
#include <system_error>

namespace gyre::internal {

namespace {

using process::Stdio;

auto code_of(std::int64_t result) -> std::error_code { return {static_cast<int>(-result), std::generic_category()}; }

constexpr const char* stream_names[] = {"input", "output", "error output"};

/// The three standard streams of a child on their way: its ends, and the program's.
struct Standard {
    std::array<OwnedDescriptor, 3> childs;    ///< Closed when it runs.
    std::array<OwnedDescriptor, 3> programs;  ///< Of pipes.
    std::vector<backend::DescriptorMove> moves;
};

auto open_file(std::string path, int flags) -> Task<OwnedDescriptor> {
    backend::FileRequest request;
    request.call = backend::FileCall::open;
    request.path = path.c_str();
    request.flags = flags;
    request.mode = 0666;
    const std::int64_t result = co_await FileWait("open", request);
    if (result < 0) throw IoError(code_of(result), "open", path);
    co_return OwnedDescriptor(static_cast<int>(result));
}

auto flags_of(int number, const StreamPlan& plan) noexcept -> int {
    if (number == 0) return O_RDONLY;
    return O_WRONLY | O_CREAT | (plan.append ? O_APPEND : O_TRUNC);
}

void open_stream_pipe(Standard& standard, int number, const std::string& title) {
    backend::PipeEnds ends;
    if (const int result = backend::open_pipe(ends); result < 0)
        throw IoError(code_of(result), "open a pipe for", title);
    OwnedDescriptor read(ends.read);
    OwnedDescriptor write(ends.write);
    auto& childs = number == 0 ? read : write;
    if (const int result = backend::make_blocking(childs.get()); result < 0) {
        throw IoError(code_of(result), "open a pipe for", title);
    }
    const auto at = static_cast<std::size_t>(number);
    standard.programs[at] = std::move(number == 0 ? write : read);
    standard.childs[at] = std::move(childs);
}

void plan_move(Standard& standard, int number, int from) { standard.moves.push_back({from, number}); }

/// Where the output of the child goes, for an error output that is merged into it.
auto output_of(const Standard& standard) noexcept -> int {
    for (const auto& move : standard.moves) {
        if (move.to == 1) return move.from;
    }
    return 1;
}

auto stdio_of(const StreamPlan& plan, int number, bool captures) noexcept -> Stdio {
    if (plan.kind == StreamPlan::Kind::text) return Stdio::pipe;
    if (plan.kind == StreamPlan::Kind::stdio) return plan.stdio;
    if (!captures) return Stdio::inherit;
    return number == 0 ? Stdio::null : Stdio::pipe;
}

auto open_standard(const CommandSpecification& what, bool captures, Standard& standard) -> Task<void> {
    for (int number = 0; number < 3; ++number) {
        const auto at = static_cast<std::size_t>(number);
        const StreamPlan& plan = what.streams[at];
        if (plan.kind == StreamPlan::Kind::descriptor) {
            plan_move(standard, number, plan.descriptor);
            continue;
        }
        if (plan.kind == StreamPlan::Kind::file) {
            standard.childs[at] = co_await open_file(plan.text, flags_of(number, plan));
        } else {
            const Stdio stdio = stdio_of(plan, number, captures);
            if (stdio == Stdio::inherit) continue;
            if (stdio == Stdio::merge) {
                plan_move(standard, number, output_of(standard));
                continue;
            }
            if (stdio == Stdio::null) {
                standard.childs[at] = co_await open_file("/dev/null", O_RDWR);
            } else {
                open_stream_pipe(standard, number, what.title());
            }
        }
        plan_move(standard, number, standard.childs[at].get());
    }
}

/// "NAME=value" of every variable that the child will have, by name.
auto environment_of(const CommandSpecification& what) -> std::map<std::string, std::string> {
    std::map<std::string, std::string> all;
    if (!what.clears_environment) {
        for (const char* const* entry = backend::process_environment(); entry != nullptr && *entry != nullptr; ++entry) {
            const std::string_view text(*entry);
            const auto equals = text.find('=', 1);
            if (equals != std::string_view::npos) all.try_emplace(std::string(text.substr(0, equals)), text);
        }
    }
    for (const auto& [name, value] : what.environment) {
        if (value) {
            all.insert_or_assign(name, name + "=" + *value);
        } else {
            all.erase(name);
        }
    }
    return all;
}

/// The paths to try for a program, as execvp(3) would.
auto candidates_of(const std::string& program, const std::map<std::string, std::string>& environment)
    -> std::vector<std::string> {
    if (program.find('/') != std::string::npos) return {program};
    const auto path = environment.find("PATH");
    std::string_view folders = "/bin:/usr/bin";
    if (path != environment.end()) folders = std::string_view(path->second).substr(5);
    std::vector<std::string> all;
    for (;;) {
        const auto colon = folders.find(':');
        const auto folder = folders.substr(0, colon);
        all.push_back(folder.empty() ? program : std::string(folder) + "/" + program);
        if (colon == std::string_view::npos) return all;
        folders.remove_prefix(colon + 1);
    }
}

/// argv and its like: pointers into strings that outlive it, ended by null.
class Pointers {
public:
    void add(const std::string& text) { pointers_.push_back(const_cast<char*>(text.c_str())); }
    [[nodiscard]] auto get() -> char* const* {
        pointers_.push_back(nullptr);
        return pointers_.data();
    }

private:
    std::vector<char*> pointers_;
};

[[noreturn]] void fail(const CommandSpecification& what, const backend::SpawnResult& result) {
    const auto code = code_of(-result.error);
    switch (result.step) {
    case backend::SpawnStep::directory:
        throw IoError(code, "run " + what.title() + " in", what.directory);
    case backend::SpawnStep::descriptors:
        throw IoError(code, "pass descriptors to", what.title());
    case backend::SpawnStep::limits:
        throw IoError(code, "set the limits of", what.title());
    case backend::SpawnStep::group:
        throw IoError(code, "make a process group for", what.title());
    case backend::SpawnStep::process:
    case backend::SpawnStep::program:
        break;
    }
    throw IoError(code, "run", what.arguments.front());
}

auto group_of(process::Group group) noexcept -> backend::GroupOfChild {
    if (group == process::Group::inherit) return backend::GroupOfChild::parents;
    return group == process::Group::own ? backend::GroupOfChild::own : backend::GroupOfChild::session;
}

auto spawn_now(const CommandSpecification& what, const Standard& standard) -> backend::SpawnResult {
    const auto variables = environment_of(what);
    const auto candidates = candidates_of(what.arguments.front(), variables);
    Pointers programs;
    Pointers arguments;
    Pointers environment;
    for (const auto& path : candidates) programs.add(path);
    for (const auto& argument : what.arguments) arguments.add(argument);
    for (const auto& [name, entry] : variables) environment.add(entry);
    std::vector<backend::DescriptorMove> moves = standard.moves;
    moves.insert(moves.end(), what.passed.begin(), what.passed.end());

    backend::SpawnRequest request;
    request.programs = programs.get();
    request.arguments = arguments.get();
    request.environment = environment.get();
    request.directory = what.directory.empty() ? nullptr : what.directory.c_str();
    request.descriptors = moves;
    request.limits = what.limits;
    request.group = group_of(what.group);
    request.file_mask = what.file_mask;
    request.niceness = what.niceness;
    request.signal_with_parent = SIGTERM;
    const auto result = backend::spawn_process(request);
    if (result.error != 0) fail(what, result);
    return result;
}

}  // namespace

auto start_process(std::shared_ptr<const CommandSpecification> what, bool captures) -> Task<process::Child> {
    EventLoop& loop = this_loop();
    if (!loop.backend().has_processes()) {
        throw IoError(std::make_error_code(std::errc::operation_not_supported), "run", what->title(),
            "the simulated world has no processes");
    }
    Standard standard;
    co_await open_standard(*what, captures, standard);
    const auto started = spawn_now(*what, standard);
    auto record = std::make_shared<ProcessRecord>(started, what->group != process::Group::inherit, what->title());
    record->watch(loop, record);
    auto streams = std::make_unique<ChildStreams>();
    for (std::size_t i = 0; i < 3; ++i) {
        auto& end = standard.programs[i];
        if (end.get() < 0) continue;
        const auto use = i == 0 ? PipeTransport::Use::write : PipeTransport::Use::read;
        std::string name = std::string(stream_names[i]) + " of " + what->title();
        streams->of[i].emplace(std::make_unique<PipeTransport>(std::move(end), use, std::move(name)));
    }
    co_return process::Child(std::move(record), std::move(streams));
}

}  // namespace gyre::internal
