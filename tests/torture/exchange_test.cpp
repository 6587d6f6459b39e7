// The plain layers of client and server without memory.

#include "exchange.hpp"

namespace gyre::torture {
namespace {

using http::Client;

auto echo(http::ServerExchange& exchange) -> Task<void> {
    std::string text;
    while (true) {
        const auto piece = co_await exchange.read();
        if (piece.empty()) break;
        text.append(piece.data(), piece.size());
    }
    co_await exchange.respond(200, "text/plain", text);
}

auto get(Client& client, const std::string& url) -> Task<void> {
    auto response = co_await client.get(url);
    const auto text = co_await response.text();
    expect_success(response.status());
}

auto post(Client& client, const std::string& url) -> Task<void> {
    auto response = co_await client.post(url).body(std::string(100'000, 'x'));
    const auto text = co_await response.text();
    expect_success(response.status());
    EXPECT_EQ(text.size(), 100'000U);
}

TEST(HttpTorture, any_allocation_of_a_request_on_a_connection_may_fail) {
    run({echo}, get, {});
    run({echo}, get, {.in_a_row = 3});
}

TEST(HttpTorture, any_allocation_of_a_new_connection_may_fail) {
    run({echo}, get, {.on_new_connections = true});
    run({echo}, get, {.in_a_row = 3, .on_new_connections = true});
}

TEST(HttpTorture, any_allocation_of_an_upload_may_fail) {
    run({echo}, post, {});
    run({echo}, post, {.in_a_row = 3});
}

}  // namespace
}  // namespace gyre::torture
