// Connections that wait for a request, or for the rest of one: what they hold, and that nothing is lost by it.
#include "harness.hpp"

#include <gyre/core/sleep.hpp>

#include <arpa/inet.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace gyre::http {
namespace {

using namespace server_testing;

constexpr std::size_t idle_connections = 200;
/// What an idle connection takes from the allocator, beside its frames, some 1.2 KiB.
constexpr std::size_t most_bytes_each = 2'400;

/// A client of the kernel's alone: it takes no memory of the process.
class Plain {
public:
    explicit Plain(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    Plain(Plain&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    auto operator=(Plain&&) -> Plain& = delete;
    ~Plain() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    void send(std::string_view text) const {
        EXPECT_EQ(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] auto received() const -> std::size_t {
        std::array<char, 4096> bytes;
        const auto count = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }

private:
    int descriptor_;
};

auto allocated() -> std::size_t { return ::mallinfo2().uordblks; }

auto hello(ServerExchange& exchange) -> Task<void> { co_await exchange.respond(200, "text/plain", "hello"); }

/// Asks once on each. @return what the server took for each connection.
auto ask_on_each(std::uint16_t port, std::vector<Plain>& clients, std::size_t count) -> Task<std::size_t> {
    const auto before = allocated();
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(port).send(get("/"));
        while (clients.back().received() == 0) co_await sleep(10us);
    }
    for (int i = 0; i < 3; ++i) co_await yield_now();
    const auto after = allocated();
    co_return after > before ? (after - before) / count : 0;
}

TEST(IdleConnections, hold_no_buffer_and_no_parser) {
    if (allocated() == 0) GTEST_SKIP() << "another allocator, which does not tell";
    ConnectionOptions options;
    options.max_connections_per_source = 10 * idle_connections;
    run_with(World::kernel, hello, options, [](std::uint16_t port) -> Task<void> {
        std::vector<Plain> clients;
        clients.reserve(2 * idle_connections);
        co_await ask_on_each(port, clients, idle_connections);  // what grows with the first ones
        const auto each = co_await ask_on_each(port, clients, idle_connections);
        EXPECT_GT(each, 500U);
        EXPECT_LT(each, most_bytes_each);
    });
}

TEST(IdleConnections, that_never_ask_give_their_buffer_back_too) {
    if (allocated() == 0) GTEST_SKIP() << "another allocator, which does not tell";
    ConnectionOptions options;
    options.max_connections_per_source = 10 * idle_connections;
    run_with(World::simulated, hello, options, [](std::uint16_t port) -> Task<void> {
        std::vector<RawClient> clients;
        clients.reserve(idle_connections);
        for (std::size_t i = 0; i < idle_connections; ++i) {
            auto client = co_await RawClient::open(port);
            clients.push_back(std::move(client));
        }
        co_await sleep(500ms);
        const auto quick = allocated();
        co_await sleep(1s);
        const auto slow = allocated();
        EXPECT_GT(quick, slow + idle_connections * 16'384);
        // They can ask all the same.
        for (auto& client : clients) {
            const auto reply = co_await client.ask(get("/"));
            EXPECT_EQ(reply.body, "hello");
        }
    });
}

class Pauses : public ::testing::TestWithParam<World> {};
INSTANTIATE_TEST_SUITE_P(Worlds, Pauses, ::testing::Values(World::simulated, World::fragmented));

TEST_P(Pauses, lose_no_byte_of_requests_that_come_in_pieces) {
    run_with(GetParam(), echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const std::string both = post("/first", "0123456789") + get("/second");
        for (std::size_t cut = 1; cut < both.size(); cut += 9) {
            co_await sleep(3s);
            co_await client.send(both.substr(0, cut));
            co_await sleep(1500ms);
            co_await client.send(both.substr(cut));
            const auto first = co_await client.receive();
            EXPECT_EQ(first.body, "POST /first 0123456789") << cut;
            const auto second = co_await client.receive();
            EXPECT_EQ(second.body, "GET /second ") << cut;
        }
    });
}

TEST_P(Pauses, of_a_second_do_not_move_the_deadlines) {
    ConnectionOptions options;
    options.keep_alive_timeout = 7s;
    options.header_timeout = 5s;
    options.body_idle_timeout = 4s;
    run_with(GetParam(), echo, options, [](std::uint16_t port) -> Task<void> {
        auto idle = co_await RawClient::open(port);
        co_await idle.ask(get("/"));
        auto from = this_loop().now();
        co_await idle.read_to_end();
        EXPECT_EQ(this_loop().now() - from, Duration(7s));

        auto head = co_await RawClient::open(port);
        co_await head.ask(get("/"));
        co_await sleep(3s);
        from = this_loop().now();
        co_await head.send("GET / HTTP/1.1\r\n");
        const auto refused = co_await head.receive();
        EXPECT_EQ(refused.status, 408);
        EXPECT_EQ(this_loop().now() - from, Duration(5s));

        auto body = co_await RawClient::open(port);
        from = this_loop().now();
        co_await body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
        const auto late = co_await body.receive("POST");
        EXPECT_EQ(late.status, 408);
        EXPECT_EQ(this_loop().now() - from, Duration(4s));
    });
}

}  // namespace
}  // namespace gyre::http
