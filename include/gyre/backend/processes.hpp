#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <span>

namespace gyre::backend {

/// A descriptor of the parent, and the number that the child is to have it under.
struct DescriptorMove {
    int from = -1;
    int to = -1;
};

/// A limit of setrlimit(2) for a child.
struct ResourceLimit {
    int resource = 0;
    rlimit value{};
};

/// Which process group a child belongs to.
enum class GroupOfChild : std::uint8_t {
    parents,  ///< The parent's.
    own,      ///< A new one, of which it is the leader. Source: setpgid(2).
    session,  ///< A new session, and in it a new group, without a terminal. Source: setsid(2).
};

/// What `spawn_process` does. Everything that it points to is ready before: a child allocates nothing.
struct SpawnRequest {
    const char* const* programs = nullptr;       ///< Paths to try in this order; ends with null.
    char* const* arguments = nullptr;            ///< argv; ends with null.
    char* const* environment = nullptr;          ///< envp; ends with null.
    const char* directory = nullptr;             ///< Null: the parent's.
    std::span<const DescriptorMove> descriptors; /**< All that the child has besides what it inherits of 0, 1 and 2;
                                                      every other descriptor is closed. `to` differs in each. */
    std::span<const ResourceLimit> limits;
    GroupOfChild group = GroupOfChild::own;
    int file_mask = -1;          ///< umask(2); -1: the parent's.
    int niceness = 0;            ///< Added to the parent's. Source: nice(2).
    int signal_with_parent = 0;  ///< Sent when the spawning thread ends. Source: PR_SET_PDEATHSIG. 0: none.
};

/// Where a spawn failed.
enum class SpawnStep : std::uint8_t { process, group, descriptors, directory, limits, program };

/// A child, or why there is none.
struct SpawnResult {
    int error = 0;  ///< An errno; 0: it runs.
    SpawnStep step = SpawnStep::process;
    pid_t pid = -1;
    int descriptor = -1;  ///< A pidfd, close-on-exec: readable when the process has ended. The caller closes it.
};

/// How a process ended.
struct ProcessEnd {
    int code = 0;    ///< The exit code, if `signal` is 0.
    int signal = 0;  ///< What killed it.
    bool dumped_core = false;
    bool is_known = true;  ///< False: somebody else took the status (SIGCHLD is ignored), and the kernel does not keep it.
};

/// Starts a program. It has returned when the program runs, or could not be run.
///
/// The child begins with no signal blocked, all at their default actions, and no descriptor that it was not given.
/// Thread: any. Source: clone(2) with CLONE_VFORK and CLONE_PIDFD, execve(2).
[[nodiscard]] auto spawn_process(const SpawnRequest& request) noexcept -> SpawnResult;

/// The parent's own environment. Thread: nobody may change it meanwhile.
[[nodiscard]] auto process_environment() noexcept -> const char* const*;

/// Takes the status of a process that has ended. Never waits. Source: waitid(2), PIDFD_GET_INFO.
/// @return 0; -EAGAIN if it still runs; another negative errno.
[[nodiscard]] auto reap_process(int descriptor, ProcessEnd& end) noexcept -> int;

/// The same, waiting at most `milliseconds`: for a process that was killed, at the end of its loop.
[[nodiscard]] auto reap_process_soon(int descriptor, ProcessEnd& end, int milliseconds) noexcept -> int;

/// Sends a signal to exactly this process, never to another one that has got its number. Source: pidfd_send_signal(2).
/// @return 0; -ESRCH if it has ended; another negative errno.
[[nodiscard]] auto signal_process(int descriptor, int signal) noexcept -> int;

/// Sends a signal to the group that this process, which was not reaped, leads.
[[nodiscard]] auto signal_process_group(int descriptor, pid_t pid, int signal) noexcept -> int;

/// Closes the descriptor of a process that was reaped.
void close_process(int descriptor) noexcept;

/// Closes the descriptor of a process that nobody waits for any more: it is reaped when another one is spawned.
void abandon_process(int descriptor) noexcept;

}  // namespace gyre::backend
