// What the kernel backends promise of descriptors that are not sockets of theirs.

#include "harness.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>

namespace gyre::backend::testing {

namespace {

class Descriptor : public KernelConformance {
protected:
    struct Pipe {
        int in = -1;
        int out = -1;
    };

    static auto make_pipe() -> Pipe {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
        return {ends[0], ends[1]};
    }

    [[nodiscard]] static auto poll_request(Request& request, int descriptor, short events) -> Request& {
        request.kind = OperationKind::poll;
        request.descriptor = descriptor;
        request.events = events;
        return request;
    }
};

TEST_P(Descriptor, a_pipe_is_polled) {
    const Pipe pipe = make_pipe();
    Request request;
    ASSERT_FALSE(world()->start(poll_request(request, pipe.in, POLLIN)));
    world()->wait(Time::min());
    EXPECT_TRUE(request.in_flight);
    ASSERT_EQ(::write(pipe.out, "x", 1), 1);
    world().finish(request);
    EXPECT_EQ(request.result, POLLIN);
    Request writable;
    EXPECT_EQ(world().run(poll_request(writable, pipe.out, POLLOUT)), POLLOUT);
    ::close(pipe.in);
    ::close(pipe.out);
}

TEST_P(Descriptor, a_closed_writer_is_a_hang_up) {
    const Pipe pipe = make_pipe();
    Request request;
    ASSERT_FALSE(world()->start(poll_request(request, pipe.in, POLLIN)));
    ::close(pipe.out);
    world().finish(request);
    EXPECT_EQ(request.result & POLLHUP, POLLHUP);
    ::close(pipe.in);
}

TEST_P(Descriptor, a_poll_for_errors_only_hears_of_a_hang_up) {
    const Pipe pipe = make_pipe();
    Request request;
    ASSERT_FALSE(world()->start(poll_request(request, pipe.in, 0)));
    ASSERT_EQ(::write(pipe.out, "x", 1), 1);
    world().settle();
    EXPECT_TRUE(request.in_flight);
    ::close(pipe.out);
    world().finish(request);
    EXPECT_EQ(request.result & POLLHUP, POLLHUP);
    ::close(pipe.in);
}

TEST_P(Descriptor, a_full_pipe_is_polled_for_room) {
    const Pipe pipe = make_pipe();
    const std::string block(65'536, 'x');
    while (::write(pipe.out, block.data(), block.size()) > 0) {}
    Request request;
    ASSERT_FALSE(world()->start(poll_request(request, pipe.out, POLLOUT)));
    std::string sink(65'536, '\0');
    while (::read(pipe.in, sink.data(), sink.size()) > 0) {}
    world().finish(request);
    EXPECT_EQ(request.result, POLLOUT);
    ::close(pipe.in);
    ::close(pipe.out);
}

TEST_P(Descriptor, several_polls_of_one_descriptor_all_hear_of_it) {
    const int counter = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    Request first;
    Request second;
    ASSERT_FALSE(world()->start(poll_request(first, counter, POLLIN)));
    ASSERT_FALSE(world()->start(poll_request(second, counter, POLLIN)));
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(counter, &one, sizeof one), 8);
    world().finish(first);
    world().finish(second);
    EXPECT_EQ(first.result, POLLIN);
    EXPECT_EQ(second.result, POLLIN);
    ::close(counter);
}

TEST_P(Descriptor, after_a_poll_was_cancelled_its_owner_may_close) {
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    for (int round = 0; round < 50; ++round) {
        const Pipe pipe = make_pipe();
        Request request;
        ASSERT_FALSE(world()->start(poll_request(request, pipe.in, POLLIN)));
        if (round % 2 == 0) world()->wait(Time::min());
        world()->cancel(request);
        ::close(pipe.in);  // behind the backend's back, as a library with descriptors of its own does it
        EXPECT_EQ(::write(pipe.out, "x", 1), -1);
        EXPECT_EQ(errno, EPIPE) << "nothing keeps the read end alive";
        ::close(pipe.out);

        const Pipe next = make_pipe();  // most likely of the same numbers
        Request again;
        ASSERT_FALSE(world()->start(poll_request(again, next.in, POLLIN)));
        world()->wait(Time::min());
        EXPECT_FALSE(request.in_flight);
        EXPECT_TRUE(again.in_flight);
        ASSERT_EQ(::write(next.out, "x", 1), 1);
        world().finish(again);
        EXPECT_EQ(again.result, POLLIN);
        ::close(next.in);
        ::close(next.out);
    }
    ::signal(SIGPIPE, before);
}

TEST_P(Descriptor, after_a_poll_completed_its_owner_may_close) {
    for (int round = 0; round < 50; ++round) {
        const Pipe pipe = make_pipe();
        Request request;
        ASSERT_FALSE(world()->start(poll_request(request, pipe.in, POLLIN)));
        ASSERT_EQ(::write(pipe.out, "x", 1), 1);
        world().finish(request);
        const int copy = ::dup(pipe.in);  // keeps the file open, as a forked child would
        ::close(pipe.in);
        const Time start = world()->now();
        world()->wait(start + 1ms);
        EXPECT_GE(world()->now() - start, 1ms) << "something still watches a file that nobody asked about";
        ::close(copy);
        ::close(pipe.out);
    }
}

TEST_P(Descriptor, an_event_of_a_file_closed_behind_our_back_does_not_reach_the_next_of_its_number) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_EQ(world().receive(server).second, "x");
    const int copy = ::dup(server);  // a child that was forked holds such copies; epoll goes on watching the file
    ::close(server);
    ASSERT_EQ(world()->open_socket(AF_INET, SOCK_DGRAM, 0), server);
    Request request;
    ASSERT_FALSE(world()->start(poll_request(request, server, POLLIN)));
    EXPECT_EQ(world().send(client, "for the dead"), 12);
    world().settle();
    EXPECT_TRUE(request.in_flight);
    world()->cancel(request);
    world().finish(request);
    EXPECT_EQ(request.result, -ECANCELED);
    close(client, server);
    ::close(copy);
}

TEST_P(Descriptor, a_regular_file_is_always_ready) {
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    Request request;
    EXPECT_EQ(world().run(poll_request(request, ::fileno(file), POLLIN)), POLLIN);
    std::fclose(file);
}

TEST_P(Descriptor, knows_what_can_be_waited_for) {
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const int directory = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const Pipe pipe = make_pipe();
    const int socket = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world()->check_watchable(pipe.in), 0);
    EXPECT_EQ(world()->check_watchable(socket), 0);
    EXPECT_EQ(world()->check_watchable(::fileno(file)), -EPERM);
    EXPECT_EQ(world()->check_watchable(directory), -EPERM);
    EXPECT_EQ(world()->check_watchable(-1), -EBADF);
    close(socket);
    ::close(pipe.in);
    ::close(pipe.out);
    ::close(directory);
    EXPECT_EQ(world()->check_watchable(directory), -EBADF);
    std::fclose(file);
}

TEST_P(Descriptor, a_socket_from_elsewhere_works) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);  // blocking ones
    char byte = 0;
    Request request{OperationKind::receive, ends[0]};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world()->start(request));
    world()->wait(Time::min());
    EXPECT_EQ(world().send(ends[1], "x"), 1);
    world().finish(request);
    EXPECT_EQ(byte, 'x');
    EXPECT_GT(world().fill(ends[0]), 0U);
    close(ends[0], ends[1]);
    EXPECT_EQ(world()->open_descriptors(), 0U) << "not given out by the backend: not counted";
}

TEST_P(Descriptor, a_blocking_listener_from_elsewhere_does_not_block_the_loop) {
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    const Address any_port = loopback();
    ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&any_port.storage), any_port.length), 0);
    ASSERT_EQ(::listen(listening, 8), 0);
    for (int round = 0; round < 3; ++round) {
        Request accept{OperationKind::accept, listening};
        ASSERT_FALSE(world()->start(accept));
        world()->wait(Time::min());
        const int first = world()->open_socket(AF_INET, SOCK_STREAM, 0);
        const int second = world()->open_socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(world().connect(first, world().local_address(listening)), 0);
        EXPECT_EQ(world().connect(second, world().local_address(listening)), 0);
        world().finish(accept);
        close(first, second, static_cast<int>(accept.result), world().accept(listening));
    }
    close(listening);
}

TEST_P(Descriptor, what_is_not_a_socket_says_so) {
    const Pipe pipe = make_pipe();
    EXPECT_EQ(world().receive(pipe.in).first, -ENOTSOCK);
    EXPECT_EQ(world().send(pipe.out, "x"), -ENOTSOCK);
    close(pipe.in, pipe.out);
}

TEST_P(Descriptor, sockets_are_not_inherited_and_do_not_block) {
    auto [client, server] = world().pair();
    for (const int descriptor : {client, server}) {
        EXPECT_EQ(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        EXPECT_EQ(::fcntl(descriptor, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    }
    close(client, server);
}

TEST_P(Descriptor, readiness_that_nobody_waits_for_does_not_keep_the_loop_busy) {
    auto [client, server] = world().pair();
    // A receive that was served leaves its registration; bytes that nobody asked for then must not spin the loop.
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_EQ(world().receive(server).second, "x");
    EXPECT_EQ(world().send(client, "unwanted"), 8);
    int turns = 0;
    const Time deadline = world()->now() + 20ms;
    while (world()->now() < deadline) {
        world()->wait(deadline);
        ++turns;
    }
    EXPECT_LE(turns, 3);
    EXPECT_EQ(world().receive(server).second, "unwanted");
    close(client);
    turns = 0;
    const Time later = world()->now() + 20ms;
    while (world()->now() < later) {
        world()->wait(later);
        ++turns;
    }
    EXPECT_LE(turns, 3);
    close(server);
}

// UBSan looks at a virtual table through a pipe, which it cannot open here.
__attribute__((no_sanitize("vptr"))) auto open_without_room(Backend& backend) -> int {
    rlimit before{};
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const int result = backend.open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    return result;
}

TEST_P(Descriptor, running_out_of_descriptors_is_an_errno) { EXPECT_EQ(open_without_room(*world()), -EMFILE); }

TEST_P(Descriptor, a_refused_connect_on_a_bound_socket_leaves_it_usable) {
    const int gone = world().listener();
    const Address nobody = world().local_address(gone);
    close(gone);
    const int listening = world().listener();
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, nobody), -ECONNREFUSED);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    close(client, world().accept(listening), listening);
}

GYRE_ON_KERNEL_BACKENDS(Descriptor);

}  // namespace

}  // namespace gyre::backend::testing
