// Hello world with a loop: sleeps a millisecond, says hello, ends.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdio>

namespace asio = boost::asio;

asio::awaitable<void> hello() {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    std::puts("hello");
}

int main() {
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    asio::co_spawn(context, hello(), asio::detached);
    context.run();
}
