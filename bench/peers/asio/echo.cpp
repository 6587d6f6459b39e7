// The echo server of Boost.Asio, with coroutines and one thread: UNSAFE spares its locks, which a hint of 1 does not.
#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>

#include <iostream>
#include <memory>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// The executor of an io_context as it is: any_io_executor, the default, calls it through a table.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Awaitable = asio::awaitable<void, Executor>;
constexpr asio::use_awaitable_t<Executor> use_awaitable;
constexpr auto as_result = asio::as_tuple(use_awaitable);
constexpr std::size_t buffer_size = 64 * 1024;

auto echo(Socket socket) -> Awaitable {
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

auto serve() -> Awaitable {
    const auto executor = co_await asio::this_coro::executor;
    asio::basic_socket_acceptor<tcp, Executor> acceptor(
        executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0), false);
    acceptor.listen(4096);
    std::cout << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        auto socket = co_await acceptor.async_accept(use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    asio::co_spawn(context, serve(), asio::detached);
    context.run();
}
