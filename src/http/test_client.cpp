#include <gyre/http/test_client.hpp>

#include "client/pool.hpp"
#include "memory_wire.hpp"

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/http/server/connection.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace gyre::http {

namespace internal {

/// Serves the connections of a `TestClient`.
class TestServer : public std::enable_shared_from_this<TestServer> {
public:
    TestServer(ExchangeHandler handler, const ConnectionOptions& options)
        : handler_(std::move(handler)), options_(options) {}

    [[nodiscard]] auto open(const Url& url) -> net::Stream {
        const auto client = net::Address::from_ip("127.0.0.1", next_port_++);
        const auto server = net::Address::from_ip("127.0.0.1", url.effective_port());
        auto [near, far] = memory_wire(client, server);
        std::erase_if(running_, [](const auto& task) { return task.done(); });
        running_.push_back(gyre::spawn(serve(shared_from_this(), std::move(far))));
        return std::move(near);
    }

    void cancel() {
        for (const auto& task : running_) task.cancel("http::TestClient: its end");
    }

    [[nodiscard]] auto stop() -> Task<void> {
        cancel();
        const auto running = std::exchange(running_, {});
        for (const auto& task : running) static_cast<void>(co_await as_outcome(task.join()));
    }

private:
    static auto serve(std::shared_ptr<TestServer> self, net::Stream stream) -> Task<void> {
        co_await serve_connection(std::move(stream), self->handler_, self->options_);
    }

    static constexpr std::uint16_t first_port = 49'152;  // of those that nobody owns

    ExchangeHandler handler_;
    ConnectionOptions options_;
    std::vector<TaskHandle<>> running_;
    std::uint16_t next_port_ = first_port;
};

namespace {

auto pool_to(const std::shared_ptr<TestServer>& server, const ClientOptions& given) -> std::shared_ptr<Pool> {
    auto options = given;
    if (options.base_url.empty()) options.base_url = "http://testserver";
    auto pool = std::make_shared<Pool>(options);
    pool->dial_with([server](const Url& url) { return server->open(url); });
    return pool;
}

}  // namespace

}  // namespace internal

TestClient::TestClient(std::shared_ptr<internal::TestServer> server, const TestClientOptions& options)
    : Client(internal::pool_to(server, options.client)), server_(std::move(server)) {}

TestClient::TestClient(ExchangeHandler handler, const TestClientOptions& options)
    : TestClient(std::make_shared<internal::TestServer>(std::move(handler), options.connection), options) {}

// NOLINTNEXTLINE(performance-unnecessary-value-param): an app is given away, as to a server
TestClient::TestClient(App app, const TestClientOptions& options) : TestClient(app.handler(), options) {}

TestClient::TestClient(TestClient&&) noexcept = default;

auto TestClient::operator=(TestClient&& other) noexcept -> TestClient& {
    Client::operator=(static_cast<Client&&>(other));
    std::swap(server_, other.server_);
    return *this;
}

TestClient::~TestClient() {
    if (server_) server_->cancel();
}

auto TestClient::stop() -> Task<void> {
    close();
    return server_->stop();
}

}  // namespace gyre::http
