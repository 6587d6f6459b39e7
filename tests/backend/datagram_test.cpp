// What every backend promises of datagrams.

#include "harness.hpp"

#include <unistd.h>

namespace gyre::backend::testing {

namespace {

class Datagram : public Conformance {
protected:
    auto send_to(int descriptor, std::string text, Address target) -> std::int64_t {
        iovec part{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_name = &target.storage;
        message.msg_namelen = target.length;
        Request request{OperationKind::send_message, descriptor};
        request.message = &message;
        return world().run(request);
    }

    struct Received {
        std::int64_t result;
        std::string text;
        Address sender;
        int flags;
    };

    auto receive_from(int descriptor, std::size_t size = 2048, int flags = 0) -> Received {
        Received received{};
        received.text.resize(size);
        iovec part{received.text.data(), size};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_name = &received.sender.storage;
        message.msg_namelen = sizeof received.sender.storage;
        Request request{OperationKind::receive_message, descriptor};
        request.message = &message;
        request.flags = flags;
        received.result = world().run(request);
        if (received.result >= 0) received.text.resize(std::min(size, static_cast<std::size_t>(received.result)));
        received.flags = message.msg_flags;
        return received;
    }
};

TEST_P(Datagram, arrives_whole_with_its_sender) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    EXPECT_EQ(send_to(one, "first", world().local_address(two)), 5);
    EXPECT_EQ(send_to(one, "second", world().local_address(two)), 6);
    const auto first = receive_from(two);
    EXPECT_EQ(first.text, "first");
    EXPECT_EQ(first.sender.port(), world().local_address(one).port());
    EXPECT_EQ(receive_from(two).text, "second");
    close(one, two);
}

TEST_P(Datagram, many_arrive_in_order) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 5; ++i) ASSERT_EQ(send_to(one, std::to_string(i), world().local_address(two)), 1);
        for (int i = 0; i < 5; ++i) ASSERT_EQ(receive_from(two).text, std::to_string(i));
    }
    close(one, two);
}

TEST_P(Datagram, is_cut_to_the_buffer_and_says_so) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    EXPECT_EQ(send_to(one, "too long for it", world().local_address(two)), 15);
    const auto received = receive_from(two, 3);
    EXPECT_EQ(received.result, 3);
    EXPECT_EQ(received.text, "too");
    EXPECT_EQ(received.flags & MSG_TRUNC, MSG_TRUNC);
    EXPECT_EQ(send_to(one, "next", world().local_address(two)), 4);
    EXPECT_EQ(receive_from(two).text, "next") << "the rest is gone, not the next one";
    close(one, two);
}

TEST_P(Datagram, the_true_length_is_told_on_request) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    EXPECT_EQ(send_to(one, "twelve bytes", world().local_address(two)), 12);
    EXPECT_EQ(receive_from(two, 3, MSG_TRUNC).result, 12);
    close(one, two);
}

TEST_P(Datagram, may_be_empty) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    EXPECT_EQ(send_to(one, "", world().local_address(two)), 0);
    EXPECT_EQ(receive_from(two).result, 0);
    close(one, two);
}

TEST_P(Datagram, a_connected_socket_needs_no_address) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    EXPECT_EQ(world().connect(one, world().local_address(two)), 0);
    EXPECT_EQ(world().send(one, "hello"), 5);
    EXPECT_EQ(world().receive(two).second, "hello");
    close(one, two);
}

TEST_P(Datagram, a_connected_socket_hears_only_its_peer) {
    const int one = world().datagram_socket();
    const int two = world().datagram_socket();
    const int stranger = world().datagram_socket();
    EXPECT_EQ(world().connect(one, world().local_address(two)), 0);
    EXPECT_EQ(send_to(stranger, "psst", world().local_address(one)), 4);
    EXPECT_EQ(send_to(two, "hello", world().local_address(one)), 5);
    EXPECT_EQ(world().receive(one).second, "hello");
    close(one, two, stranger);
}

TEST_P(Datagram, a_connected_socket_learns_that_nobody_is_there) {
    const int gone = world().datagram_socket();
    const Address address = world().local_address(gone);
    close(gone);
    const int one = world().datagram_socket();
    EXPECT_EQ(world().connect(one, address), 0);
    EXPECT_EQ(world().send(one, "anybody?"), 8);
    EXPECT_EQ(world().receive(one).first, -ECONNREFUSED);
    close(one);
}

TEST_P(Datagram, without_an_address_is_an_error) {
    const int one = world().datagram_socket();
    EXPECT_EQ(world().send(one, "to whom?"), -EDESTADDRREQ);
    close(one);
}

TEST_P(Datagram, too_long_is_an_error) {
    const int one = world().datagram_socket();
    EXPECT_EQ(send_to(one, std::string(70'000, 'x'), world().local_address(one)), -EMSGSIZE);
    close(one);
}

TEST_P(Datagram, unix_datagrams_work) {
    const auto bound = [&](std::string_view name) {
        const int descriptor = world()->open_socket(AF_UNIX, SOCK_DGRAM, 0);
        const Address address = unix_address(
            "@gyre-datagram-" + std::to_string(::getpid()) + GetParam() + std::string{name});
        EXPECT_EQ(world()->bind(descriptor, address.storage, address.length), 0);
        return descriptor;
    };
    const int one = bound("one");
    const int two = bound("two");
    EXPECT_EQ(send_to(one, "local", world().local_address(two)), 5);
    const auto received = receive_from(two);
    EXPECT_EQ(received.text, "local");
    EXPECT_EQ(received.sender.storage.ss_family, AF_UNIX);
    close(one, two);
}

GYRE_ON_EVERY_BACKEND(Datagram);

}  // namespace

}  // namespace gyre::backend::testing
