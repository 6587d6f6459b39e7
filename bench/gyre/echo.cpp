// The echo server of gyre. GYRE_BACKEND chooses the backend.
#include <gyre/gyre.hpp>

#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <utility>

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

auto echo(gyre::net::Stream stream) -> gyre::Task<void> {
    // Not zeroed: memory that no message has touched costs nothing.
    const auto storage = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
    const std::span buffer(storage.get(), buffer_size);
    for (;;) {
        const auto count = co_await stream.read_some(buffer);
        if (count == 0) co_return;
        const std::span<const std::byte> message = buffer.first(count);
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
