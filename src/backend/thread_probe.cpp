#include <gyre/backend/thread_probe.hpp>

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string_view>
#include <system_error>

namespace gyre::backend {

namespace {

constexpr int probe_signal = SIGURG;  // ignored by default: one that comes late does no harm

/// The one sample that is being taken. A handler that comes too late finds that nobody asks, or that another is asked.
struct Request {
    enum class State : int { none, asked, answering, answered };
    std::atomic<State> state = State::none;
    std::atomic<pthread_t> thread{};  // a handler that comes too late reads it while the next one is asked
    ThreadSample* sample = nullptr;
    bool with_stack = false;
    void (*look)(void*) noexcept = nullptr;
    void* argument = nullptr;
};
constinit Request request;

/// What SIGURG did before.
struct sigaction action_before{};

/// Who probes, one after the other.
struct Probing {
    std::mutex mutex;
    std::size_t probes = 0;
    bool stack_is_safe = false;
};

/// Never destroyed: threads that watch may outlive `main`. Held while the process forks, so that the child, in which nobody else
/// is left, finds nothing half done.
auto probing() -> Probing& {
    static Probing& all = *new Probing;
    [[maybe_unused]] static const int registered = pthread_atfork(
        [] { all.mutex.lock(); }, [] { all.mutex.unlock(); }, [] { all.mutex.unlock(); });
    return all;
}

/// Of whoever uses the signal as well: an answer to a request that was given up gets there too, and is as good as any other.
void pass_on(int signal, siginfo_t* info, void* context) {
    if ((action_before.sa_flags & SA_SIGINFO) != 0) {
        if (action_before.sa_sigaction != nullptr) action_before.sa_sigaction(signal, info, context);
    } else if (action_before.sa_handler != SIG_DFL && action_before.sa_handler != SIG_IGN) {
        action_before.sa_handler(signal);
    }
}

void answer(int signal, siginfo_t* info, void* context) {
    const int saved = errno;
    auto expected = Request::State::asked;
    if (pthread_equal(request.thread.load(std::memory_order_relaxed), pthread_self()) != 0 &&
        request.state.compare_exchange_strong(expected, Request::State::answering)) {
        if (request.with_stack && std::uncaught_exceptions() == 0) {
            const int depth = ::backtrace(request.sample->stack.data(), static_cast<int>(request.sample->stack.size()));
            request.sample->depth = static_cast<std::size_t>(std::max(0, depth));
        }
        request.look(request.argument);
        request.state = Request::State::answered;
    } else {
        pass_on(signal, info, context);
    }
    errno = saved;
}

auto read_file(int thread, const char* name) -> std::string {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The clock of what a thread of this process has run, as the C library makes it of the thread's number.
auto cpu_clock(int thread) noexcept -> clockid_t {
    constexpr unsigned of_a_thread = 4;
    constexpr unsigned what_the_scheduler_counts = 2;
    return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3U) | of_a_thread | what_the_scheduler_counts);
}

}  // namespace

ThreadProbe::ThreadProbe() {
    Probing& all = probing();
    const std::lock_guard lock(all.mutex);
    if (all.probes == 0) {
        void* first[4];
        all.stack_is_safe = native_stacks_are_safe();
        if (all.stack_is_safe) ::backtrace(first, 4);  // the first call loads a library, which a handler must not
        // As it was when the handler here is called for the first time.
        ::sigaction(probe_signal, nullptr, &action_before);
        struct sigaction action{};
        action.sa_sigaction = answer;
        action.sa_flags = SA_RESTART | SA_SIGINFO | SA_ONSTACK;
        sigfillset(&action.sa_mask);
        if (::sigaction(probe_signal, &action, nullptr) < 0) {
            throw std::system_error(errno, std::generic_category(), "sigaction, to look at threads");
        }
    }
    ++all.probes;
}

ThreadProbe::~ThreadProbe() {
    Probing& all = probing();
    const std::lock_guard lock(all.mutex);
    if (--all.probes > 0) return;
    struct sigaction now{};
    ::sigaction(probe_signal, nullptr, &now);
    const bool is_ours = (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == answer;
    if (is_ours) ::sigaction(probe_signal, &action_before, nullptr);  // else somebody came later, who may pass on to it
}

void allow_probes() noexcept {
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, probe_signal);
    pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
}

auto ThreadProbe::sample(const ThreadName& thread, Duration limit, ThreadSample& sample, void (*look)(void*) noexcept,
    void* argument) -> bool {
    const std::lock_guard lock(probing().mutex);
    request.thread.store(thread.handle, std::memory_order_relaxed);
    request.sample = &sample;
    request.with_stack = probing().stack_is_safe;
    request.look = look;
    request.argument = argument;
    request.state = Request::State::asked;
    if (pthread_kill(thread.handle, probe_signal) != 0) {
        request.state = Request::State::none;
        return false;
    }
    const Time end = monotonic_time() + limit;
    while (request.state != Request::State::answered) {
        auto expected = Request::State::asked;
        if (monotonic_time() > end && request.state.compare_exchange_strong(expected, Request::State::none)) {
            return false;
        }
        const timespec pause{0, 100'000};
        ::nanosleep(&pause, nullptr);
    }
    request.state = Request::State::none;
    return true;
}

auto native_stacks_are_safe() noexcept -> bool {
    // Before it had this (2.35), the unwinder took the lock of the dynamic linker, which the thread may hold.
    return ::dlsym(RTLD_DEFAULT, "_dl_find_object") != nullptr;
}

auto code_text(void* address) -> std::string {
    Dl_info info{};
    char offset[32];
    if (::dladdr(address, &info) == 0) {
        std::snprintf(offset, sizeof offset, "%p", address);
        return offset;
    }
    const char* file = info.dli_fname != nullptr ? info.dli_fname : "?";
    const auto* from = static_cast<const char*>(info.dli_sname != nullptr ? info.dli_saddr : info.dli_fbase);
    std::snprintf(offset, sizeof offset, "+0x%tx", static_cast<const char*>(address) - from);
    if (info.dli_sname == nullptr) return std::string(file) + offset;
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> plain(
        abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), std::free);
    return std::string(plain != nullptr ? plain.get() : info.dli_sname) + offset + " in " + file;
}

auto thread_activity(int number) -> ThreadActivity {
    ThreadActivity activity;
    const std::string stat = read_file(number, "stat");
    const auto name_end = stat.rfind(')');  // the name may have anything in it
    if (name_end != std::string::npos && name_end + 2 < stat.size()) {
        std::istringstream fields(stat.substr(name_end + 2));
        std::string skipped;
        fields >> activity.state;
        for (int i = 0; i < 8; ++i) fields >> skipped;  // ppid, pgrp, session, tty, tpgid, flags, minflt, cminflt
        fields >> activity.major_faults;
    }
    std::istringstream schedule(read_file(number, "schedstat"));
    Duration::rep ran = 0;
    Duration::rep waited = 0;
    if (schedule >> ran >> waited) {
        activity.ran = Duration(ran);
        activity.waited_for_core = Duration(waited);
    }
    // What it runs now is in that only later; its clock has it at once.
    timespec on_a_core{};
    if (::clock_gettime(cpu_clock(number), &on_a_core) == 0) {
        activity.ran = std::chrono::seconds(on_a_core.tv_sec) + std::chrono::nanoseconds(on_a_core.tv_nsec);
    }
    const std::string call = read_file(number, "syscall");
    if (!call.empty() && call[0] >= '0' && call[0] <= '9') activity.system_call = std::atoi(call.c_str());
    activity.is_in_no_call = call.starts_with("-1 ");
    activity.waits_in = read_file(number, "wchan");
    if (activity.waits_in == "0") activity.waits_in.clear();
    return activity;
}

auto system_call_text(int number) -> std::string {
    static constexpr struct {
        int number;
        const char* name;
    } known[] = {{SYS_read, "read"}, {SYS_write, "write"}, {SYS_pread64, "pread"}, {SYS_pwrite64, "pwrite"},
        {SYS_openat, "openat"}, {SYS_fsync, "fsync"}, {SYS_fdatasync, "fdatasync"}, {SYS_flock, "flock"},
        {SYS_fcntl, "fcntl"}, {SYS_ppoll, "ppoll"}, {SYS_nanosleep, "nanosleep"},
        {SYS_clock_nanosleep, "clock_nanosleep"}, {SYS_futex, "futex: a mutex or condition variable"},
        {SYS_connect, "connect"}, {SYS_accept, "accept"}, {SYS_recvfrom, "recv"}, {SYS_recvmsg, "recvmsg"},
        {SYS_sendto, "send"}, {SYS_sendmsg, "sendmsg"}, {SYS_wait4, "waitpid"}, {SYS_waitid, "waitid"},
        {SYS_readv, "readv"}, {SYS_writev, "writev"}, {SYS_lseek, "lseek"}, {SYS_close, "close"},
        {SYS_newfstatat, "stat"}, {SYS_statx, "stat"}, {SYS_statfs, "statfs"}, {SYS_getdents64, "getdents"},
        {SYS_mkdirat, "mkdir"}, {SYS_unlinkat, "unlink"}, {SYS_renameat2, "rename"}, {SYS_ftruncate, "ftruncate"},
        {SYS_fallocate, "fallocate"}, {SYS_sync, "sync"}, {SYS_syncfs, "syncfs"}, {SYS_msync, "msync"},
        {SYS_sendfile, "sendfile"}, {SYS_splice, "splice"}, {SYS_copy_file_range, "copy_file_range"},
        {SYS_mmap, "mmap"}, {SYS_munmap, "munmap"}, {SYS_madvise, "madvise"}, {SYS_mprotect, "mprotect"},
        {SYS_brk, "brk"}, {SYS_getrandom, "getrandom"}, {SYS_ioctl, "ioctl"}, {SYS_pselect6, "select"},
        {SYS_accept4, "accept"}, {SYS_shutdown, "shutdown"}, {SYS_sched_yield, "sched_yield"},
        {SYS_clone, "clone: it starts a process or thread"}, {SYS_execve, "execve"}, {SYS_rt_sigsuspend, "sigsuspend"},
        {SYS_rt_sigtimedwait, "sigtimedwait"}, {SYS_epoll_pwait2, "epoll_wait"},
#ifdef SYS_clone3
        {SYS_clone3, "clone: it starts a process or thread"},
#endif
#ifdef SYS_poll
        {SYS_poll, "poll"}, {SYS_select, "select"}, {SYS_open, "open"}, {SYS_stat, "stat"}, {SYS_lstat, "stat"},
        {SYS_mkdir, "mkdir"}, {SYS_unlink, "unlink"}, {SYS_rename, "rename"}, {SYS_pause, "pause"},
        {SYS_epoll_wait, "epoll_wait"}, {SYS_fork, "fork"}, {SYS_vfork, "vfork: until the child has its program"},
#endif
        {SYS_io_uring_enter, "io_uring_enter"}, {SYS_epoll_pwait, "epoll_wait"}};
    const auto* found = std::find_if(
        std::begin(known), std::end(known), [&](auto& call) { return call.number == number; });
    return found != std::end(known) ? found->name : "number " + std::to_string(number);
}

void write_to_standard_error(std::string_view text, const std::atomic<bool>* gives_up) noexcept {
    constexpr std::size_t piece = 4096;  // what a pipe takes that says it takes something
    constexpr int look = 20;             // milliseconds
    const auto patience = std::chrono::seconds(1);
    Time end = monotonic_time() + patience;
    while (!text.empty()) {
        pollfd out{STDERR_FILENO, POLLOUT, 0};
        if (::poll(&out, 1, look) > 0) {
            const ssize_t written = ::write(STDERR_FILENO, text.data(), std::min(text.size(), piece));
            if (written == 0 || (written < 0 && errno != EINTR && errno != EAGAIN)) return;
            if (written > 0) {
                text.remove_prefix(static_cast<std::size_t>(written));
                end = monotonic_time() + patience;
                continue;
            }
            ::poll(nullptr, 0, 1);  // somebody else was first
        }
        if (monotonic_time() > end || (gives_up != nullptr && *gives_up)) return;
    }
}

auto monotonic_time() noexcept -> Time {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return Time{std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)};
}

ThreadAlarm::ThreadAlarm() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

ThreadAlarm::~ThreadAlarm() { ::close(descriptor_); }

void ThreadAlarm::set() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
}

void ThreadAlarm::wait(int other, Duration limit) noexcept {
    pollfd watched[2] = {{descriptor_, POLLIN, 0}, {other, POLLIN, 0}};
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
    const timespec time{whole.count(), static_cast<long>((limit - whole).count())};
    ::ppoll(watched, other < 0 ? 1 : 2, &time, nullptr);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(descriptor_, &count, sizeof count);
}

}  // namespace gyre::backend
