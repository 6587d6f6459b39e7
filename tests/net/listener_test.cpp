#include <gyre/net/listener.hpp>

#include "connected.hpp"
#include "support/loops.hpp"

#include <gyre/backend/backend.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace gyre::testing {
namespace {

using Listening = OnLoops;
GYRE_ON_LOOPS(Listening);

TEST_P(Listening, an_address_that_is_taken_is_named) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        const auto text = co_await failure_of(net::listen("127.0.0.1", address.port()));
        EXPECT_EQ(text, "listen " + address.text() + ": Address already in use");
    });
}

TEST_P(Listening, everywhere_hears_ipv4) {
    run([]() -> Task<> {
        for (const auto* host : {"", "*"}) {
            auto listener = co_await net::listen(host, 0);
            const auto port = listener.local_address().port();
            auto stream = co_await net::connect("127.0.0.1", port);
            auto accepted = co_await listener.accept();
            EXPECT_EQ(accepted.peer_address(), stream.local_address()) << "it is IPv4, for a listener of both too";
            EXPECT_EQ(accepted.peer_address().ip(), "127.0.0.1");
            EXPECT_EQ(accepted.local_address().text(), "127.0.0.1:" + std::to_string(port));
        }
    });
}

TEST_P(Listening, after_hold_off_those_who_came_are_accepted_and_nobody_else) {
    const bool is_simulated = GetParam() == "sim";
    run([&]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        auto early = co_await net::connect(address);
        listener.hold_off();
        listener.hold_off();
        auto accepted = co_await listener.accept();
        EXPECT_EQ(accepted.peer_address(), early.local_address());
        // The kernel tries again after a second.
        const auto late = co_await move_on_after(std::chrono::milliseconds(30), net::connect(address));
        EXPECT_EQ(late.has_value(), is_simulated) << "a simulation has no segments that could be dropped";
        listener.close();
        listener.hold_off();
    });
}

TEST_P(Listening, a_cancelled_accept_loses_no_connection) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        for (int i = 0; i < 30; ++i) {
            auto accepting = spawn(listener.accept());
            if (i % 2 == 0) co_await all_blocked();
            auto client = co_await net::connect(address);
            if (i % 3 == 0) co_await all_blocked();
            accepting.cancel();
            auto outcome = co_await as_outcome(accepting.join());
            if (outcome.has_value()) continue;
            auto later = co_await listener.accept();
            EXPECT_EQ(later.peer_address(), client.local_address());
        }
    });
}

TEST_P(Listening, a_moved_listener_listens_and_a_closed_one_does_not) {
    run([]() -> Task<> {
        auto first = co_await net::listen("127.0.0.1", 0);
        net::Listener second = std::move(first);
        EXPECT_EQ(
            error_of([&] { static_cast<void>(first.accept()); }), "accept: this Listener is closed, or was moved from");
        const auto address = second.local_address();
        auto stream = co_await net::connect(address);
        second.close();
        second.close();
        const auto text = co_await failure_of(second.accept());
        EXPECT_EQ(text, "accept " + address.text() + ": closed on this side");
    });
}

using Serving = OnLoops;
GYRE_ON_LOOPS(Serving);

TEST_P(Serving, an_error_ends_one_connection_and_is_reported_with_its_peer) {
    run([]() -> Task<> {
        std::vector<std::string> errors;
        this_loop().set_exception_handler([&](const ErrorContext& context) {
            EXPECT_EQ(context.origin, ErrorOrigin::connection);
            errors.push_back(context.text());
        });
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        std::string peer;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            net::ConnectionHandler handler = [](net::Stream stream) -> Task<> {
                auto line = co_await stream.read_line();
                if (*line == "throw") throw std::runtime_error("bad line");
                co_await stream.write("fine");
            };
            auto server = group.spawn(net::serve(std::move(listener), std::move(handler)));
            auto bad = co_await net::connect(address);
            peer = bad.local_address().text();
            auto good = co_await net::connect(address);
            co_await bad.write("throw\n");
            const auto nothing = co_await bad.read_all();
            EXPECT_EQ(nothing, "");
            co_await good.write("x\n");
            const auto fine = co_await good.read_all();
            EXPECT_EQ(fine, "fine");
            server.cancel();
        });
        EXPECT_EQ(errors, std::vector<std::string>{"connection " + peer + ": bad line"});
        const auto text = co_await failure_of(net::connect(address));
        EXPECT_EQ(text, "connect " + address.text() + ": Connection refused") << "the listener is closed";
    });
}

TEST_P(Serving, handlers_are_cancelled_with_the_server_and_waited_for) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        bool cleaned = false;
        auto handle = [&](net::Stream stream) -> Task<> {
            co_await try_finally([&]() -> Task<> { co_await stream.read_all(); },
                [&]() -> Task<> {
                    co_await sleep(5ms);
                    cleaned = true;
                });
        };
        net::ConnectionHandler handler = handle;
        auto server = spawn(net::serve(std::move(listener), std::move(handler)));
        auto client = co_await net::connect(address);
        co_await all_blocked();
        server.cancel("enough");
        const auto outcome = co_await as_outcome(server.join());
        EXPECT_TRUE(server.cancelled());
        EXPECT_TRUE(cleaned);
        const auto end = co_await client.read_all();
        EXPECT_EQ(end, "");
    });
}

TEST_P(Serving, beyond_the_limit_accepting_pauses) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto address = listener.local_address();
        int inside = 0;
        int most = 0;
        net::ConnectionHandler handler = [&](net::Stream stream) -> Task<> {
            most = std::max(most, ++inside);
            auto line = co_await stream.read_line();
            --inside;
            co_await stream.write("done");
        };
        net::ServeOptions options;
        options.max_connections = 2;
        auto server = spawn(net::serve(std::move(listener), std::move(handler), options));
        std::vector<net::Stream> clients;
        for (int i = 0; i < 6; ++i) {
            auto client = co_await net::connect(address);
            clients.push_back(std::move(client));
        }
        co_await all_blocked();
        EXPECT_EQ(inside, 2);
        for (auto& client : clients) {
            co_await client.write("go\n");
            const auto done = co_await client.read_all();
            EXPECT_EQ(done, "done");
        }
        EXPECT_EQ(most, 2);
        server.cancel();
        static_cast<void>(co_await as_outcome(server.join()));
    });
}

auto serves_two() -> Task<> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto address = listener.local_address();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        net::ConnectionHandler handler = [](net::Stream stream) -> Task<> {
            auto line = co_await stream.read_line();
            co_await stream.write(*line);
        };
        net::ServeOptions options;
        options.max_connections = 1;
        auto server = group.spawn(net::serve(std::move(listener), std::move(handler), options));
        for (int i = 0; i < 2; ++i) {
            auto client = co_await net::connect(address);
            co_await client.write("hi\n");
            const auto text = co_await client.read_all();
            EXPECT_EQ(text, "hi");
        }
        server.cancel();
    });
}

TEST(ServingLifetime, survives_cancellation_anywhere) { CancelEverywhere(serves_two).run(); }

/// A loop whose process has no descriptor left for a while.
class Shortage {
public:
    Shortage() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit tight = before_;
        const int next = ::dup(0);
        ::close(next);
        tight.rlim_cur = static_cast<rlim_t>(next);
        ::setrlimit(RLIMIT_NOFILE, &tight);
    }
    Shortage(const Shortage&) = delete;
    auto operator=(const Shortage&) -> Shortage& = delete;
    ~Shortage() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

using ListeningShort = OnKernel;
GYRE_ON_KERNEL(ListeningShort);

TEST_P(ListeningShort, of_descriptors_it_waits_and_tries_again) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto client = co_await net::connect(listener.local_address());
        std::optional<Shortage> shortage(std::in_place);
        auto accepting = spawn(listener.accept());
        co_await sleep(30ms);
        EXPECT_FALSE(accepting.done());
        shortage.reset();
        auto stream = co_await accepting;
        EXPECT_EQ(stream.peer_address(), client.local_address());
    });
}

using UnixSocket = OnLoops;
GYRE_ON_LOOPS(UnixSocket);

auto unix_path() -> std::string { return ::testing::TempDir() + "gyre-net-" + std::to_string(::getpid()) + ".sock"; }

auto exists(const std::string& path) -> bool {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0;
}

TEST_P(UnixSocket, connects_and_takes_its_path_along) {
    const std::string path = unix_path();
    run([&]() -> Task<> {
        {
            auto listener = co_await net::listen_unix(path);
            EXPECT_EQ(listener.local_address().text(), "unix:" + path);
            auto client = co_await net::connect_unix(path);
            auto server = co_await listener.accept();
            co_await client.write("x\n");
            const auto line = co_await server.read_line();
            EXPECT_EQ(*line, "x");
            EXPECT_EQ(server.peer_address().text(), "unix:");
        }
        const auto text = co_await failure_of(net::connect_unix(path));
        EXPECT_EQ(text, "connect unix:" + path + ": No such file or directory");
    });
    EXPECT_FALSE(exists(path));
}

TEST_P(UnixSocket, abstract_names_have_no_file) {
    run([]() -> Task<> {
        const std::string name = std::string(1, '\0') + "gyre-test-" + std::to_string(::getpid());
        auto listener = co_await net::listen_unix(name);
        auto client = co_await net::connect_unix(name);
        auto server = co_await listener.accept();
        EXPECT_EQ(client.peer_address().path(), name);
    });
}

TEST_P(UnixSocket, a_path_that_somebody_listens_on_is_taken) {
    const std::string path = unix_path();
    run([&]() -> Task<> {
        auto listener = co_await net::listen_unix(path);
        const auto text = co_await failure_of(net::listen_unix(path));
        EXPECT_EQ(text, "listen unix:" + path + ": Address already in use");
        auto client = co_await net::connect_unix(path);
    });
}

TEST_P(UnixSocket, a_path_that_is_too_long_is_refused) {
    run([]() -> Task<> {
        const std::string path(200, 'x');
        const auto text = co_await failure_of(net::listen_unix(path));
        EXPECT_EQ(text, "listen unix:" + path + ": Address: a Unix path has 1 to 107 bytes, not 200");
        const auto other = co_await failure_of(net::connect_unix(path));
        EXPECT_EQ(other, "connect unix:" + path + ": Address: a Unix path has 1 to 107 bytes, not 200");
    });
}

using UnixFile = OnKernel;
GYRE_ON_KERNEL(UnixFile);

TEST_P(UnixFile, a_stale_socket_is_replaced) {
    const std::string path = unix_path();
    run([&]() -> Task<> {
        const auto address = net::Address::from_path(path);
        auto& backend = this_loop().backend();
        const int stale = backend.open_socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(backend.bind(stale, address.storage(), address.length()), 0);
        backend.close(stale);
        EXPECT_TRUE(exists(path));
        auto listener = co_await net::listen_unix(path);
        auto client = co_await net::connect_unix(path);
    });
    EXPECT_FALSE(exists(path));
}

TEST_P(UnixFile, a_file_of_another_kind_stays) {
    const std::string path = unix_path();
    std::ofstream(path) << "mine";
    run([&]() -> Task<> {
        const auto text = co_await failure_of(net::listen_unix(path));
        EXPECT_EQ(text, "listen unix:" + path + ": Address already in use");
    });
    EXPECT_TRUE(exists(path));
    ::unlink(path.c_str());
}

TEST_P(UnixFile, a_path_that_is_no_longer_ours_stays) {
    const std::string path = unix_path();
    run([&]() -> Task<> {
        auto first = co_await net::listen_unix(path);
        ::rename(path.c_str(), (path + ".old").c_str());
        auto second = co_await net::listen_unix(path);
        first.close();
        EXPECT_TRUE(exists(path));
        auto client = co_await net::connect_unix(path);
    });
    EXPECT_FALSE(exists(path));
    ::unlink((path + ".old").c_str());
}

}  // namespace
}  // namespace gyre::testing
