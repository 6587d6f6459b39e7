// Embedding: a host's loop drives gyre through one descriptor.

#include "neighbour.hpp"
#include "support/tracked.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace gyre::testing {

namespace {

/// A descriptor that is readable when another is, told by an epoll set: what most hosts have.
class Set {
public:
    explicit Set(int descriptor) : set_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event);
    }
    Set(const Set&) = delete;
    auto operator=(const Set&) -> Set& = delete;
    ~Set() { ::close(set_); }
    [[nodiscard]] auto wait(int milliseconds) const -> bool {
        epoll_event event{};
        int count = 0;
        do {
            count = ::epoll_wait(set_, &event, 1, milliseconds);
        } while (count < 0 && errno == EINTR);  // a ring that was given work may interrupt the call
        return count == 1;
    }

private:
    int set_;
};

/// A host: waits for the descriptor and polls, until `done`. @return how often it had to.
auto drive(EventLoop& loop, const bool& done, int most = 10'000) -> int {
    const Set watched(loop.pollable_descriptor());
    int rounds = 0;
    while (!done && rounds < most) {
        if (!watched.wait(5'000)) throw std::runtime_error("the descriptor stayed silent");
        loop.poll();
        ++rounds;
    }
    return rounds;
}

auto is_readable(EventLoop& loop) -> bool {
    pollfd watched{.fd = loop.pollable_descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&watched, 1, 0) == 1;
}

/// Polls until the descriptor is silent. Spurious wake-ups are allowed, but not for ever.
void settle(EventLoop& loop) {
    for (int i = 0; i < 100; ++i) {
        loop.poll();
        if (!is_readable(loop)) return;
    }
    throw std::runtime_error("the descriptor is always readable");
}

}  // namespace

class Embed : public OnKernel {};
GYRE_ON_KERNEL(Embed);

TEST_P(Embed, the_descriptor_tells_of_timers) {
    bool done = false;
    loop()->call_soon([&] {
        spawn([&]() -> Task<> {
            for (int i = 0; i < 3; ++i) co_await sleep(2ms);
            done = true;
        });
    });
    const int rounds = drive(*loop(), done);
    EXPECT_TRUE(done);
    EXPECT_LT(rounds, 50);  // it sleeps between the timers
}

TEST_P(Embed, the_descriptor_tells_of_input) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    std::string heard;
    bool done = false;
    loop()->add_reader(pair[0], [&] {
        char byte = 0;
        if (::read(pair[0], &byte, 1) == 1) heard += byte;
        done = heard.size() == 3;
    });
    settle(*loop());
    for (const char byte : {'a', 'b', 'c'}) {
        EXPECT_FALSE(is_readable(*loop()));
        ASSERT_EQ(::write(pair[1], &byte, 1), 1);
        const bool never = false;
        const std::size_t before = heard.size();
        while (heard.size() == before) drive(*loop(), never, 1);
        settle(*loop());
    }
    EXPECT_EQ(heard, "abc");
    EXPECT_TRUE(done);
    loop()->remove_reader(pair[0]);
    settle(*loop());
    ::close(pair[0]);
    ::close(pair[1]);
}

TEST_P(Embed, the_descriptor_tells_of_posts_and_of_what_the_host_asks_for) {
    settle(*loop());
    EXPECT_FALSE(loop()->poll());
    bool soon = false;
    loop()->call_soon([&] { soon = true; });
    EXPECT_TRUE(is_readable(*loop()));
    drive(*loop(), soon);
    settle(*loop());
    bool later = false;
    loop()->call_later(1ms, [&] { later = true; });
    drive(*loop(), later);
    settle(*loop());
    bool posted = false;
    std::thread other([&] { loop()->post([&] { posted = true; }); });
    drive(*loop(), posted);
    other.join();
}

TEST_P(Embed, what_is_started_by_a_whole_run_is_told_of_afterwards) {
    settle(*loop());
    bool done = false;
    run([&]() -> Task<> {
        spawn([&]() -> Task<> {
            co_await sleep(3ms);
            done = true;
        });
        co_return;
    });
    drive(*loop(), done);
    EXPECT_TRUE(done);
}

TEST_P(Embed, run_once_waits_no_longer_than_it_may) {
    const Time start = loop()->now();
    EXPECT_FALSE(loop()->run_once(3ms));
    EXPECT_GE(loop()->now() - start, 3ms);
    bool called = false;
    loop()->call_later(1ms, [&] { called = true; });
    while (!called) loop()->run_once(1h);
    EXPECT_LT(loop()->now() - start, 1h);
    EXPECT_FALSE(loop()->poll());
    for (int i = 0; i < 1000; ++i) {
        loop()->call_soon([] {});
    }
    EXPECT_TRUE(loop()->poll());
    while (loop()->poll()) {}
}

TEST_P(Embed, a_loop_inside_of_itself_is_an_error) {
    std::string inner;
    loop()->call_soon([&] { inner = error_of([&] { loop()->poll(); }); });
    loop()->poll();
    EXPECT_NE(inner.find("co_await the work"), std::string::npos) << inner;
    loop()->close();
    EXPECT_NE(error_of([&] { loop()->poll(); }).find("closed"), std::string::npos);
    EXPECT_NE(error_of([&] { static_cast<void>(loop()->pollable_descriptor()); }).find("closed"), std::string::npos);
}

TEST(Embed, a_simulated_loop_is_polled_without_a_descriptor) {
    TestLoop loop;
    int ticks = 0;
    loop->call_later(1h, [&] { ++ticks; });
    loop->run_once();
    EXPECT_EQ(ticks, 1);
    EXPECT_NE(error_of([&] { static_cast<void>(loop->pollable_descriptor()); }).find("simulated"), std::string::npos);
}

}  // namespace gyre::testing
