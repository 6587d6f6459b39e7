// The echo server of gyre. GYRE_BACKEND chooses the backend.
#include <gyre/gyre.hpp>

#include <cstddef>
#include <iostream>
#include <span>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

auto echo(gyre::net::Stream stream) -> gyre::Task<void> {
    std::vector<std::byte> buffer(buffer_size);
    for (;;) {
        const auto count = co_await stream.read_some(std::span(buffer));
        if (count == 0) co_return;
        const auto message = std::span<const std::byte>(buffer).first(count);
        co_await stream.write(message);
    }
}

auto serve() -> gyre::Task<void> {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0, {.backlog = 4'096});
    std::cout << listener.local_address().port() << std::endl;
    co_await gyre::net::serve(std::move(listener), echo, {.max_connections = 1'000'000});
}

}  // namespace

int main() { gyre::run(serve()); }
