// What every backend promises of cancelling: it did not happen, or it is told with its result; nothing is lost.

#include "harness.hpp"

namespace gyre::backend::testing {

namespace {

class Cancel : public Conformance {
protected:
    /// Cancels what is in flight, and expects the answer from the next waits and only from there.
    void cancel_and_expect_it(Request& request) {
        ASSERT_TRUE(request.in_flight);
        world()->cancel(request);
        EXPECT_EQ(request.completions, 0) << "answers from wait only";
        EXPECT_TRUE(request.in_flight);
        EXPECT_TRUE(request.cancelling);
        world()->cancel(request);  // no effect
        world().finish(request);
        EXPECT_EQ(request.result, -ECANCELED);
        EXPECT_EQ(request.completions, 1);
        EXPECT_FALSE(request.cancelling);
        world()->cancel(request);  // too late: no effect
        world()->wait(Time::min());
        EXPECT_EQ(request.completions, 1);
    }

    struct Reader {
        explicit Reader(int descriptor) : request{OperationKind::receive, descriptor} {
            request.buffer = bytes.data();
            request.size = bytes.size();
        }
        std::string bytes = std::string(64, '\0');
        Request request;
    };
};

TEST_P(Cancel, a_receive_and_then_another_gets_the_bytes) {
    auto [client, server] = world().pair();
    Reader reader{server};
    for (int round = 0; round < 3; ++round) {
        ASSERT_FALSE(world()->start(reader.request));
        reader.request.completions = 0;
        cancel_and_expect_it(reader.request);
    }
    EXPECT_EQ(world().send(client, "kept"), 4);
    EXPECT_EQ(world().run(reader.request), 4);
    EXPECT_EQ(reader.bytes.substr(0, 4), "kept");
    close(client, server);
}

TEST_P(Cancel, after_the_bytes_arrived_loses_none) {
    auto [client, server] = world().pair();
    for (int round = 0; round < 100; ++round) {
        Reader reader{server};
        ASSERT_FALSE(world()->start(reader.request));
        if (round % 2 == 0) world()->wait(Time::min());  // with the kernel already, or not yet
        const std::string text = "message " + std::to_string(round);
        EXPECT_EQ(world().send_all(client, text), 0);
        world()->cancel(reader.request);
        world().finish(reader.request);
        std::string got;
        if (reader.request.result >= 0) {
            got = reader.bytes.substr(0, static_cast<std::size_t>(reader.request.result));
        } else {
            ASSERT_EQ(reader.request.result, -ECANCELED);
        }
        got += world().receive_exactly(server, text.size() - got.size());
        ASSERT_EQ(got, text);
    }
    close(client, server);
}

TEST_P(Cancel, the_answer_does_not_wait_for_the_deadline) {
    auto [client, server] = world().pair();
    Reader reader{server};
    ASSERT_FALSE(world()->start(reader.request));
    world()->cancel(reader.request);
    const Time start = world()->now();
    while (reader.request.in_flight) world()->wait(start + 1h);
    EXPECT_LT(world()->now() - start, 1min);
    close(client, server);
}

TEST_P(Cancel, the_first_of_two_readers_leaves_the_second) {
    auto [client, server] = world().pair();
    Reader first{server};
    Reader second{server};
    Reader third{server};
    ASSERT_FALSE(world()->start(first.request));
    ASSERT_FALSE(world()->start(second.request));
    ASSERT_FALSE(world()->start(third.request));
    cancel_and_expect_it(first.request);
    cancel_and_expect_it(second.request);
    EXPECT_EQ(world().send(client, "x"), 1);
    world().finish(third.request);
    EXPECT_EQ(third.request.result, 1);
    close(client, server);
}

TEST_P(Cancel, an_accept_loses_no_connection) {
    const int listening = world().listener();
    for (int round = 0; round < 20; ++round) {
        Request accept{OperationKind::accept, listening};
        ASSERT_FALSE(world()->start(accept));
        if (round % 2 == 0) world()->wait(Time::min());
        const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
        Request connect{OperationKind::connect, client};
        Address address = world().local_address(listening);
        connect.address = &address.storage;
        connect.address_length = address.length;
        const bool is_connected = world()->start(connect);
        world()->cancel(accept);
        world().finish(accept);
        if (!is_connected) world().finish(connect);
        EXPECT_EQ(connect.result, 0);
        const int server = accept.result >= 0 ? static_cast<int>(accept.result) : world().accept(listening);
        ASSERT_GE(server, 0);
        EXPECT_EQ(world().send(client, "hello"), 5);
        EXPECT_EQ(world().receive(server).second, "hello");
        close(client, server);
    }
    close(listening);
}

TEST_P(Cancel, an_accept_and_then_another) {
    const int listening = world().listener();
    Request accept{OperationKind::accept, listening};
    ASSERT_FALSE(world()->start(accept));
    cancel_and_expect_it(accept);
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(world().connect(client, world().local_address(listening)), 0);
    const int server = world().accept(listening);
    close(listening, client, server);
}

TEST_P(Cancel, a_send_that_waits_sends_nothing) {
    auto [client, server] = world().pair();
    const std::size_t buffered = world().fill(client);
    std::string text = "never sent";
    Request request{OperationKind::send, client};
    request.buffer = text.data();
    request.size = text.size();
    ASSERT_FALSE(world()->start(request));
    cancel_and_expect_it(request);
    EXPECT_EQ(world()->shutdown(client, SHUT_WR), 0);
    EXPECT_EQ(world().receive_exactly(server, buffered + 100).size(), buffered);
    close(client, server);
}

TEST_P(Cancel, a_send_behind_another_leaves_the_order) {
    auto [client, server] = world().pair();
    const std::size_t buffered = world().fill(client);
    std::string letters = "abc";
    Request requests[3];
    for (std::size_t i = 0; i < 3; ++i) {
        requests[i].kind = OperationKind::send;
        requests[i].descriptor = client;
        requests[i].buffer = &letters[i];
        requests[i].size = 1;
        ASSERT_FALSE(world()->start(requests[i]));
    }
    cancel_and_expect_it(requests[1]);
    EXPECT_EQ(world().receive_exactly(server, buffered).size(), buffered);
    world().finish(requests[0]);
    world().finish(requests[2]);
    EXPECT_EQ(world().receive_exactly(server, 2), "ac");
    close(client, server);
}

TEST_P(Cancel, messages_are_cancelled_as_bytes_are) {
    const int one = world().datagram_socket();
    char bytes[16] = {};
    iovec part{bytes, sizeof bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Request request{OperationKind::receive_message, one};
    request.message = &message;
    ASSERT_FALSE(world()->start(request));
    cancel_and_expect_it(request);
    close(one);
}

TEST_P(Cancel, a_poll_lets_go_of_its_descriptor_at_once) {
    auto [client, server] = world().pair();
    Request request{OperationKind::poll, server};
    request.events = POLLIN;
    ASSERT_FALSE(world()->start(request));
    cancel_and_expect_it(request);
    request.completions = 0;
    ASSERT_FALSE(world()->start(request));
    world()->wait(Time::min());
    cancel_and_expect_it(request);
    close(client, server);
}

TEST_P(Cancel, a_connect_then_close) {
    const int listening = world().listener();
    const int client = world()->open_socket(AF_INET, SOCK_STREAM, 0);
    Request request{OperationKind::connect, client};
    Address address = world().local_address(listening);
    request.address = &address.storage;
    request.address_length = address.length;
    if (!world()->start(request)) {
        world()->cancel(request);
        world().finish(request);
    }
    // A connect on the loopback can be over before anybody can cancel it.
    EXPECT_TRUE(request.result == -ECANCELED || request.result == 0) << request.result;
    EXPECT_LE(request.completions, 1);
    close(client, listening);
}

TEST_P(Cancel, what_was_never_started_has_no_effect) {
    Request request{OperationKind::receive, 0};
    world()->cancel(request);
    world()->wait(Time::min());
    EXPECT_EQ(request.completions, 0);
}

/// Cancels another operation from inside its own completion.
class Assassin final : public Operation {
public:
    Backend* backend = nullptr;
    Operation* victim = nullptr;
    char byte = 0;

    void completed() noexcept override { backend->cancel(*victim); }
};

TEST_P(Cancel, from_inside_a_completion_of_what_has_just_ended_too) {
    auto [client, server] = world().pair();
    auto [other_client, other_server] = world().pair();
    Assassin assassin;
    assassin.kind = OperationKind::receive;
    assassin.descriptor = server;
    assassin.buffer = &assassin.byte;
    assassin.size = 1;
    Reader victim{other_server};
    assassin.backend = &*world();
    assassin.victim = &victim.request;
    ASSERT_FALSE(world()->start(assassin));
    ASSERT_FALSE(world()->start(victim.request));
    world()->wait(Time::min());
    EXPECT_EQ(world().send(client, "x"), 1);
    EXPECT_EQ(world().send(other_client, "y"), 1);
    world().finish(victim.request);
    EXPECT_EQ(victim.request.completions, 1);
    // Its byte is in the result or still in the socket.
    if (victim.request.result == -ECANCELED) {
        EXPECT_EQ(world().receive(other_server).second, "y");
    } else {
        EXPECT_EQ(victim.request.result, 1);
        EXPECT_EQ(victim.bytes[0], 'y');
    }
    close(client, server, other_client, other_server);
}

/// Lives on the heap with its buffer, and frees both as soon as it may.
class Ephemeral final : public Operation {
public:
    explicit Ephemeral(int descriptor_of, int& count) : bytes_(4096, '\0'), count_{count} {
        kind = OperationKind::receive;
        descriptor = descriptor_of;
        buffer = bytes_.data();
        size = bytes_.size();
    }

    void completed() noexcept override {
        ++count_;
        const std::unique_ptr<Ephemeral> self{this};
    }

private:
    std::string bytes_;
    int& count_;
};

TEST_P(Cancel, memory_is_free_once_completed) {
    auto [client, server] = world().pair();
    int count = 0;
    for (int round = 0; round < 200; ++round) {
        auto operation = std::make_unique<Ephemeral>(server, count);
        ASSERT_FALSE(world()->start(*operation));
        Operation& started = *operation.release();
        if (round % 3 == 0) world()->wait(Time::min());
        if (round % 2 == 0) {
            world()->cancel(started);
        } else {
            ASSERT_EQ(world().send(client, "z"), 1);
        }
        while (count <= round) world()->wait(world()->now() + 1s);
    }
    EXPECT_EQ(count, 200);
    close(client, server);
}

TEST_P(Cancel, ten_thousand_operations_in_flight) {
    auto [client, server] = world().pair();
    const int quiet = world().datagram_socket();
    std::vector<std::unique_ptr<Request>> requests;
    char bytes[1] = {};
    for (int i = 0; i < 10'000; ++i) {
        const bool is_poll = i % 2 == 0;
        requests.push_back(
            std::make_unique<Request>(is_poll ? OperationKind::poll : OperationKind::receive, is_poll ? server : quiet));
        requests.back()->events = POLLIN;
        requests.back()->buffer = bytes;
        requests.back()->size = 1;
        ASSERT_FALSE(world()->start(*requests.back()));
    }
    EXPECT_EQ(world()->in_flight(), 10'000U);
    EXPECT_EQ(world().send(client, "x"), 1);
    while (world()->in_flight() > 5'000) world()->wait(world()->now() + 1s);
    for (const auto& request : requests) world()->cancel(*request);
    while (world()->in_flight() > 0) world()->wait(world()->now() + 1s);
    for (const auto& request : requests) {
        ASSERT_EQ(request->completions, 1);
        ASSERT_EQ(request->result, request->kind == OperationKind::poll ? POLLIN : -ECANCELED);
    }
    close(client, server, quiet);
}

GYRE_ON_EVERY_BACKEND(Cancel);

}  // namespace

}  // namespace gyre::backend::testing
