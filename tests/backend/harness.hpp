#pragma once

#include <gyre/backend/backend.hpp>
#include <gyre/backend/sim.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace gyre::backend::testing {

using namespace std::chrono_literals;

/// An operation that counts how often it was told of its end.
class Request final : public Operation {
public:
    int completions = 0;

    Request() = default;
    Request(OperationKind what, int descriptor_of) {
        kind = what;
        descriptor = descriptor_of;
    }

    void completed() noexcept override { ++completions; }
};

struct Address {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);

    [[nodiscard]] auto port() const -> int {
        return storage.ss_family == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port)
                                             : ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
    }
};

inline auto loopback(int port = 0) -> Address {
    Address address;
    auto& internet = reinterpret_cast<sockaddr_in&>(address.storage);
    internet.sin_family = AF_INET;
    internet.sin_port = htons(static_cast<std::uint16_t>(port));
    internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof internet;
    return address;
}

inline auto loopback6(int port = 0) -> Address {
    Address address;
    auto& internet = reinterpret_cast<sockaddr_in6&>(address.storage);
    internet.sin6_family = AF_INET6;
    internet.sin6_port = htons(static_cast<std::uint16_t>(port));
    internet.sin6_addr = in6addr_loopback;
    address.length = sizeof internet;
    return address;
}

/// An abstract Unix address if `path` starts with '@', else a path.
inline auto unix_address(std::string_view path) -> Address {
    Address address;
    auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path.data(), path.size());
    if (path.front() == '@') local.sun_path[0] = '\0';
    address.length = static_cast<socklen_t>(
        offsetof(sockaddr_un, sun_path) + path.size() + (path.front() == '@' ? 0 : 1));
    return address;
}

/// One backend and what most tests do with it. Everything still open is closed at the end, and must be counted.
class World {
public:
    explicit World(std::string_view name, SimOptions options = {})
        : backend_{name == "sim" ? make_sim_backend(options) : make_backend(name)} {}
    explicit World(std::unique_ptr<Backend> backend) : backend_{std::move(backend)} {}

    [[nodiscard]] auto operator->() const -> Backend* { return backend_.get(); }
    [[nodiscard]] auto operator*() const -> Backend& { return *backend_; }
    [[nodiscard]] auto is_sim() const -> bool { return backend_->name() == "sim"; }
    void destroy() { backend_.reset(); }

    /// Waits until an operation that was started has ended, at most some seconds.
    void finish(Operation& operation) {
        const Time limit = backend_->now() + 10s;
        while (operation.in_flight && backend_->now() < limit) backend_->wait(limit);
        EXPECT_FALSE(operation.in_flight) << "did not end in time";
        backend_->cancel(operation);  // so that the failed test leaves nothing behind on its stack
        while (operation.in_flight) backend_->wait(backend_->now() + 10s);
    }

    /// Starts an operation and waits for its end. @return the result.
    auto run(Operation& operation) -> std::int64_t {
        if (!backend_->start(operation)) finish(operation);
        return operation.result;
    }

    /// Turns the loop for a moment: long enough for what has been sent to arrive.
    void settle() {
        const Time limit = backend_->now() + 5ms;
        while (backend_->now() < limit) backend_->wait(limit);
    }

    auto receive(int descriptor, std::size_t size = 4096) -> std::pair<std::int64_t, std::string> {
        std::string buffer(size, '\0');
        Request request{OperationKind::receive, descriptor};
        request.buffer = buffer.data();
        request.size = buffer.size();
        const std::int64_t result = run(request);
        buffer.resize(result > 0 ? static_cast<std::size_t>(result) : 0);
        return {result, buffer};
    }

    auto receive_exactly(int descriptor, std::size_t size) -> std::string {
        std::string all;
        while (all.size() < size) {
            auto [result, bytes] = receive(descriptor, size - all.size());
            if (result <= 0) break;
            all += bytes;
        }
        return all;
    }

    auto send(int descriptor, std::string_view text) -> std::int64_t {
        Request request{OperationKind::send, descriptor};
        std::string copy{text};
        request.buffer = copy.data();
        request.size = copy.size();
        return run(request);
    }

    auto send_all(int descriptor, std::string_view text) -> std::int64_t {
        while (!text.empty()) {
            const std::int64_t result = send(descriptor, text);
            if (result <= 0) return result;
            text.remove_prefix(static_cast<std::size_t>(result));
        }
        return 0;
    }

    auto connect(int descriptor, Address address) -> std::int64_t {
        Request request{OperationKind::connect, descriptor};
        request.address = &address.storage;
        request.address_length = address.length;
        return run(request);
    }

    auto accept(int listener) -> int {
        Request request{OperationKind::accept, listener};
        return static_cast<int>(run(request));
    }

    [[nodiscard]] auto local_address(int descriptor) -> Address {
        Address address;
        EXPECT_EQ(backend_->local_address(descriptor, address.storage, address.length), 0);
        return address;
    }

    [[nodiscard]] auto listener(const Address& address = loopback(), int backlog = 128) -> int {
        const int descriptor = backend_->open_socket(address.storage.ss_family, SOCK_STREAM, 0);
        EXPECT_GE(descriptor, 0);
        EXPECT_EQ(backend_->bind(descriptor, address.storage, address.length), 0);
        EXPECT_EQ(backend_->listen(descriptor, backlog), 0);
        return descriptor;
    }

    /// A connected pair of TCP sockets: {the one that connected, the one that was accepted}.
    [[nodiscard]] auto pair() -> std::pair<int, int> {
        const int listening = listener();
        const int client = backend_->open_socket(AF_INET, SOCK_STREAM, 0);
        // Fixed sizes: a kernel that grows its buffers as it sees fit makes "full" a moving mark.
        const int size = 32'768;
        EXPECT_EQ(backend_->set_option(listening, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
        EXPECT_EQ(backend_->set_option(client, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
        EXPECT_EQ(backend_->set_option(client, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
        EXPECT_EQ(connect(client, local_address(listening)), 0);
        const int server = accept(listening);
        EXPECT_GE(server, 0);
        backend_->close(listening);
        return {client, server};
    }

    [[nodiscard]] auto datagram_socket() -> int {
        const int descriptor = backend_->open_socket(AF_INET, SOCK_DGRAM, 0);
        const Address address = loopback();
        EXPECT_EQ(backend_->bind(descriptor, address.storage, address.length), 0);
        return descriptor;
    }

    /// Sends until the connection takes no more, not even a byte. @return how many bytes it took.
    auto fill(int descriptor) -> std::size_t {
        const std::string block(65'536, 'x');
        std::size_t total = 0;
        for (std::size_t before = 1; total != before;) {
            // A busy kernel passes on late what it took, and then has room for some more.
            while (is_under_way(descriptor)) std::this_thread::yield();
            before = total;
            for (const std::size_t size : {block.size(), std::size_t{1}}) {
                while (const std::size_t taken = send_unless_stuck(descriptor, block.substr(0, size))) total += taken;
            }
        }
        return total;
    }

private:
    /// Whether the kernel has sent some of this connection's bytes that the other end has not acknowledged.
    [[nodiscard]] auto is_under_way(int descriptor) const -> bool {
        if (is_sim()) return false;
        tcp_info info{};
        socklen_t size = sizeof info;
        return ::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_unacked > 0;
    }

    auto send_unless_stuck(int descriptor, std::string block) -> std::size_t {
        Request request{OperationKind::send, descriptor};
        request.buffer = block.data();
        request.size = block.size();
        if (!backend_->start(request)) {
            settle();
            backend_->cancel(request);
            finish(request);
        }
        return request.result > 0 ? static_cast<std::size_t>(request.result) : 0;
    }

    std::unique_ptr<Backend> backend_;
};

/// Runs each test of a theme on every backend that this machine has.
class Conformance : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        try {
            world_ = std::make_unique<World>(GetParam());
        } catch (const std::system_error& error) {
            GTEST_SKIP() << error.what();
        }
    }

    void TearDown() override {
        if (world_ == nullptr || world_->operator->() == nullptr) return;
        EXPECT_EQ((*world_)->in_flight(), 0U);
        EXPECT_EQ((*world_)->open_descriptors(), 0U) << "a descriptor was not closed, or not counted";
    }

    [[nodiscard]] auto world() -> World& { return *world_; }
    [[nodiscard]] auto is_sim() const -> bool { return GetParam() == "sim"; }

    template<class... Descriptor>
    void close(Descriptor... descriptors) {
        (world()->close(descriptors), ...);
    }

private:
    std::unique_ptr<World> world_;
};

/// The same, for what only a real kernel has: pipes and foreign descriptors.
class KernelConformance : public Conformance {};

}  // namespace gyre::backend::testing

#define GYRE_ON_EVERY_BACKEND(suite) \
    INSTANTIATE_TEST_SUITE_P(        \
        All, suite, ::testing::Values("epoll", "io_uring", "sim"), [](const auto& test) { return test.param; })

#define GYRE_ON_KERNEL_BACKENDS(suite) \
    INSTANTIATE_TEST_SUITE_P(          \
        Kernel, suite, ::testing::Values("epoll", "io_uring"), [](const auto& test) { return test.param; })
