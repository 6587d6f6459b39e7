// What only the simulated host promises: virtual time, seeds, latency, limits, names.

#include "harness.hpp"

#include <array>
#include <thread>

namespace gyre::backend::testing {

namespace {

auto read_all(World& world, int descriptor) -> std::vector<std::size_t> {
    std::vector<std::size_t> sizes;
    for (;;) {
        const auto [result, bytes] = world.receive(descriptor);
        if (result <= 0) return sizes;
        sizes.push_back(bytes.size());
    }
}

TEST(Sim, time_stands_still_until_somebody_waits) {
    World world{"sim"};
    const Time start = world->now();
    auto [client, server] = world.pair();
    EXPECT_EQ(world.send(client, "x"), 1);
    EXPECT_EQ(world.receive(server).second, "x");
    EXPECT_EQ(world->now(), start);
    world->wait(start + 1h);
    EXPECT_EQ(world->now(), start + 1h);
    world->wait(start + 24h * 365);
    EXPECT_EQ(world->now(), start + 24h * 365);
}

TEST(Sim, bytes_arrive_after_the_latency_exactly) {
    World world{"sim", {.latency = 30ms}};
    const Time start = world->now();
    auto [client, server] = world.pair();
    EXPECT_EQ(world->now(), start + 60ms) << "a connect is one journey and back";
    EXPECT_EQ(world.send(client, "x"), 1);
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world->start(request));
    world->wait(start + 80ms);
    EXPECT_EQ(world->now(), start + 80ms);
    EXPECT_TRUE(request.in_flight);
    world->wait(start + 1h);
    EXPECT_EQ(world->now(), start + 90ms);
    EXPECT_EQ(request.result, 1);
}

TEST(Sim, the_end_of_a_stream_travels_too) {
    World world{"sim", {.latency = 5ms}};
    auto [client, server] = world.pair();
    const Time start = world->now();
    world->close(client);
    EXPECT_EQ(world.receive(server).first, 0);
    EXPECT_EQ(world->now(), start + 5ms);
}

TEST(Sim, a_seed_decides_random_bytes_and_nothing_else_does) {
    const auto bytes_of = [](std::uint64_t seed) {
        World world{"sim", {.seed = seed}};
        std::array<std::byte, 33> bytes{};
        world->fill_random(bytes);
        return bytes;
    };
    EXPECT_EQ(bytes_of(1), bytes_of(1));
    EXPECT_NE(bytes_of(1), bytes_of(2));
}

TEST(Sim, transfers_can_be_cut_short_by_the_seed) {
    const auto sizes_of = [](std::uint64_t seed) {
        World world{"sim", {.seed = seed, .longest_transfer = 9}};
        auto [client, server] = world.pair();
        EXPECT_EQ(world.send_all(client, std::string(500, 'x')), 0);
        world->close(client);
        return read_all(world, server);
    };
    const auto sizes = sizes_of(7);
    std::size_t total = 0;
    for (const std::size_t size : sizes) {
        EXPECT_LE(size, 9U);
        total += size;
    }
    EXPECT_EQ(total, 500U);
    EXPECT_EQ(sizes, sizes_of(7));
    EXPECT_NE(sizes, sizes_of(8));
}

TEST(Sim, a_connection_buffers_as_much_as_was_said) {
    World world{"sim", {.pipe_capacity = 1'000}};
    auto [client, server] = world.pair();
    EXPECT_EQ(world.send(client, std::string(3'000, 'x')), 1'000);
    char byte = 'y';
    Request request{OperationKind::send, client};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world->start(request));
    EXPECT_FALSE(world->in_flight() == 0);
    EXPECT_EQ(world.receive(server, 1).first, 1);
    world.finish(request);
    EXPECT_EQ(request.result, 1);
}

TEST(Sim, knows_that_nothing_can_happen) {
    World world{"sim"};
    EXPECT_FALSE(world->can_be_woken());
    auto [client, server] = world.pair();
    world->wait(Time::min());
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world->start(request));
    EXPECT_FALSE(world->can_be_woken()) << "nobody is there to send";
    EXPECT_EQ(world.send(client, "x"), 1);
    EXPECT_TRUE(world->can_be_woken());
    world.finish(request);
    ASSERT_FALSE(world->start(request));
    world->cancel(request);
    EXPECT_TRUE(world->can_be_woken());
    world->wait(Time::max());
    EXPECT_EQ(request.result, -ECANCELED);
    EXPECT_FALSE(world->can_be_woken());
    world->wake();
    EXPECT_TRUE(world->can_be_woken());
}

TEST(Sim, an_event_that_ends_nothing_returns_so_that_the_loop_can_look_again) {
    World world{"sim", {.latency = 1ms}};
    auto [client, server] = world.pair();
    EXPECT_EQ(world.send(client, "nobody reads this"), 17);
    while (world->can_be_woken()) world->wait(Time::max());
}

TEST(Sim, blocks_for_another_thread_when_told_to_wait_for_ever) {
    World world{"sim"};
    const Time start = world->now();
    std::thread other{[&] { world->wake(); }};
    world->wait(Time::max());
    other.join();
    EXPECT_EQ(world->now(), start) << "a post takes no virtual time";
}

TEST(Sim, a_full_backlog_makes_a_connect_wait_for_its_turn) {
    World world{"sim"};
    const int listening = world.listener(loopback(), 0);
    std::array<Request, 3> connects;
    Address address = world.local_address(listening);
    for (Request& connect : connects) {
        connect.kind = OperationKind::connect;
        connect.descriptor = world->open_socket(AF_INET, SOCK_STREAM, 0);
        connect.address = &address.storage;
        connect.address_length = address.length;
        ASSERT_FALSE(world->start(connect));
    }
    world.settle();
    EXPECT_FALSE(connects[0].in_flight);
    EXPECT_TRUE(connects[1].in_flight);
    EXPECT_GE(world.accept(listening), 0);
    world.finish(connects[1]);
    EXPECT_EQ(connects[1].result, 0);
    EXPECT_TRUE(connects[2].in_flight);
    world->close(listening);
    world.finish(connects[2]);
    EXPECT_EQ(connects[2].result, -ECONNREFUSED);
}

TEST(Sim, numbers_are_not_those_of_a_real_descriptor) {
    World world{"sim"};
    EXPECT_GE(world->open_socket(AF_INET, SOCK_STREAM, 0), 1'000'000);
    Request request{OperationKind::poll, 0};
    request.events = POLLIN;
    EXPECT_EQ(world.run(request), -EBADF);
    EXPECT_EQ(world->pollable_descriptor(), -1);
}

TEST(Sim, knows_the_names_of_its_host_and_no_others) {
    World world{"sim"};
    using Names = std::vector<std::string>;
    EXPECT_EQ(world->lookup("localhost"), (Names{"127.0.0.1", "::1"}));
    EXPECT_EQ(world->lookup("LocalHost."), (Names{"127.0.0.1", "::1"}));
    EXPECT_EQ(world->lookup("db.localhost"), (Names{"127.0.0.1", "::1"}));
    EXPECT_EQ(world->lookup("127.0.0.9"), (Names{"127.0.0.9"}));
    EXPECT_EQ(world->lookup("::1"), (Names{"::1"}));
    EXPECT_EQ(world->lookup("example.org"), Names{});
    EXPECT_EQ(world->lookup("notlocalhost"), Names{});
    EXPECT_EQ(make_epoll_backend()->lookup("localhost"), std::nullopt);
}

TEST(Sim, a_listener_on_every_ipv6_address_hears_ipv4_unless_told_not_to) {
    World world{"sim"};
    const auto try_to_connect = [&](int only) {
        const int listening = world->open_socket(AF_INET6, SOCK_STREAM, 0);
        EXPECT_EQ(world->set_option(listening, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only), 0);
        Address any = loopback6();
        reinterpret_cast<sockaddr_in6&>(any.storage).sin6_addr = in6addr_any;
        EXPECT_EQ(world->bind(listening, any.storage, any.length), 0);
        EXPECT_EQ(world->listen(listening, 1), 0);
        const int client = world->open_socket(AF_INET, SOCK_STREAM, 0);
        const std::int64_t result = world.connect(client, loopback(world.local_address(listening).port()));
        world->close(listening);
        world->close(client);
        return result;
    };
    EXPECT_EQ(try_to_connect(0), 0);
    EXPECT_EQ(try_to_connect(1), -ECONNREFUSED);
}

TEST(Sim, the_world_outside_cannot_be_reached) {
    World world{"sim"};
    Address far = loopback(80);
    reinterpret_cast<sockaddr_in&>(far.storage).sin_addr.s_addr = htonl(0xC000'0201);  // 192.0.2.1
    const int client = world->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world.connect(client, far), -ENETUNREACH);
    EXPECT_EQ(world->bind(client, far.storage, far.length), -EADDRNOTAVAIL);
}

TEST(Sim, a_thousand_connections_take_a_thousand_ports) {
    World world{"sim"};
    const int listening = world.listener();
    const Address address = world.local_address(listening);
    for (int i = 0; i < 1'000; ++i) {
        const int client = world->open_socket(AF_INET, SOCK_STREAM, 0);
        ASSERT_EQ(world.connect(client, address), 0);
        ASSERT_GE(world.accept(listening), 0);
    }
    EXPECT_EQ(world->open_descriptors(), 2'001U);
}

}  // namespace

}  // namespace gyre::backend::testing
