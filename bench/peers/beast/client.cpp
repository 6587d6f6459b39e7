// The HTTP client of Boost.Beast, with the coroutines of Asio on one thread; a connection for each request that is under way.
// usage: client URL COUNT AT_ONCE      URL: http://127.0.0.1:PORT/PATH
#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

// The executor of an io_context as it is: any_io_executor, the default, calls it through a table.
using Executor = asio::io_context::executor_type;
using Stream = beast::basic_stream<tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> use_awaitable;
constexpr std::size_t buffer_size = 64 * 1024;

std::size_t left = 0;
std::size_t bytes = 0;

auto fetch(unsigned short port, std::string path) -> asio::awaitable<void, Executor> {
    Stream stream(co_await asio::this_coro::executor);
    co_await stream.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), use_awaitable);
    stream.socket().set_option(tcp::no_delay(true));
    beast::flat_buffer buffer;
    buffer.reserve(
        buffer_size);  // what is free in it is what is asked of the socket at once; it never grows by itself here
    std::vector<char> storage(buffer_size);
    while (left > 0) {
        --left;
        http::request<http::empty_body> request(http::verb::get, path, 11);
        request.set(http::field::host, "127.0.0.1");
        co_await http::async_write(stream, request, use_awaitable);
        http::response_parser<http::buffer_body> parser;
        parser.body_limit(boost::none);
        co_await http::async_read_header(stream, buffer, parser, use_awaitable);
        while (!parser.is_done()) {
            parser.get().body().data = storage.data();
            parser.get().body().size = storage.size();
            beast::error_code error;
            co_await http::async_read(stream, buffer, parser, asio::redirect_error(use_awaitable, error));
            if (error && error != http::error::need_buffer) throw beast::system_error(error);
            bytes += storage.size() - parser.get().body().size;
        }
    }
}

}  // namespace

int main(int, char** arguments) {
    const std::string url = arguments[1];
    const std::size_t colon = url.rfind(':');
    const auto port = static_cast<unsigned short>(std::atoi(url.c_str() + colon + 1));
    left = std::strtoul(arguments[2], nullptr, 10);
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);  // no locks: one thread
    for (std::size_t i = std::strtoul(arguments[3], nullptr, 10); i > 0; --i) {
        asio::co_spawn(context, fetch(port, url.substr(url.find('/', colon))), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    }
    context.run();
    std::cout << "{\"bytes\": " << bytes << "}\n";
}
