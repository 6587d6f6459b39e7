#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/connection_options.hpp>
#include <gyre/http/server/exchange.hpp>

#include <memory>

namespace gyre::http {

namespace internal {
class TestServer;
}  // namespace internal

/// How a `TestClient` and the app behind it behave.
struct TestClientOptions {
    ClientOptions client = {};  ///< Its base is "http://testserver" if it has none.
    ConnectionOptions connection = {};
};

/// A client of an app in the same process, without sockets: for tests of an app.
///
/// Requests and responses are written and parsed as over a network, in memory: streams push back, limits and times hold, a
/// handler is cancelled when its response is dropped, WebSockets work, and what a handler throws is answered with 500 and
/// told to the loop's exception handler. Every origin leads to the app, https too, which is not encrypted here. The app sees
/// clients at 127.0.0.1.
///
/// When it goes, what still runs in the app is cancelled. Thread: its loop's. Source: aiohttp.test_utils.TestClient,
/// httpx.ASGITransport.
class TestClient : public Client {
public:
    /// @throws as `Client`.
    explicit TestClient(App app, const TestClientOptions& options = {});
    /// The same for a handler without routes.
    explicit TestClient(ExchangeHandler handler, const TestClientOptions& options = {});
    TestClient(TestClient&&) noexcept;
    auto operator=(TestClient&&) noexcept -> TestClient&;
    ~TestClient();

    /// Closes the client, cancels what still runs in the app, and waits for its end. Idempotent.
    /// On cancel: what runs was cancelled all the same; its end is not waited for.
    [[nodiscard]] auto stop() -> Task<void>;

private:
    explicit TestClient(std::shared_ptr<internal::TestServer> server, const TestClientOptions& options);

    std::shared_ptr<internal::TestServer> server_;
};

}  // namespace gyre::http
