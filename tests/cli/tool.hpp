#pragma once

#include <gyre/backend/thread_probe.hpp>

#include <cerrno>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/// The program `gyre`, as a shell runs it.
namespace gyre::testing {

struct ToolResult {
    ToolResult() = default;
    int status = -1;
    std::string out;  ///< Standard output and standard error.
};

inline auto arguments_of(const std::vector<std::string>& arguments) -> std::vector<char*> {
    static const std::string tool = GYRE_TOOL;
    std::vector<char*> all{const_cast<char*>(tool.c_str())};
    for (const std::string& argument : arguments) all.push_back(const_cast<char*>(argument.c_str()));
    all.push_back(nullptr);
    return all;
}

/// The program while it runs, with its output in a pipe, or on a terminal of its own.
class RunningTool {
public:
    enum class On { pipe, terminal };

    explicit RunningTool(std::vector<std::string> arguments, On on = On::pipe) {
        auto all = arguments_of(arguments);
        int ends[2] = {-1, -1};
        if (on == On::pipe) {
            if (::pipe(ends) != 0) std::abort();
        } else {
            ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY);
            ::grantpt(ends[0]);
            ::unlockpt(ends[0]);
            resize(ends[0], 80, 24);
            ends[1] = ::open(::ptsname(ends[0]), O_RDWR | O_NOCTTY);
        }
        process_ = ::fork();
        if (process_ == 0) {
            if (on == On::terminal) {
                ::setsid();
                ::ioctl(ends[1], TIOCSCTTY, 0);
                ::dup2(ends[1], STDIN_FILENO);
            }
            ::dup2(ends[1], STDOUT_FILENO);
            ::dup2(ends[1], STDERR_FILENO);
            ::close(ends[0]);
            ::execv(all[0], all.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        descriptor_ = ends[0];
        ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    }
    RunningTool(const RunningTool&) = delete;
    auto operator=(const RunningTool&) -> RunningTool& = delete;
    ~RunningTool() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        ::close(descriptor_);
    }

    [[nodiscard]] auto process() const -> int { return process_; }
    void type(const std::string& keys) const {
        if (::write(descriptor_, keys.data(), keys.size()) < 0) std::abort();
    }
    void resize(unsigned short width, unsigned short height) const { resize(descriptor_, width, height); }
    /// Reads until `part` has come since the last call that found one; ten seconds at most. @return whether it has.
    auto await(std::string_view part) -> bool {
        const auto end = backend::monotonic_time() + std::chrono::seconds(10);
        for (;;) {
            const auto at = out.find(part, seen_);
            if (at != std::string::npos) {
                seen_ = at + part.size();
                return true;
            }
            if (backend::monotonic_time() > end || !read()) return false;
        }
    }
    /// Waits for the end. @return the exit status; 128 and a signal's number.
    auto wait() -> int {
        while (read()) {}
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    /// Dead, and nobody has cleaned up behind it.
    void kill() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

    std::string out;  ///< All that has come.

private:
    static void resize(int descriptor, unsigned short width, unsigned short height) {
        winsize size{};
        size.ws_col = width;
        size.ws_row = height;
        ::ioctl(descriptor, TIOCSWINSZ, &size);
    }
    /// @return false at the end.
    auto read() -> bool {
        pollfd ready{descriptor_, POLLIN, 0};
        if (::poll(&ready, 1, 100) == 0) return true;
        char bytes[4096];
        const auto count = ::read(descriptor_, bytes, sizeof bytes);
        if (count <= 0) return count < 0 && errno == EINTR;
        out.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    pid_t process_ = -1;
    int descriptor_ = -1;
    std::size_t seen_ = 0;
};

/// Runs the program to its end.
inline auto tool(std::vector<std::string> arguments) -> ToolResult {
    RunningTool running(std::move(arguments));
    ToolResult result;
    result.status = running.wait();
    result.out = running.out;
    return result;
}

}  // namespace gyre::testing
