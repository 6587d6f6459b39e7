#include <gyre/backend/threads.hpp>

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace gyre::backend {

namespace {

constexpr std::size_t longest_name = 15;

auto allowed_cores() -> cpu_set_t {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) {
        throw std::system_error{errno, std::generic_category(), "sched_getaffinity, for the cores of this process"};
    }
    return cores;
}

}  // namespace

// Never inlined: see `EventLoop::runs_elsewhere`.
[[gnu::noinline]] auto this_thread() noexcept -> ThreadName {
    constinit static thread_local ThreadName name;
    if (name.number == 0) name = {pthread_self(), static_cast<int>(::gettid())};
    return name;
}

void name_thread(const std::string& name) noexcept {
    char cut[longest_name + 1] = {};
    name.copy(cut, longest_name);
    pthread_setname_np(pthread_self(), cut);
}

auto usable_cores() -> std::vector<int> {
    const cpu_set_t cores = allowed_cores();
    std::vector<int> numbers;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &cores)) numbers.push_back(core);
    }
    return numbers;
}

ThreadPin::ThreadPin(int core) : before_{allowed_cores()} {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core, &only);
    if (::sched_setaffinity(0, sizeof only, &only) != 0) {
        throw std::system_error{
            errno, std::generic_category(), "pin a loop to core " + std::to_string(core) + ": sched_setaffinity"};
    }
}

ThreadPin::~ThreadPin() { ::sched_setaffinity(0, sizeof before_, &before_); }

}  // namespace gyre::backend
