// Sockets that listen already: taken over by their descriptors, and handed to a program by whoever starts it.
#include "connected.hpp"
#include "support/loops.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/os/process.hpp>

#include <fcntl.h>

#include <cstdlib>

namespace gyre::testing {
namespace {

using process::Command;

/// A socket of the loop's backend that is bound to a free port of 127.0.0.1, as another program could have opened it.
auto bound_socket(int type) -> int {
    auto& backend = this_loop().backend();
    const int descriptor = backend.open_socket(AF_INET, type, 0);
    const auto address = net::Address::from_ip("127.0.0.1", 0);
    EXPECT_EQ(backend.bind(descriptor, address.storage(), address.length()), 0);
    return descriptor;
}

auto refusal_of(int descriptor) -> std::string {
    return error_of([&] { static_cast<void>(net::adopt_listener(descriptor)); });
}

class Adopting : public OnLoops {};
GYRE_ON_LOOPS(Adopting);

TEST_P(Adopting, a_socket_that_listens_accepts_from_now_on) {
    run([]() -> Task<> {
        auto& backend = this_loop().backend();
        const int descriptor = bound_socket(SOCK_STREAM);
        EXPECT_EQ(backend.listen(descriptor, 16), 0);
        const auto before = backend.open_descriptors();
        {
            auto listener = net::adopt_listener(descriptor);
            EXPECT_NE(listener.local_address().port(), 0);
            auto client = co_await net::connect(listener.local_address());
            auto server = co_await listener.accept();
            co_await client.write(std::string_view("hello"));
            const auto text = co_await server.read_exactly(5);
            EXPECT_EQ(text, "hello");
            EXPECT_EQ(server.peer_address(), client.local_address());
        }
        EXPECT_EQ(backend.open_descriptors(), before - 1) << "it is closed with its listener";
    });
}

TEST_P(Adopting, what_does_not_listen_is_refused_and_stays_open) {
    run([]() -> Task<> {
        auto& backend = this_loop().backend();
        for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
            const int descriptor = bound_socket(type);
            EXPECT_EQ(refusal_of(descriptor),
                "listen descriptor " + std::to_string(descriptor) + ": it is no stream socket that listens");
            if (type == SOCK_STREAM) {
                EXPECT_EQ(backend.listen(descriptor, 16), 0);
                EXPECT_EQ(refusal_of(descriptor), "nothing") << "now it listens";
            } else {
                backend.close(descriptor);
            }
        }
        EXPECT_EQ(refusal_of(-1), "listen descriptor -1: Bad file descriptor");
        co_return;
    });
}

TEST_P(Adopting, needs_a_loop) { EXPECT_NE(refusal_of(0), "nothing"); }

/// Sets variables of the environment, and takes them back.
class Environment {
public:
    explicit Environment(std::vector<std::pair<std::string, std::string>> values) : values_(std::move(values)) {
        for (const auto& [name, value] : values_) ::setenv(name.c_str(), value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    auto operator=(const Environment&) -> Environment& = delete;
    ~Environment() {
        for (const auto& [name, value] : values_) ::unsetenv(name.c_str());
    }

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

auto inherited_with(std::vector<std::pair<std::string, std::string>> values) -> std::string {
    const Environment environment(std::move(values));
    return error_of([] { EXPECT_TRUE(net::inherited_sockets().empty()); });
}

TEST(InheritedSockets, are_for_one_process_and_a_number) {
    if (std::getenv("LISTEN_FDS") != nullptr) return;  // started by the test below
    const auto own = std::to_string(::getpid());
    const auto other = std::to_string(::getppid());
    EXPECT_EQ(inherited_with({}), "nothing");
    EXPECT_EQ(inherited_with({{"LISTEN_PID", own}}), "nothing");
    EXPECT_EQ(inherited_with({{"LISTEN_FDS", "1"}}), "nothing");
    EXPECT_EQ(inherited_with({{"LISTEN_PID", other}, {"LISTEN_FDS", "1"}}), "nothing");
    EXPECT_EQ(inherited_with({{"LISTEN_PID", own}, {"LISTEN_FDS", "0"}}), "nothing");
    for (const std::string wrong : {"-1", "1025", "1x", "99999999999"}) {
        EXPECT_EQ(inherited_with({{"LISTEN_PID", own}, {"LISTEN_FDS", wrong}}),
            "inherited_sockets LISTEN_FDS: it is \"" + wrong + "\", which is no number from 0 to 1024");
    }
    const auto closed = inherited_with({{"LISTEN_PID", own}, {"LISTEN_FDS", "1024"}});
    EXPECT_TRUE(closed.ends_with(": Bad file descriptor")) << closed;
}

auto greet_one() -> Task<> {
    const auto sockets = net::inherited_sockets();
    auto listener = net::adopt_listener(sockets.at(1).descriptor);
    auto stream = co_await listener.accept();
    std::string text;
    for (const auto& socket : sockets) {
        const int flags = ::fcntl(socket.descriptor, F_GETFD);  // seam: the test looks at its own descriptors
        text += socket.name + (flags == FD_CLOEXEC ? " " : "? ");
    }
    co_await stream.write(text);
    co_await stream.close();
}

TEST(InheritedSockets, child_greets_who_connects) {
    if (std::getenv("LISTEN_FDS") == nullptr) return;  // the program that the test below starts
    gyre::run(greet_one);
}

class Inheriting : public OnKernel {};
GYRE_ON_KERNEL(Inheriting);

TEST_P(Inheriting, a_program_serves_on_what_it_was_started_with) {
    run([]() -> Task<> {
        auto& backend = this_loop().backend();
        const int other = bound_socket(SOCK_DGRAM);
        const int descriptor = bound_socket(SOCK_STREAM);
        EXPECT_EQ(backend.listen(descriptor, 16), 0);
        // The shell has the number that the program will have.
        Command command("sh", "-c",
            "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=other:web; exec \"$0\" "
            "--gtest_filter=InheritedSockets.child_greets_who_connects",
            "/proc/" + std::to_string(::getpid()) + "/exe");
        command.pass(other, 3).pass(descriptor, 4).output(process::Stdio::null);
        auto child = co_await command.spawn();
        // It is the parent's no more; who connects before the child accepts waits in the kernel's queue.
        const auto address = net::adopt_listener(descriptor).local_address();
        backend.close(other);
        auto stream = co_await net::connect(address);
        const auto text = co_await stream.read_all();
        EXPECT_EQ(text, "other web ");
        const auto status = co_await child.wait();
        EXPECT_TRUE(status.success());
    });
}

}  // namespace
}  // namespace gyre::testing
