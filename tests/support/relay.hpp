#pragma once

#include <gyre/gyre.hpp>
#include <gyre/net/listener.hpp>

#include <functional>
#include <string>
#include <utility>

/// What the proxies of tests have in common.
namespace gyre::testing {

/// Copies what comes on one stream to another, to its end.
inline auto pump(net::Stream& from, net::Stream& to) -> Task<> {
    try {
        for (;;) {
            const auto bytes = co_await from.read_some();
            if (bytes.empty()) break;
            co_await to.write(bytes);
        }
        co_await to.shutdown_write();
    } catch (const IoError&) {}
}

/// Joins two streams until both have ended.
inline auto join_streams(net::Stream& left, net::Stream& right) -> Task<> {
    co_await gather(pump(left, right), pump(right, left));
}

/// Serves on a free port, runs `body("127.0.0.1:PORT")`, and stops.
inline auto serve_while(net::ConnectionHandler handler, std::function<Task<>(std::string place)> body) -> Task<> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const std::string place = listener.local_address().text();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto serving = group.spawn(net::serve(std::move(listener), handler));
        co_await body(place);
        serving.cancel();
    });
}

}  // namespace gyre::testing
