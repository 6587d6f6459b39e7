// A task keeps a response that it has not read, and with it the only connection, in an object that outlives it.
// rule: permit-held
// task: late guest
// says: connections to http://127\.0\.0\.1.*task 'first guest' took one of .* and has ended: it was not given back
#include "diagnosis.hpp"

#include <gyre/http/client/client.hpp>

struct KeptReply {
    std::optional<gyre::http::ClientResponse> response;
};

gyre::Task<> visit(gyre::http::Client& client, std::string url, KeptReply& session) {
    auto response = co_await client.get(url);  // <- here
    session.response.emplace(std::move(response));
}

gyre::Task<> answer(gyre::net::Stream stream) {
    std::vector<std::byte> request(1000);
    static_cast<void>(co_await stream.read_some(request));
    co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    co_await gyre::sleep(1h);
}

gyre::Task<> amain() {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0);
    const std::string url = "http://" + listener.local_address().text() + "/";
    gyre::http::Client client(gyre::http::ClientOptions{.max_connections = 1});
    KeptReply first, second;
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(visit(client, url, first), {.name = "first guest"});
        auto peer = co_await listener.accept();
        group.spawn(answer(std::move(peer)), {.name = "server"});
        group.spawn(visit(client, url, second), {.name = "late guest"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }
