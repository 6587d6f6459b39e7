// ThreadProbe: looking at a thread by interrupting it.

#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace gyre::testing {

namespace {

std::atomic<int> urgent_signals = 0;

}  // namespace

TEST(ThreadProbe, leaves_the_signal_to_who_has_it_already) {
    struct sigaction own{};
    own.sa_handler = [](int) { ++urgent_signals; };
    struct sigaction before{};
    ASSERT_EQ(::sigaction(SIGURG, &own, &before), 0);
    {
        backend::ThreadProbe probe;
        ::raise(SIGURG);
        EXPECT_EQ(urgent_signals, 1);
        std::atomic<bool> over = false;
        std::atomic<bool> begun = false;
        backend::ThreadName name;
        std::thread other([&] {
            name = backend::this_thread();
            begun = true;
            while (!over) std::this_thread::yield();
        });
        while (!begun) std::this_thread::yield();
        backend::ThreadSample sample;
        EXPECT_TRUE(probe.sample(name, 5s, sample, [](void*) noexcept {}, nullptr));
        over = true;
        other.join();
        EXPECT_EQ(urgent_signals, 1) << "what was sent to look is kept from it";
    }
    ::raise(SIGURG);
    EXPECT_EQ(urgent_signals, 2);
    ::sigaction(SIGURG, &before, nullptr);
}

TEST(ThreadProbe, lets_a_later_handler_be) {
    struct sigaction before{};
    ::sigaction(SIGURG, nullptr, &before);
    struct sigaction later{};
    later.sa_handler = SIG_IGN;
    {
        const backend::ThreadProbe probe;
        ::sigaction(SIGURG, &later, nullptr);
    }
    struct sigaction now{};
    ::sigaction(SIGURG, &before, &now);
    EXPECT_EQ(now.sa_handler, SIG_IGN);
}

TEST(ThreadProbe, gives_the_stack_of_another_thread) {
    std::atomic<bool> over = false;
    std::atomic<bool> begun = false;
    backend::ThreadName name;
    std::thread other([&] {
        name = backend::this_thread();
        begun = true;
        while (!over) std::this_thread::yield();
    });
    while (!begun) std::this_thread::yield();
    const backend::ThreadProbe probe;
    backend::ThreadSample sample;
    int looked = 0;
    EXPECT_TRUE(const_cast<backend::ThreadProbe&>(probe).sample(
        name, 5s, sample, [](void* count) noexcept { ++*static_cast<int*>(count); }, &looked));
    EXPECT_EQ(looked, 1);
    if (backend::native_stacks_are_safe()) {
        EXPECT_GT(sample.depth, 2U);
        EXPECT_FALSE(backend::code_text(sample.stack[2]).empty());
    } else {
        EXPECT_EQ(sample.depth, 0U);
    }
    EXPECT_GT(backend::thread_activity(name.number).ran.count(), 0);
    over = true;
    other.join();
}

TEST(ThreadProbe, names_the_calls_that_start_processes_and_move_files) {
    EXPECT_EQ(backend::system_call_text(SYS_clone), "clone: it starts a process or thread");
    EXPECT_EQ(backend::system_call_text(SYS_sendfile), "sendfile");
    EXPECT_EQ(backend::system_call_text(-7), "number -7");
}

TEST(ThreadProbe, is_free_in_a_child_that_is_forked_while_another_thread_looks) {
    const backend::ThreadName name = backend::this_thread();
    std::atomic<bool> over = false;
    std::atomic<int> looks = 0;
    std::thread looking([&] {
        backend::ThreadProbe probe;
        while (!over) {
            backend::ThreadSample sample;
            static_cast<void>(probe.sample(name, 5s, sample, [](void*) noexcept {}, nullptr));
            ++looks;
        }
    });
    while (looks == 0) std::this_thread::yield();
    for (int i = 0; i < 50; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(10);  // one that waits for a mutex that nobody holds
            { const backend::ThreadProbe probe; }
            ::_exit(0);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        EXPECT_EQ(status, 0);
    }
    over = true;
    looking.join();
}

}  // namespace gyre::testing
