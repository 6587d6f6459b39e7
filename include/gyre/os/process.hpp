#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/backend/processes.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>

#include <chrono>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::internal {
class ProcessRecord;
struct ChildStreams;
struct CommandSpecification;
}  // namespace gyre::internal

/// Programs as children of this one: started, fed, read and reaped without blocking the loop for their sake.
namespace gyre::process {

/// Where one of the three standard streams of a child goes.
enum class Stdio : std::uint8_t {
    inherit,  ///< The program's own.
    null,     ///< Nothing to read; what is written is gone.
    pipe,     ///< A stream of the `Child`; in a `run`, captured.
    merge,    ///< Of the error output only: to where the output goes.
};

/// Which process group a child is in.
enum class Group : std::uint8_t {
    own,      ///< A new one: a signal for the child reaches what it started, and a Ctrl-C does not reach it.
    inherit,  ///< The program's: for what talks to the terminal.
    session,  ///< A new session, without a terminal.
};

/// How a process ended.
struct Status {
    int exit_code = 0;         ///< Negative: the signal that killed it, as in Python. 255 if it is not known.
    bool dumped_core = false;  ///< It was killed, and left its memory for a debugger.
    bool is_known = true;      ///< False if the status was taken by others: SIGCHLD is ignored, and the kernel is old.

    [[nodiscard]] auto success() const noexcept -> bool { return exit_code == 0; }
    /// The signal that killed it, or 0.
    [[nodiscard]] auto signal() const noexcept -> int { return exit_code < 0 ? -exit_code : 0; }
    /// "exited with 3", "killed by signal 9 (Killed)".
    [[nodiscard]] auto text() const -> std::string;
};

/// How a process ended, and what it wrote to the streams that were captured.
struct Result : Status {
    Result() = default;
    explicit Result(Status status) noexcept : Status(status) {}

    std::string output;
    std::string error_output;
};

/// A command that was to succeed did not. `what()` has the command, how it ended and the last lines of its error output.
class ProcessError : public std::runtime_error {
public:
    ProcessError(const std::string& command, Result result);
    /// Exit code and whole output.
    [[nodiscard]] auto result() const noexcept -> const Result& { return *result_; }

private:
    std::shared_ptr<const Result> result_;
};

/// A running program, or one that has ended. Move-only.
///
/// Destroying it while it runs kills it with its group (SIGKILL), and closes the pipes. The loop reaps each child when it
/// ends, whether somebody waits or not: there are no zombies. If the program itself dies, the child gets SIGTERM.
/// A call on one that was moved from throws InvalidStateError.
/// Thread: its loop's. Source: asyncio.subprocess.Process, trio.Process.
class Child {
public:
    Child(Child&& other) noexcept;
    auto operator=(Child&& other) noexcept -> Child&;
    ~Child();

    /// The process number: for people and logs. Signals go through `kill`, which cannot hit another process.
    [[nodiscard]] auto pid() const -> int;
    [[nodiscard]] auto name() const -> std::string_view;
    /// How it ended, or empty while it runs. Never waits.
    [[nodiscard]] auto status() const -> std::optional<Status>;

    /// The stream that the child reads: `write`, then `shutdown_write` for its end. @throws InvalidStateError if its input
    /// is not Stdio::pipe; so the others.
    [[nodiscard]] auto input() -> net::Stream&;
    /// The stream that the child writes its output to.
    [[nodiscard]] auto output() -> net::Stream&;
    [[nodiscard]] auto error_output() -> net::Stream&;

    /// Waits until it has ended. Any number of tasks may, and again. A child that writes to a pipe which nobody reads does
    /// not end: read it, or use `communicate`. On cancel: the child runs on.
    [[nodiscard]] auto wait() const -> Task<Status>;

    /// Writes `text` to its input and closes that, reads the piped outputs to their ends, all at the same time, and waits.
    /// A child that does not read its input is no error.
    /// @param limit bytes of each output. @throws InvalidStateError for a text if its input is not Stdio::pipe; net::LimitError
    /// for more than `limit`. Then, and on cancel: its pipes are closed; it runs on.
    [[nodiscard]] auto communicate(std::string text = {}, std::size_t limit = net::Stream::default_read_all_limit)
        -> Task<Result>;

    /// Sends it a signal. @return false if it has ended. @throws IoError if that is not allowed or no signal.
    auto kill(int signal = SIGKILL) -> bool;
    /// Asks it to end: SIGTERM.
    auto terminate() -> bool { return kill(SIGTERM); }
    /// Sends a signal to it and to everything in its group; to it alone if it is in the program's own.
    auto kill_group(int signal = SIGKILL) -> bool;

    /// Asks its group to end, and kills it if it has not when `grace` has passed. @return how it ended.
    /// On cancel: the grace is over at once: it is killed, and waited for.
    [[nodiscard]] auto stop(AnyDuration grace = std::chrono::seconds(5)) -> Task<Status>;

    // For the rest of the library.
    Child(std::shared_ptr<internal::ProcessRecord> record, std::unique_ptr<internal::ChildStreams> streams) noexcept;

private:
    [[nodiscard]] auto record() const -> internal::ProcessRecord&;
    [[nodiscard]] auto streams() const -> internal::ChildStreams&;

    std::shared_ptr<internal::ProcessRecord> record_;
    std::unique_ptr<internal::ChildStreams> streams_;
};

/// What to run and how; then `run`, `check` or `spawn` it. May be used again.
///
/// A program without a slash is looked for in the PATH that the child will have. The child begins with every signal
/// unblocked and at its default action, and with no descriptor but 0, 1, 2 and those that were passed. A setter throws
/// std::invalid_argument for what cannot be, such as a NUL byte in an argument.
/// Needs Linux 5.4; before 5.11 descriptors of other libraries that are not close-on-exec reach the child.
/// Thread: any; the calls that start something, a loop's. Source: asyncio.create_subprocess_exec, trio.run_process.
class Command {
public:
    /// @param program and its arguments; no shell looks at them. @throws std::invalid_argument for a NUL byte.
    template<std::convertible_to<std::string>... Arguments>
    explicit Command(std::string program, Arguments&&... arguments)
        : Command(std::vector<std::string>{std::move(program), std::string(std::forward<Arguments>(arguments))...}) {}
    /// @param arguments the program first.
    explicit Command(std::vector<std::string> arguments);
    /// A line for /bin/sh. Nothing from outsiders belongs into it.
    [[nodiscard]] static auto shell(std::string line) -> Command;

    Command(const Command&);
    Command(Command&&) noexcept;
    auto operator=(const Command&) -> Command&;
    auto operator=(Command&&) noexcept -> Command&;
    ~Command();

    auto argument(std::string one) -> Command&;
    /// As dumps and errors call it; else the program.
    auto name(std::string text) -> Command&;
    auto directory(std::filesystem::path path) -> Command&;

    /// Sets one variable of its environment, which is otherwise the program's.
    auto environment(std::string name, std::string value) -> Command&;
    auto without_environment(std::string name) -> Command&;
    /// Begins with none; set those that are wanted afterwards.
    auto clear_environment() -> Command&;

    /// Text for its input: for `run` and `check`. Default there: nothing to read. Of `spawn`: the program's own.
    auto input(std::string text) -> Command&;
    auto input(const char* text) -> Command& { return input(std::string(text)); }
    auto input(Stdio where) -> Command&;
    auto input_file(std::filesystem::path path) -> Command&;
    /// A descriptor of the program's, which stays the program's and must be open until the child was started.
    auto input_descriptor(int descriptor) -> Command&;
    /// Default of `run` and `check`: captured. Of `spawn`: the program's own.
    auto output(Stdio where) -> Command&;
    auto output_file(std::filesystem::path path, bool append = false) -> Command&;
    auto output_descriptor(int descriptor) -> Command&;
    auto error_output(Stdio where) -> Command&;
    auto error_output_file(std::filesystem::path path, bool append = false) -> Command&;
    auto error_output_descriptor(int descriptor) -> Command&;
    /// Gives the child one more descriptor, under its own number or another one.
    auto pass(int descriptor) -> Command& { return pass(descriptor, descriptor); }
    auto pass(int descriptor, int as) -> Command&;

    auto group(Group which) -> Command&;
    auto file_mask(int mask) -> Command&;
    /// Added to the program's own niceness.
    auto niceness(int added) -> Command&;
    /// setrlimit(2), the soft limit and the hard one: `resource_limit(RLIMIT_AS, 1 << 30)`.
    auto resource_limit(int resource, rlim_t limit) -> Command&;

    /// What `run` and `check` keep of each output at most, in bytes; default 64 MiB.
    auto output_limit(std::size_t bytes) -> Command&;
    /// How long `run` and `check` may take; then the group is stopped, and they throw TimeoutError. Default: no limit.
    auto timeout(AnyDuration limit) -> Command&;
    /// How long a group that was asked to end has until it is killed: on a timeout, on cancel. Default 5 s; 0: none.
    auto grace(AnyDuration limit) -> Command&;

    /// Runs it to its end, feeding and reading it meanwhile. A bad exit code is no error.
    /// @throws IoError if it cannot be started (which program or directory, and why), net::LimitError for too much output,
    /// TimeoutError. Whatever it throws, the child's group was stopped and the child reaped.
    /// On cancel: the same; so it takes up to the grace. What the child started in the background and has not ended itself
    /// holds the pipes open, and is waited for.
    [[nodiscard]] auto run() const -> Task<Result>;
    /// As `run`. @throws ProcessError too, if it does not end with exit code 0.
    [[nodiscard]] auto check() const -> Task<Result>;
    /// Starts it. @throws IoError as `run`; InvalidStateError for a text as its input. On cancel: it was not started.
    [[nodiscard]] auto spawn() const -> Task<Child>;

    /// As a person would type it, shortened.
    [[nodiscard]] auto text() const -> std::string;

private:
    std::unique_ptr<internal::CommandSpecification> what_;
};

}  // namespace gyre::process
