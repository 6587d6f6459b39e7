// What every backend promises of listening, connecting and closing.

#include "harness.hpp"

#include <unistd.h>

namespace gyre::backend::testing {

namespace {

using Connection = Conformance;

TEST_P(Connection, accept_gives_the_descriptor_and_the_peer) {
    const int listening = world().listener();
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    Request accept{OperationKind::accept, listening};
    sockaddr_storage peer{};
    accept.address = &peer;
    ASSERT_FALSE(world()->start(accept));
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    world().finish(accept);
    ASSERT_GE(accept.result, 0);
    const int server = static_cast<int>(accept.result);

    Address told;
    told.storage = peer;
    EXPECT_EQ(told.port(), world().local_address(client).port());
    EXPECT_EQ(accept.address_length, sizeof(sockaddr_in));
    Address asked;
    EXPECT_EQ(world()->peer_address(server, asked.storage, asked.length), 0);
    EXPECT_EQ(asked.port(), told.port());
    EXPECT_EQ(world().local_address(server).port(), world().local_address(listening).port());
    EXPECT_EQ(world()->open_descriptors(), 3U);
    close(client, server, listening);
}

TEST_P(Connection, two_acceptors_are_served_in_order_of_arrival) {
    const int listening = world().listener();
    Request first{OperationKind::accept, listening};
    Request second{OperationKind::accept, listening};
    ASSERT_FALSE(world()->start(first));
    ASSERT_FALSE(world()->start(second));
    const int one = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(one, world().local_address(listening)), 0);
    world().finish(first);
    EXPECT_TRUE(second.in_flight);
    const int two = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(two, world().local_address(listening)), 0);
    world().finish(second);
    EXPECT_GE(first.result, 0);
    EXPECT_GE(second.result, 0);
    close(one, two, listening, static_cast<int>(first.result), static_cast<int>(second.result));
}

TEST_P(Connection, connections_wait_in_the_backlog) {
    const int listening = world().listener();
    std::vector<int> descriptors;
    for (int i = 0; i < 50; ++i) {
        descriptors.push_back(world()->open_socket(AF_INET, SOCK_STREAM, 0));
        ASSERT_EQ(world().connect(descriptors.back(), world().local_address(listening)), 0);
    }
    for (int i = 0; i < 50; ++i) {
        descriptors.push_back(world().accept(listening));
        ASSERT_GE(descriptors.back(), 0);
    }
    for (const int descriptor : descriptors) close(descriptor);
    close(listening);
}

TEST_P(Connection, connecting_where_nobody_listens_is_refused) {
    const int listening = world().listener();
    const Address address = world().local_address(listening);
    close(listening);
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, address), -ECONNREFUSED);
    close(client);
}

TEST_P(Connection, connecting_twice_says_that_it_is_connected) {
    const int listening = world().listener();
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), -EISCONN);
    close(client, world().accept(listening), listening);
}

TEST_P(Connection, binding_an_address_in_use_is_an_error) {
    const int listening = world().listener();
    const Address address = world().local_address(listening);
    const int other = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world()->bind(other, address.storage, address.length), -EADDRINUSE);
    close(listening, other);
}

TEST_P(Connection, a_port_is_free_again_after_the_listener_closed) {
    const int listening = world().listener();
    const Address address = world().local_address(listening);
    close(listening);
    close(world().listener(address));
}

TEST_P(Connection, closing_a_listener_resets_who_was_never_accepted) {
    const int listening = world().listener();
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    close(listening);
    EXPECT_EQ(world().receive(client).first, -ECONNRESET);
    close(client);
}

TEST_P(Connection, accept_on_what_does_not_listen_is_an_error) {
    const int descriptor = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().accept(descriptor), -EINVAL);
    close(descriptor);
}

TEST_P(Connection, ipv6_works_where_the_host_has_it) {
    const int listening = world()->open_socket(AF_INET6, SOCK_STREAM, 0);
    const Address address = loopback6();
    if (listening < 0 || world()->bind(listening, address.storage, address.length) != 0) {
        close(listening);
        GTEST_SKIP() << "no IPv6 here";
    }
    EXPECT_EQ(world()->listen(listening, 8), 0);
    const int client = world()->open_socket(AF_INET6, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    const int server = world().accept(listening);
    Address peer;
    EXPECT_EQ(world()->peer_address(server, peer.storage, peer.length), 0);
    EXPECT_EQ(peer.storage.ss_family, AF_INET6);
    EXPECT_EQ(peer.port(), world().local_address(client).port());
    close(client, server, listening);
}

TEST_P(Connection, a_listener_on_every_address_hears_the_loopback) {
    Address any = loopback();
    reinterpret_cast<sockaddr_in&>(any.storage).sin_addr.s_addr = htonl(INADDR_ANY);
    const int listening = world().listener(any);
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, loopback(world().local_address(listening).port())), 0);
    close(client, world().accept(listening), listening);
}

TEST_P(Connection, unix_streams_work) {
    const std::string path = "@gyre-backend-test-" + std::to_string(::getpid()) + GetParam();
    const int listening = world().listener(unix_address(path));
    const int client = world()->open_socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, unix_address(path)), 0);
    const int server = world().accept(listening);
    EXPECT_EQ(world().send(client, "local"), 5);
    EXPECT_EQ(world().receive(server).second, "local");
    close(client);
    EXPECT_EQ(world().receive(server).first, 0);
    EXPECT_EQ(world().send(server, "x"), -EPIPE);
    close(server, listening);
}

TEST_P(Connection, unix_paths_that_are_not_there_say_so) {
    const int client = world()->open_socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, unix_address("/nonexistent/gyre.sock")), -ENOENT);
    EXPECT_EQ(world().connect(client, unix_address("@gyre-nobody-is-here")), -ECONNREFUSED);
    close(client);
}

TEST_P(Connection, a_full_unix_backlog_says_so_at_once) {
    const std::string path = "@gyre-backend-full-" + std::to_string(::getpid()) + GetParam();
    const int listening = world().listener(unix_address(path), 1);
    std::vector<int> clients;
    std::int64_t result = 0;
    while (result == 0 && clients.size() < 20) {
        clients.push_back(world()->open_socket(AF_UNIX, SOCK_STREAM, 0));
        result = world().connect(clients.back(), unix_address(path));
    }
    EXPECT_EQ(result, -EAGAIN);
    for (const int client : clients) close(client);
    close(listening);
}

TEST_P(Connection, a_new_descriptor_with_an_old_number_starts_afresh) {
    for (int round = 0; round < 20; ++round) {
        auto [client, server] = world().pair();
        EXPECT_EQ(world().send(client, "left behind"), 11);
        world().settle();
        EXPECT_EQ(world().receive(server, 4).first, 4);  // readiness is remembered here ...
        close(server, client);
        auto [other_client, other_server] = world().pair();  // ... and must not be known here
        Request request{OperationKind::receive, other_server};
        char bytes[16] = {};
        request.buffer = bytes;
        request.size = sizeof bytes;
        ASSERT_FALSE(world()->start(request));
        world()->wait(Time::min());
        EXPECT_TRUE(request.in_flight);
        EXPECT_EQ(world().send(other_client, "new"), 3);
        world().finish(request);
        EXPECT_EQ(request.result, 3);
        close(other_server, other_client);
    }
}

/// Closes a descriptor and opens another of the same number, from inside a completion.
class Closer final : public Operation {
public:
    Backend* backend = nullptr;
    int victim = -1;
    int replacement = -1;
    char byte = 0;

    void completed() noexcept override {
        backend->close(victim);
        replacement = backend->open_socket(AF_INET, SOCK_DGRAM, 0);
    }
};

TEST_P(Connection, an_event_of_a_closed_descriptor_does_not_reach_the_next_of_its_number) {
    auto [client, server] = world().pair();
    auto [other_client, other_server] = world().pair();
    // Makes both ready in one turn; the first completion closes the second descriptor, whose event stands in the same batch.
    char seen = 0;
    Request warm_up{OperationKind::receive, other_server};
    warm_up.buffer = &seen;
    warm_up.size = 1;
    ASSERT_FALSE(world()->start(warm_up));
    world()->cancel(warm_up);
    world().finish(warm_up);
    Closer closer;
    closer.kind = OperationKind::receive;
    closer.descriptor = server;
    closer.buffer = &closer.byte;
    closer.size = 1;
    closer.backend = &*world();
    closer.victim = other_server;
    ASSERT_FALSE(world()->start(closer));
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_EQ(world().send(other_client, "y"), 1);
    world().finish(closer);
    ASSERT_GE(closer.replacement, 0);
    Request receive{OperationKind::receive, closer.replacement};
    const Address address = loopback();
    EXPECT_EQ(world()->bind(closer.replacement, address.storage, address.length), 0);
    receive.buffer = &seen;
    receive.size = 1;
    ASSERT_FALSE(world()->start(receive));
    world().settle();
    EXPECT_TRUE(receive.in_flight);
    world()->cancel(receive);
    world().finish(receive);
    EXPECT_EQ(receive.result, -ECANCELED);
    close(client, server, other_client, closer.replacement);
}

TEST_P(Connection, options_are_kept) {
    const int descriptor = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    EXPECT_EQ(world()->set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(world()->get_option(descriptor, SOL_SOCKET, SO_REUSEADDR, &value, size), 0);
    EXPECT_NE(value, 0);
    EXPECT_EQ(world()->get_option(descriptor, SOL_SOCKET, SO_TYPE, &value, size), 0);
    EXPECT_EQ(value, SOCK_STREAM);
    close(descriptor);
    EXPECT_EQ(world()->set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), -EBADF);
}

TEST_P(Connection, what_the_host_does_not_have_is_an_errno) {
    EXPECT_EQ(world()->open_socket(12'345, SOCK_STREAM, 0), -EAFNOSUPPORT);
    Address address;
    EXPECT_EQ(world()->local_address(-1, address.storage, address.length), -EBADF);
    EXPECT_EQ(world()->listen(-1, 1), -EBADF);
    EXPECT_EQ(world()->shutdown(-1, SHUT_WR), -EBADF);
    const int descriptor = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world()->shutdown(descriptor, SHUT_WR), -ENOTCONN);
    EXPECT_EQ(world()->peer_address(descriptor, address.storage, address.length), -ENOTCONN);
    const Address six = loopback6();
    EXPECT_LT(world()->bind(descriptor, six.storage, six.length), 0);
    close(descriptor);
}

GYRE_ON_EVERY_BACKEND(Connection);

}  // namespace

}  // namespace gyre::backend::testing
