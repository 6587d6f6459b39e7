// Why a loop does not come back: each cause is made on purpose, and lasts until it has been reported.

#include "support/loops.hpp"

#include "obs/stall_cause.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace gyre::testing {

namespace {

/// The first stall that was reported, by whatever thread.
struct FirstReport {
    std::mutex mutex;
    obs::StallReport report;
    std::atomic<bool> has_come = false;

    static auto here() -> FirstReport& {
        static FirstReport first;
        return first;
    }
    static void add(const obs::StallReport& report) {
        FirstReport& first = here();
        const std::lock_guard lock(first.mutex);
        if (!first.has_come) first.report = report;
        first.has_come = true;
    }
    static void clear() { here().has_come = false; }
    static auto take() -> obs::StallReport {
        const std::lock_guard lock(here().mutex);
        return here().has_come ? here().report : obs::StallReport{};
    }
    /// Until it is there; a machine that is too busy for that in ten seconds fails the test.
    template<class F>
    static void await(F&& step) {
        const auto end = backend::monotonic_time() + 10s;
        while (!here().has_come && backend::monotonic_time() < end) step();
    }
};

/// The core that this thread is on.
auto present_core() -> cpu_set_t {
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &core);
    return core;
}

auto stay_on(const cpu_set_t& core) -> bool {
    return ::pthread_setaffinity_np(::pthread_self(), sizeof core, &core) == 0;
}

/// From here on this thread runs only when no other wants its core.
auto stand_back() -> bool {
    const sched_param none{};
    return ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none) == 0;
}

/// Memory that is not there until somebody fills it: who reads it sleeps.
class MissingPage {
public:
    MissingPage() : faults_(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY))) {
        uffdio_api api{};
        api.api = UFFD_API;
        if (faults_ < 0 || ::ioctl(faults_, UFFDIO_API, &api) != 0 || page_ == MAP_FAILED) return;
        uffdio_register whole{};
        whole.range = range();
        whole.mode = UFFDIO_REGISTER_MODE_MISSING;
        is_missing_ = ::ioctl(faults_, UFFDIO_REGISTER, &whole) == 0;
    }
    MissingPage(const MissingPage&) = delete;
    auto operator=(const MissingPage&) -> MissingPage& = delete;
    ~MissingPage() {
        if (page_ != MAP_FAILED) ::munmap(page_, size_);
        if (faults_ >= 0) ::close(faults_);
    }

    /// False where the kernel or the container does not allow it.
    [[nodiscard]] auto is_missing() const noexcept -> bool { return is_missing_; }
    [[nodiscard]] auto read() const noexcept -> char { return *static_cast<const volatile char*>(page_); }
    void fill() noexcept {
        uffdio_zeropage zeros{};
        zeros.range = range();
        EXPECT_EQ(::ioctl(faults_, UFFDIO_ZEROPAGE, &zeros), 0);
    }

private:
    [[nodiscard]] auto range() const noexcept -> uffdio_range {
        return {reinterpret_cast<std::uintptr_t>(page_), size_};
    }

    std::size_t size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* page_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int faults_;
    bool is_missing_ = false;
};

}  // namespace

TEST(StallCause, of_a_thread_that_waits_for_its_memory_is_a_page_fault_before_that_is_over) {
    MissingPage page;
    if (!page.is_missing()) GTEST_SKIP() << "no userfaultfd here";
    FirstReport::clear();
    // Far more than a busy machine takes from a thread: the most of it is the fault.
    const RunOptions options{.stall_limit = 80ms, .on_stall = FirstReport::add};
    std::thread disk([&] {
        FirstReport::await([] { std::this_thread::sleep_for(1ms); });  // seam: another thread is to be found asleep
        page.fill();
    });
    run(
        [&]() -> Task<> {
            co_await yield_now();
            EXPECT_EQ(page.read(), 0);
        },
        options);
    disk.join();
    const auto report = FirstReport::take();
    EXPECT_EQ(report.cause, obs::StallCause::page_faults) << report.text();
}

TEST(StallCause, of_a_thread_that_others_keep_from_its_core_is_that_it_has_none) {
    FirstReport::clear();
    const cpu_set_t core = present_core();
    std::atomic<int> hog_is_there = 0;  // -1: it may not stay on a core
    std::thread hog([&] {
        hog_is_there = stay_on(core) ? 1 : -1;
        if (hog_is_there == 1) FirstReport::await([] {});
    });
    while (hog_is_there == 0) std::this_thread::yield();
    bool may_stand_back = true;
    // On a thread of its own, which takes its core and its priority with it.
    std::thread pushed_aside([&] {
        run(
            [&]() -> Task<> {
                co_await yield_now();
                may_stand_back = hog_is_there == 1 && stay_on(core) && stand_back();
                if (may_stand_back) FirstReport::await([] {});
                if (!may_stand_back) FirstReport::here().has_come = true;  // the hog need not go on
            },
            {.stall_limit = 100ms, .on_stall = FirstReport::add});
    });
    pushed_aside.join();
    hog.join();
    if (!may_stand_back) GTEST_SKIP() << "threads may not be given a core and a priority here";
    const auto report = FirstReport::take();
    EXPECT_EQ(report.cause, obs::StallCause::no_core) << report.text();
    EXPECT_TRUE(report.detail.ends_with(" % of a core")) << report.text();
}

TEST(StallCause, of_a_thread_that_could_run_is_own_code_only_if_it_did) {
    backend::ThreadActivity before;
    backend::ThreadActivity now;
    now.state = 'R';
    obs::StallReport report;
    now.ran = 10ms;
    obs::find_cause(report, before, now, 100ms);
    EXPECT_EQ(obs::cause_text(report), "no core (10 % of a core)") << "the kernel has not counted its wait yet";
    now.ran = 90ms;
    obs::find_cause(report, before, now, 100ms);
    EXPECT_EQ(obs::cause_text(report), "own code (90 % of a core)");
}

}  // namespace gyre::testing
