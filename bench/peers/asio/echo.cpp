// The echo server of Boost.Asio, with coroutines and one thread (a concurrency hint of 1 spares the locks).
#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>

#include <iostream>
#include <memory>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

auto echo(tcp::socket socket) -> asio::awaitable<void> {
    const std::unique_ptr<char[]> buffer(new char[buffer_size]);
    for (;;) {
        const auto [read_error, count] = co_await socket.async_read_some(
            asio::buffer(buffer.get(), buffer_size), as_result);
        if (read_error) co_return;
        const auto [write_error, written] = co_await asio::async_write(
            socket, asio::buffer(buffer.get(), count), as_result);
        if (write_error) co_return;
    }
}

auto serve() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0), false);
    acceptor.listen(4096);
    std::cout << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context context(1);
    asio::co_spawn(context, serve(), asio::detached);
    context.run();
}
