// What every backend promises of waiting, waking, time and destruction.

#include "harness.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <semaphore>
#include <thread>

namespace gyre::backend::testing {

namespace {

using Waiting = Conformance;

TEST_P(Waiting, names_itself) { EXPECT_EQ(world()->name(), GetParam()); }

TEST_P(Waiting, a_deadline_is_not_early) {
    for (const Duration length : {Duration{1}, Duration{1us}, Duration{700us}, Duration{3ms}, Duration{20ms}}) {
        const Time deadline = world()->now() + length;
        world()->wait(deadline);
        EXPECT_GE(world()->now(), deadline);
        if (is_sim()) {
            EXPECT_EQ(world()->now(), deadline);
        }
    }
}

TEST_P(Waiting, a_deadline_in_the_past_does_not_wait) {
    const Time start = world()->now();
    world()->wait(start - 1s);
    world()->wait(start);
    world()->wait(Time::min());
    EXPECT_LT(world()->now() - start, 1s);
}

TEST_P(Waiting, for_nothing_never_blocks) {
    auto [client, server] = world().pair();
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world()->start(request));
    const Time start = world()->now();
    for (int i = 0; i < 1'000; ++i) world()->wait(Time::min());
    EXPECT_LT(world()->now() - start, 2s);
    if (is_sim()) {
        EXPECT_EQ(world()->now(), start);
    }
    EXPECT_EQ(world().send(client, "x"), 1);
    for (int i = 0; i < 100'000 && request.in_flight; ++i) world()->wait(Time::min());
    EXPECT_EQ(request.result, 1) << "a busy loop makes progress too";
    close(client, server);
}

TEST_P(Waiting, time_never_goes_back) {
    Time last = world()->now();
    for (int i = 0; i < 1'000; ++i) {
        const Time now = world()->now();
        EXPECT_GE(now, last);
        last = now;
    }
}

TEST_P(Waiting, a_wake_before_the_wait_is_not_lost) {
    world()->wake();
    world()->wait(Time::max());
    world()->wake();
    world()->wake();
    world()->wait(Time::max());
}

TEST_P(Waiting, a_wake_is_used_up) {
    world()->wake();
    world()->wait(Time::max());
    const Time deadline = world()->now() + 5ms;
    world()->wait(deadline);
    EXPECT_GE(world()->now(), deadline);
}

TEST_P(Waiting, another_thread_wakes_each_wait) {
    constexpr int rounds = 200;
    std::counting_semaphore<> may_wake{0};
    std::atomic<int> woken = 0;
    std::thread other{[&] {
        for (int i = 0; i < rounds; ++i) {
            may_wake.acquire();
            woken.fetch_add(1);
            world()->wake();
        }
    }};
    for (int i = 1; i <= rounds; ++i) {
        may_wake.release();
        while (woken.load() < i) world()->wait(Time::max());
    }
    other.join();
}

TEST_P(Waiting, many_threads_wake_at_once) {
    std::atomic<int> posted = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) {
                posted.fetch_add(1);
                world()->wake();
            }
        });
    }
    while (posted.load() < 2'000) world()->wait(Time::max());
    for (std::thread& thread : threads) thread.join();
    world()->wake();  // whatever is left of the storm, a wake and a wait still pair
    world()->wait(Time::max());
}

TEST_P(Waiting, a_completion_ends_a_wait_without_deadline) {
    auto [client, server] = world().pair();
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world()->start(request));
    EXPECT_EQ(world().send(client, "x"), 1);
    while (request.in_flight) world()->wait(Time::max());
    EXPECT_EQ(request.result, 1);
    close(client, server);
}

TEST_P(Waiting, random_bytes_are_filled) {
    std::array<std::byte, 64> one{};
    std::array<std::byte, 64> two{};
    world()->fill_random(one);
    world()->fill_random(two);
    EXPECT_NE(one, two);
    world()->fill_random({});
}

TEST_P(Waiting, destruction_with_operations_in_flight_frees_their_memory) {
    auto [client, server] = world().pair();
    const int listening = world().listener();
    const int datagram = world().datagram_socket();
    {
        std::string bytes(4096, '\0');
        Request requests[6] = {};
        const auto prepare = [&](Request& request, OperationKind kind, int descriptor) {
            request.kind = kind;
            request.descriptor = descriptor;
            request.buffer = bytes.data();
            request.size = bytes.size();
            request.events = POLLIN;
        };
        prepare(requests[0], OperationKind::receive, server);
        prepare(requests[1], OperationKind::receive, server);  // queued behind the first
        prepare(requests[2], OperationKind::accept, listening);
        prepare(requests[3], OperationKind::poll, datagram);
        prepare(requests[4], OperationKind::receive, datagram);
        prepare(requests[5], OperationKind::receive, client);
        for (Request& request : requests) ASSERT_FALSE(world()->start(request));
        world()->wait(Time::min());
        world()->cancel(requests[5]);
        close(-1);
        const int descriptors[] = {client, server, listening, datagram};
        const bool is_simulated = is_sim();
        world().destroy();
        for (const Request& request : requests) {
            EXPECT_EQ(request.completions, 0);
            EXPECT_FALSE(request.in_flight);
        }
        // What the program had opened stays open on a real host.
        if (!is_simulated) {
            const auto cleaner = make_epoll_backend();
            for (const int descriptor : descriptors) cleaner->close(descriptor);
        }
    }
}

GYRE_ON_EVERY_BACKEND(Waiting);

using KernelWaiting = KernelConformance;

std::atomic<Backend*> backend_of_handler = nullptr;

TEST_P(KernelWaiting, a_signal_handler_may_wake) {
    backend_of_handler = &*world();
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = [](int) { backend_of_handler.load()->wake(); };
    ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
    const pthread_t self = ::pthread_self();
    std::thread other{[&] { ::pthread_kill(self, SIGUSR1); }};
    world()->wait(Time::max());
    other.join();
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(KernelWaiting, another_thread_may_wait_or_is_told_why_it_may_not) {
    std::string error;
    std::thread([&] {
        try {
            world()->wait(world()->now() + std::chrono::milliseconds(1));
        } catch (const std::system_error& failure) {
            error = failure.what();
        }
    }).join();
    if (GetParam() == "io_uring") {
        EXPECT_NE(error.find("made by another thread"), error.npos) << error;
    } else {
        EXPECT_EQ(error, "");
    }
}

TEST_P(KernelWaiting, a_signal_does_not_shorten_a_deadline) {
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = [](int) {};
    ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
    const pthread_t self = ::pthread_self();
    const Time deadline = world()->now() + 30ms;
    std::atomic<bool> is_over = false;
    std::thread other{[&] {
        while (!is_over) {
            ::pthread_kill(self, SIGUSR1);
            std::this_thread::yield();
        }
    }};
    world()->wait(deadline);
    EXPECT_GE(world()->now(), deadline);
    is_over = true;
    other.join();
    ::sigaction(SIGUSR1, &before, nullptr);
}

auto is_readable(int descriptor, int timeout) -> bool {
    pollfd request{.fd = descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&request, 1, timeout) == 1;
}

TEST_P(KernelWaiting, a_host_loop_sees_that_there_is_something_to_do) {
    const int host = world()->pollable_descriptor();
    ASSERT_GE(host, 0);
    auto [client, server] = world().pair();
    while (is_readable(host, 0)) world()->wait(Time::min());
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world()->start(request));
    world()->wait(Time::min());
    EXPECT_FALSE(is_readable(host, 0));
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_TRUE(is_readable(host, 5'000));
    world()->wait(Time::min());
    EXPECT_EQ(request.completions, 1);

    while (is_readable(host, 0)) world()->wait(Time::min());
    world()->wake();
    EXPECT_TRUE(is_readable(host, 5'000));
    while (is_readable(host, 0)) world()->wait(Time::min());

    ASSERT_FALSE(world()->start(request));
    world()->wait(Time::min());
    world()->cancel(request);
    world()->wait(Time::min());
    while (request.in_flight && is_readable(host, 5'000)) world()->wait(Time::min());
    EXPECT_EQ(request.result, -ECANCELED);
    close(client, server);
}

GYRE_ON_KERNEL_BACKENDS(KernelWaiting);

}  // namespace

}  // namespace gyre::backend::testing
