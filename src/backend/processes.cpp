#include <gyre/backend/processes.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define GYRE_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GYRE_THREAD_SANITIZER
#endif
#endif

namespace gyre::backend {

namespace {

constexpr std::size_t stack_bytes = 64 * 1024;

// Of kernels that are newer than the headers this may be built with.
constexpr unsigned signal_the_group = 1U << 2U;         // PIDFD_SIGNAL_PROCESS_GROUP, 6.9
constexpr unsigned close_on_exec_range = 1U << 2U;      // CLOSE_RANGE_CLOEXEC, 5.11
constexpr std::uint64_t info_has_exit_code = 1U << 3U;  // PIDFD_INFO_EXIT, 6.15

/// struct pidfd_info, its first version.
struct ProcessInfo {
    std::uint64_t mask = 0;
    std::uint64_t cgroup = 0;
    std::array<std::uint32_t, 11> ids{};
    std::int32_t exit_code = 0;
};
static_assert(sizeof(ProcessInfo) == 64);
constexpr unsigned long get_process_info = _IOWR(0xFF, 11, ProcessInfo);

/// What parent and child share. In a mapping of its own, so that it makes no difference whether they share memory.
struct Shared {
    const SpawnRequest* request = nullptr;
    int* moved = nullptr;  ///< Scratch: one for each descriptor.
    sigset_t mask{};       ///< That the child begins with: nothing is blocked.
    pid_t parent = 0;
    volatile int error = 0;
    volatile SpawnStep step = SpawnStep::process;
};

// The child has the parent's memory, and the parent stands still meanwhile: it makes system calls and nothing else. No
// sanitizer may look, for it would take the child for the parent.
#define GYRE_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

GYRE_IN_CHILD auto ok(Shared& shared, SpawnStep step, long result) noexcept -> bool {
    if (result >= 0) return true;
    shared.step = step;
    shared.error = errno;
    return false;
}

/// Every signal at its default action, like the mask: what the parent ignores or handles is the parent's affair.
GYRE_IN_CHILD void reset_signals() noexcept {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)();
        unsigned long mask;
    } const action{SIG_DFL, 0, nullptr, 0};
    for (int signal = 1; signal < _NSIG; ++signal) {
        ::syscall(SYS_rt_sigaction, signal, &action, nullptr, _NSIG / 8);
    }
}

GYRE_IN_CHILD auto move_descriptors(Shared& shared) noexcept -> bool {
    const SpawnRequest& request = *shared.request;
    const std::size_t count = request.descriptors.size();
    const DescriptorMove* const moves = request.descriptors.data();
    int above = 2;
    for (std::size_t i = 0; i < count; ++i) above = moves[i].to > above ? moves[i].to : above;
    // Out of the way first: the number that one is to have may be another one's now.
    for (std::size_t i = 0; i < count; ++i) {
        const long copy = ::syscall(SYS_fcntl, moves[i].from, F_DUPFD_CLOEXEC, above + 1);
        if (!ok(shared, SpawnStep::descriptors, copy)) return false;
        shared.moved[i] = static_cast<int>(copy);
    }
    // An older kernel refuses; then only what was not opened close-on-exec stays open, and nothing of this library.
    ::syscall(SYS_close_range, 3U, ~0U, close_on_exec_range);
    for (std::size_t i = 0; i < count; ++i) {
        if (!ok(shared, SpawnStep::descriptors, ::syscall(SYS_dup3, shared.moved[i], moves[i].to, 0))) return false;
    }
    return true;
}

GYRE_IN_CHILD auto set_limits(Shared& shared) noexcept -> bool {
    const SpawnRequest& request = *shared.request;
    if (request.file_mask >= 0) ::syscall(SYS_umask, request.file_mask);
    if (request.niceness != 0) {
        const long now = 20 - ::syscall(SYS_getpriority, PRIO_PROCESS, 0);
        if (!ok(shared, SpawnStep::limits, ::syscall(SYS_setpriority, PRIO_PROCESS, 0, now + request.niceness)))
            return false;
    }
    const ResourceLimit* const limits = request.limits.data();
    for (std::size_t i = 0; i < request.limits.size(); ++i) {
        const long result = ::syscall(SYS_prlimit64, 0, limits[i].resource, &limits[i].value, nullptr);
        if (!ok(shared, SpawnStep::limits, result)) return false;
    }
    return true;
}

GYRE_IN_CHILD auto join_group(Shared& shared) noexcept -> bool {
    const SpawnRequest& request = *shared.request;
    if (request.signal_with_parent != 0) {
        ::syscall(SYS_prctl, PR_SET_PDEATHSIG, request.signal_with_parent, 0, 0, 0);
        if (::syscall(SYS_getppid) != shared.parent) return false;  // it has ended already, and nobody will look
    }
    if (request.group == GroupOfChild::own) return ok(shared, SpawnStep::group, ::syscall(SYS_setpgid, 0, 0));
    if (request.group == GroupOfChild::session) return ok(shared, SpawnStep::group, ::syscall(SYS_setsid));
    return true;
}

/// As execvp(3): a path that is not there, or not ours to run, is no reason not to try the next.
GYRE_IN_CHILD void execute(Shared& shared) noexcept {
    const SpawnRequest& request = *shared.request;
    shared.step = SpawnStep::program;
    int error = ENOENT;
    for (const char* const* program = request.programs; *program != nullptr; ++program) {
        ::syscall(SYS_execve, *program, request.arguments, request.environment);
        if (errno == ENOENT || errno == ENOTDIR) continue;
        error = errno;
        if (error != EACCES) break;
    }
    shared.error = error;
}

GYRE_IN_CHILD auto run_child(void* argument) noexcept -> int {
    Shared& shared = *static_cast<Shared*>(argument);
    const SpawnRequest& request = *shared.request;
    reset_signals();
    const bool ready = join_group(shared) &&
                       (request.directory == nullptr ||
                           ok(shared, SpawnStep::directory, ::syscall(SYS_chdir, request.directory))) &&
                       move_descriptors(shared) && set_limits(shared);
    if (ready) {
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &shared.mask, nullptr, _NSIG / 8);
        execute(shared);
    }
    ::syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

/// @return the pid, or -1 with errno. No signal tells of the end of a child that never ran its program: execve sets that.
auto clone_child(Shared& shared, std::byte* stack_end, int& descriptor) noexcept -> pid_t {
#ifdef GYRE_THREAD_SANITIZER
    static_cast<void>(stack_end);
    // Its own copy of the memory: the sanitizer's clone(2) does not know a child that shares it.
    const long pid = ::syscall(SYS_clone, CLONE_VFORK | CLONE_PIDFD, nullptr, &descriptor, nullptr, nullptr);
    if (pid == 0) run_child(&shared);
    return static_cast<pid_t>(pid);
#else
    return ::clone(run_child, stack_end, CLONE_VM | CLONE_VFORK | CLONE_PIDFD, &shared, &descriptor);
#endif
}

/// What parent and child share, and a stack for the child.
class Mapping {
public:
    explicit Mapping(std::size_t descriptors) noexcept
        : size_(stack_bytes + sizeof(Shared) + descriptors * sizeof(int)),
          address_(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
    Mapping(const Mapping&) = delete;
    auto operator=(const Mapping&) -> Mapping& = delete;
    ~Mapping() {
        if (*this) ::munmap(address_, size_);
    }
    explicit operator bool() const noexcept { return address_ != MAP_FAILED; }
    [[nodiscard]] auto stack_end() const noexcept -> std::byte* {
        return static_cast<std::byte*>(address_) + stack_bytes;
    }

private:
    std::size_t size_;
    void* address_;
};

void take_info(int descriptor, ProcessEnd& end) noexcept {
    end = {};
    end.is_known = false;
    for (int attempt = 0; attempt < 2; ++attempt) {
        ProcessInfo info;
        info.mask = info_has_exit_code;
        if (::ioctl(descriptor, get_process_info, &info) < 0) return;
        if ((info.mask & info_has_exit_code) != 0) {
            end.is_known = true;
            end.code = WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code) : 0;
            end.signal = WIFSIGNALED(info.exit_code) ? WTERMSIG(info.exit_code) : 0;
            end.dumped_core = WIFSIGNALED(info.exit_code) && WCOREDUMP(info.exit_code);
            return;
        }
        // It has ended but is not gone yet; the hang-up says when it is.
        pollfd request{.fd = descriptor, .events = 0, .revents = 0};
        ::poll(&request, 1, 10);
    }
}

struct Abandoned {
    std::mutex mutex;
    std::vector<int> descriptors;
};

auto abandoned() noexcept -> Abandoned& {
    static Abandoned all;
    return all;
}

void reap_abandoned() noexcept {
    auto& all = abandoned();
    const std::lock_guard lock(all.mutex);
    std::erase_if(all.descriptors, [](int descriptor) {
        ProcessEnd end;
        if (reap_process(descriptor, end) == -EAGAIN) return false;
        ::close(descriptor);
        return true;
    });
}

}  // namespace

auto spawn_process(const SpawnRequest& request) noexcept -> SpawnResult {
    reap_abandoned();
    SpawnResult result;
    const Mapping mapping(request.descriptors.size());
    if (!mapping) {
        result.error = errno;
        return result;
    }
    auto& shared = *new (mapping.stack_end()) Shared;
    shared.request = &request;
    shared.moved = reinterpret_cast<int*>(mapping.stack_end() + sizeof(Shared));
    shared.parent = ::getpid();
    sigemptyset(&shared.mask);

    // No handler of the program may run in the child, on the parent's memory.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result.pid = clone_child(shared, mapping.stack_end(), result.descriptor);
    const int clone_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);

    if (result.pid < 0) {
        result.error = clone_error;
        result.descriptor = -1;
    } else if (shared.error != 0) {
        result.error = shared.error;
        result.step = shared.step;
        siginfo_t unused{};
        while (::waitid(P_PIDFD, static_cast<id_t>(result.descriptor), &unused, WEXITED | __WALL) < 0 && errno == EINTR) {
        }
        ::close(result.descriptor);
        result.descriptor = -1;
    }
    return result;
}

auto process_environment() noexcept -> const char* const* { return environ; }

auto reap_process(int descriptor, ProcessEnd& end) noexcept -> int {
    siginfo_t info{};
    int result = 0;
    do {
        result = ::waitid(P_PIDFD, static_cast<id_t>(descriptor), &info, WEXITED | WNOHANG | __WALL);
    } while (result < 0 && errno == EINTR);
    if (result < 0 && errno == ECHILD) {
        take_info(descriptor, end);
        return 0;
    }
    if (result < 0) return -errno;
    if (info.si_pid == 0) return -EAGAIN;
    end = {};
    if (info.si_code == CLD_EXITED) {
        end.code = info.si_status;
    } else {
        end.signal = info.si_status;
        end.dumped_core = info.si_code == CLD_DUMPED;
    }
    return 0;
}

auto reap_process_soon(int descriptor, ProcessEnd& end, int milliseconds) noexcept -> int {
    pollfd request{.fd = descriptor, .events = POLLIN, .revents = 0};
    ::poll(&request, 1, milliseconds);
    return reap_process(descriptor, end);
}

auto signal_process(int descriptor, int signal) noexcept -> int {
    return ::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0U) < 0 ? -errno : 0;
}

auto signal_process_group(int descriptor, pid_t pid, int signal) noexcept -> int {
    if (::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, signal_the_group) == 0) return 0;
    if (errno != EINVAL) return -errno;
    // Before 6.9. The number is the group's as long as its leader, running or a zombie, is there.
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(descriptor), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
        return -errno;
    return ::kill(-pid, signal) < 0 ? -errno : 0;
}

void close_process(int descriptor) noexcept { ::close(descriptor); }

void abandon_process(int descriptor) noexcept {
    auto& all = abandoned();
    const std::lock_guard lock(all.mutex);
    try {
        all.descriptors.push_back(descriptor);
    } catch (...) {
        ::close(descriptor);  // a zombie until the program ends, for lack of memory
    }
}

}  // namespace gyre::backend
