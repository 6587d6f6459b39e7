// What every backend promises of connected streams.

#include "harness.hpp"

namespace gyre::backend::testing {

namespace {

using Stream = Conformance;

TEST_P(Stream, bytes_arrive_in_order) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world().send(client, "hello "), 6);
    EXPECT_EQ(world().send(client, "world"), 5);
    EXPECT_EQ(world().receive_exactly(server, 11), "hello world");
    EXPECT_EQ(world().send(server, "answer"), 6);
    EXPECT_EQ(world().receive_exactly(client, 6), "answer");
    close(client, server);
}

TEST_P(Stream, receive_waits_for_bytes) {
    auto [client, server] = world().pair();
    std::string buffer(16, '\0');
    Request request{OperationKind::receive, server};
    request.buffer = buffer.data();
    request.size = buffer.size();
    ASSERT_FALSE(world()->start(request));
    EXPECT_TRUE(request.in_flight);
    EXPECT_EQ(world()->in_flight(), 1U);
    world()->wait(Time::min());
    EXPECT_EQ(request.completions, 0);
    EXPECT_EQ(world().send(client, "late"), 4);
    world().finish(request);
    EXPECT_EQ(request.result, 4);
    EXPECT_EQ(request.completions, 1);
    EXPECT_EQ(buffer.substr(0, 4), "late");
    close(client, server);
}

TEST_P(Stream, request_and_response_many_times) {
    auto [client, server] = world().pair();
    for (int round = 0; round < 200; ++round) {
        const std::string text = "request " + std::to_string(round);
        EXPECT_EQ(world().send_all(client, text), 0);
        EXPECT_EQ(world().receive_exactly(server, text.size()), text);
        EXPECT_EQ(world().send_all(server, text), 0);
        EXPECT_EQ(world().receive_exactly(client, text.size()), text);
    }
    close(client, server);
}

TEST_P(Stream, small_receives_drain_what_one_send_brought) {
    auto [client, server] = world().pair();
    std::string text;
    for (int i = 0; i < 1000; ++i) text += static_cast<char>('a' + i % 26);
    EXPECT_EQ(world().send_all(client, text), 0);
    std::string all;
    while (all.size() < text.size()) all += world().receive(server, 7).second;
    EXPECT_EQ(all, text);
    close(client, server);
}

TEST_P(Stream, end_of_stream_after_the_last_byte) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world().send(client, "bye"), 3);
    close(client);
    EXPECT_EQ(world().receive_exactly(server, 3), "bye");
    EXPECT_EQ(world().receive(server).first, 0);
    EXPECT_EQ(world().receive(server).first, 0) << "the end stays the end";
    close(server);
}

TEST_P(Stream, half_close_leaves_the_other_way_open) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world()->shutdown(client, SHUT_WR), 0);
    EXPECT_EQ(world().receive(server).first, 0);
    EXPECT_EQ(world().send(server, "still here"), 10);
    EXPECT_EQ(world().receive_exactly(client, 10), "still here");
    EXPECT_EQ(world().send(client, "x"), -EPIPE);
    close(client, server);
}

TEST_P(Stream, half_close_wakes_a_waiting_reader) {
    auto [client, server] = world().pair();
    char byte = 0;
    Request request{OperationKind::receive, server};
    request.buffer = &byte;
    request.size = 1;
    ASSERT_FALSE(world()->start(request));
    EXPECT_EQ(world()->shutdown(client, SHUT_WR), 0);
    world().finish(request);
    EXPECT_EQ(request.result, 0);
    close(client, server);
}

TEST_P(Stream, closing_with_unread_bytes_resets_the_peer) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world().send(client, "never read"), 10);
    world().settle();
    close(server);
    EXPECT_EQ(world().receive(client).first, -ECONNRESET);
    EXPECT_EQ(world().send(client, "x"), -EPIPE);
    close(client);
}

TEST_P(Stream, sending_to_a_closed_peer_fails) {
    auto [client, server] = world().pair();
    close(server);
    std::int64_t result = 1;
    for (int attempts = 0; attempts < 100 && result > 0; ++attempts) {
        result = world().send(client, "x");
        world().settle();
    }
    EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
    close(client);
}

TEST_P(Stream, a_send_that_does_not_fit_waits_and_takes_a_part) {
    auto [client, server] = world().pair();
    const std::size_t buffered = world().fill(client);
    EXPECT_GT(buffered, 0U);
    std::string block(4'000'000, 'y');
    Request request{OperationKind::send, client};
    request.buffer = block.data();
    request.size = block.size();
    ASSERT_FALSE(world()->start(request));
    std::size_t drained = 0;
    while (request.in_flight) drained += world().receive(server, 65'536).second.size();
    EXPECT_GT(request.result, 0);
    EXPECT_LE(request.result, 4'000'000);
    EXPECT_EQ(request.completions, 1);
    const std::size_t total = buffered + static_cast<std::size_t>(request.result);
    while (drained < total) drained += world().receive(server, 65'536).second.size();
    EXPECT_EQ(drained, total);
    close(client, server);
}

TEST_P(Stream, two_readers_are_served_in_order_of_arrival) {
    auto [client, server] = world().pair();
    char bytes[2] = {};
    Request first{OperationKind::receive, server};
    Request second{OperationKind::receive, server};
    first.buffer = &bytes[0];
    second.buffer = &bytes[1];
    first.size = second.size = 1;
    ASSERT_FALSE(world()->start(first));
    ASSERT_FALSE(world()->start(second));
    EXPECT_EQ(world()->in_flight(), 2U);
    EXPECT_EQ(world().send(client, "a"), 1);
    world().finish(first);
    EXPECT_TRUE(second.in_flight);
    EXPECT_EQ(world().send(client, "b"), 1);
    world().finish(second);
    EXPECT_EQ(bytes[0], 'a');
    EXPECT_EQ(bytes[1], 'b');
    close(client, server);
}

TEST_P(Stream, two_writers_are_served_in_order_of_arrival) {
    auto [client, server] = world().pair();
    const std::size_t buffered = world().fill(client);
    std::string a = "a";
    std::string b = "b";
    Request first{OperationKind::send, client};
    Request second{OperationKind::send, client};
    first.buffer = a.data();
    second.buffer = b.data();
    first.size = second.size = 1;
    ASSERT_FALSE(world()->start(first));
    ASSERT_FALSE(world()->start(second)) << "must not overtake";
    EXPECT_EQ(world().receive_exactly(server, buffered).size(), buffered);
    world().finish(first);
    world().finish(second);
    EXPECT_EQ(world().receive_exactly(server, 2), "ab");
    close(client, server);
}

TEST_P(Stream, both_ways_wait_at_once) {
    auto [client, server] = world().pair();
    const std::size_t buffered = world().fill(client);
    char in = 0;
    char out = 'o';
    Request reader{OperationKind::receive, client};
    Request writer{OperationKind::send, client};
    reader.buffer = &in;
    writer.buffer = &out;
    reader.size = writer.size = 1;
    ASSERT_FALSE(world()->start(reader));
    ASSERT_FALSE(world()->start(writer));
    EXPECT_EQ(world().send(server, "i"), 1);
    world().finish(reader);
    EXPECT_EQ(in, 'i');
    EXPECT_EQ(world().receive_exactly(server, buffered).size(), buffered);
    world().finish(writer);
    EXPECT_EQ(writer.result, 1);
    close(client, server);
}

TEST_P(Stream, messages_gather_and_scatter) {
    auto [client, server] = world().pair();
    std::string left = "scat";
    std::string right = "ter";
    iovec parts[2] = {{left.data(), left.size()}, {right.data(), right.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    Request send{OperationKind::send_message, client};
    send.message = &message;
    EXPECT_EQ(world().run(send), 7);

    char head[3] = {};
    char tail[16] = {};
    iovec targets[2] = {{head, sizeof head}, {tail, sizeof tail}};
    msghdr received{};
    received.msg_iov = targets;
    received.msg_iovlen = 2;
    Request receive{OperationKind::receive_message, server};
    receive.message = &received;
    EXPECT_EQ(world().run(receive), 7);
    EXPECT_EQ((std::string_view{head, 3}), "sca");
    EXPECT_EQ((std::string_view{tail, 4}), "tter");
    close(client, server);
}

TEST_P(Stream, peek_leaves_the_bytes) {
    auto [client, server] = world().pair();
    EXPECT_EQ(world().send(client, "peek"), 4);
    char bytes[8] = {};
    Request request{OperationKind::receive, server};
    request.buffer = bytes;
    request.size = sizeof bytes;
    request.flags = MSG_PEEK;
    EXPECT_EQ(world().run(request), 4);
    EXPECT_EQ(world().receive(server).second, "peek");
    close(client, server);
}

TEST_P(Stream, bad_descriptors_are_answered_at_once) {
    char byte = 0;
    for (const OperationKind kind : {OperationKind::receive, OperationKind::send, OperationKind::poll}) {
        Request request{kind, -1};
        request.buffer = &byte;
        request.size = 1;
        request.events = POLLIN;
        EXPECT_EQ(world().run(request), -EBADF);
        request.descriptor = 900'000;
        EXPECT_EQ(world().run(request), -EBADF);
    }
}

TEST_P(Stream, a_socket_without_a_connection_says_so) {
    const int descriptor = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    const std::int64_t sent = world().send(descriptor, "x");
    EXPECT_TRUE(sent == -EPIPE || sent == -ENOTCONN) << sent;
    EXPECT_EQ(world().receive(descriptor).first, -ENOTCONN);
    close(descriptor);
}

TEST_P(Stream, poll_tells_readiness) {
    auto [client, server] = world().pair();
    Request writable{OperationKind::poll, client};
    writable.events = POLLOUT;
    EXPECT_EQ(world().run(writable), POLLOUT);

    Request readable{OperationKind::poll, server};
    readable.events = POLLIN;
    ASSERT_FALSE(world()->start(readable));
    EXPECT_EQ(world().send(client, "x"), 1);
    world().finish(readable);
    EXPECT_EQ(readable.result & POLLIN, POLLIN);
    EXPECT_EQ(world().receive(server).second, "x") << "poll takes nothing";
    close(client, server);
}

TEST_P(Stream, poll_tells_a_hang_up) {
    auto [client, server] = world().pair();
    Request request{OperationKind::poll, server};
    request.events = POLLIN;
    ASSERT_FALSE(world()->start(request));
    close(client);
    world().finish(request);
    EXPECT_EQ(request.result & POLLIN, POLLIN);
    EXPECT_EQ(world().receive(server).first, 0);
    close(server);
}

TEST_P(Stream, a_poll_and_a_receive_on_one_descriptor) {
    auto [client, server] = world().pair();
    char byte = 0;
    Request poll{OperationKind::poll, server};
    poll.events = POLLIN;
    Request receive{OperationKind::receive, server};
    receive.buffer = &byte;
    receive.size = 1;
    ASSERT_FALSE(world()->start(poll));
    ASSERT_FALSE(world()->start(receive));
    EXPECT_EQ(world().send(client, "x"), 1);
    world().finish(receive);
    EXPECT_EQ(byte, 'x');
    if (poll.in_flight) {  // the receive may have come first
        EXPECT_EQ(world().send(client, "y"), 1);
    }
    world().finish(poll);
    EXPECT_EQ(poll.result & POLLIN, POLLIN);
    close(client, server);
}

TEST_P(Stream, polls_and_receives_take_turns) {
    auto [client, server] = world().pair();
    for (int round = 0; round < 50; ++round) {
        const std::string text = "request " + std::to_string(round);
        Request readable{OperationKind::poll, server};
        readable.events = POLLIN;
        ASSERT_FALSE(world()->start(readable)) << round;
        EXPECT_EQ(world().send(client, text), static_cast<std::int64_t>(text.size()));
        world().finish(readable);
        EXPECT_EQ(readable.result & POLLIN, POLLIN);
        EXPECT_EQ(world().receive_exactly(server, text.size()), text);
    }
    Request last{OperationKind::poll, server};
    last.events = POLLIN;
    ASSERT_FALSE(world()->start(last));
    close(client);
    world().finish(last);
    EXPECT_EQ(last.result & POLLIN, POLLIN);
    EXPECT_EQ(world().receive(server).first, 0);
    close(server);
}

TEST_P(Stream, a_poll_tells_again_of_what_nobody_has_read) {
    auto [client, server] = world().pair();
    Request first{OperationKind::poll, server};
    first.events = POLLIN;
    ASSERT_FALSE(world()->start(first));
    EXPECT_EQ(world().send(client, "xy"), 2);
    world().finish(first);
    EXPECT_EQ(world().receive(server, 1).second, "x");
    for (int i = 0; i < 3; ++i) {
        Request again{OperationKind::poll, server};
        again.events = POLLIN;
        EXPECT_EQ(world().run(again) & POLLIN, POLLIN);
    }
    EXPECT_EQ(world().receive(server).second, "y");
    close(client, server);
}

TEST_P(Stream, what_a_poll_has_told_and_nobody_reads_keeps_nobody_awake) {
    auto [client, server] = world().pair();
    std::string buffer(16, '\0');
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_EQ(world().receive(server).second, "x");
    Request request{OperationKind::poll, server};
    request.events = POLLIN;
    ASSERT_FALSE(world()->start(request));
    EXPECT_EQ(world().send(client, "y"), 1);
    world().finish(request);
    const auto end = world()->now() + std::chrono::milliseconds(20);
    int waits = 0;
    for (; world()->now() < end; ++waits) world()->wait(end);
    EXPECT_LT(waits, 10);
    EXPECT_EQ(world().receive(server).second, "y");
    close(client, server);
}

GYRE_ON_EVERY_BACKEND(Stream);

}  // namespace

}  // namespace gyre::backend::testing
