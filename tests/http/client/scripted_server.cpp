#include "scripted_server.hpp"

#include <gyre/http/core/fields.hpp>

#include <utility>

namespace gyre::testing {

auto Peer::request() -> Task<std::string> {
    std::string text;
    try {
        text = co_await stream_.read_until("\r\n\r\n");
        const auto at = text.find("Content-Length: ");
        if (at != std::string::npos) {
            auto reading = stream_.read_exactly(std::stoul(text.substr(at + 16)));
            text += co_await std::move(reading);
        }
    } catch (const net::IncompleteReadError&) {
        co_return std::string();
    } catch (const IoError&) {
        co_return std::string();
    }
    log_.requests.push_back(text);
    co_return text;
}

auto Peer::until(std::string delimiter) -> Task<std::string> {
    try {
        co_return co_await stream_.read_until(delimiter, 64 * 1024 * 1024);
    } catch (const net::IncompleteReadError&) {
    } catch (const IoError&) {}
    co_return std::string();
}

auto Peer::send(std::string bytes, std::size_t piece) -> Task<> {
    std::string_view left = bytes;
    try {
        while (!left.empty()) {
            const auto part = left.substr(0, piece == 0 ? left.size() : piece);
            co_await stream_.write(part);
            left.remove_prefix(part.size());
            if (piece != 0) co_await yield_now();
        }
    } catch (const IoError&) {}
}

auto Peer::hold() -> Task<> {
    try {
        for (;;) {
            const auto count = co_await stream_.fill();
            if (count == 0) co_return;
            stream_.consume(count);
        }
    } catch (const IoError&) {}
}

auto always(std::string answer, std::size_t piece) -> Script {
    return [answer = std::move(answer), piece](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await peer.send(answer, piece);
        }
    };
}

auto in_turn(std::vector<std::vector<std::string>> answers) -> Script {
    return [answers = std::move(answers)](Peer& peer) -> Task<> {
        if (peer.number() >= answers.size()) co_return;
        for (const auto& answer : answers[peer.number()]) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await peer.send(answer);
        }
    };
}

auto ok(std::string_view body) -> std::string {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

auto ScriptedServer::handle(net::Stream stream) -> Task<> {
    if (tls_ != nullptr) {
        auto outcome = co_await as_outcome(tls_->handshake(std::move(stream)));
        if (!outcome.has_value()) co_return;  // the client tells
        auto encrypted = std::move(outcome).value();
        Peer peer(encrypted, log_);
        co_await script_(peer);
        co_await encrypted.close();
        co_return;
    }
    Peer peer(stream, log_);
    co_await script_(peer);
}

auto ScriptedServer::run(std::function<Task<>(std::string base)> body) -> Task<> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const std::string scheme = tls_ != nullptr ? "https" : "http";
    const std::string base = scheme + "://127.0.0.1:" + std::to_string(listener.local_address().port());
    co_await task_group([&](TaskGroup& group) -> Task<> {
        const net::ConnectionHandler handler = [this](net::Stream stream) { return handle(std::move(stream)); };
        auto serving = net::serve(std::move(listener), handler);
        const auto server = group.spawn(std::move(serving));
        co_await body(base);
        server.cancel("the test is over");
    });
}

auto ScriptedServer::run(http::ClientOptions options, ClientBody body) -> Task<> {
    co_await run([&](std::string base) -> Task<> {
        http::Client client(options);
        co_await body(client, base);
        // One on which a body was still going out takes a moment to go.
        for (int i = 0; i < 100 && client.stats().open_connections != client.stats().idle_connections; ++i) {
            co_await sleep(1ms);
        }
        const auto end = client.stats();
        EXPECT_EQ(end.open_connections, end.idle_connections) << "a connection is neither used nor kept";
        EXPECT_EQ(end.connecting, 0U) << "a place for a connection is lost";
        EXPECT_EQ(end.waiting_requests, 0U);
    });
}

auto fetch(http::Client& client, std::string url, std::string method, http::Fields fields, std::string body)
    -> Task<Reply> {
    Reply reply;
    try {
        auto request = client.request(std::move(method), std::move(url));
        request.headers(fields).body(std::move(body));
        auto response = co_await std::move(request);
        reply.status = response.status();
        reply.url = response.url().href();
        reply.is_delimited = response.body_is_delimited();
        reply.body = co_await response.text();
        reply.trailers = response.trailers();
    } catch (const http::RequestError& error) {
        reply.error = error.what();
        reply.phase = error.phase();
        reply.timed_out = error.is_timeout();
    }
    co_return reply;
}

auto fetch_from(Script script, http::ClientOptions options) -> Task<Reply> {
    ScriptedServer server(std::move(script));
    Reply reply;
    co_await server.run(std::move(options),
        [&](http::Client& client, std::string base) -> Task<> { reply = co_await fetch(client, base + "/"); });
    co_return reply;
}

}  // namespace gyre::testing
