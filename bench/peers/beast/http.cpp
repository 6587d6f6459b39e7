// The HTTP server of Boost.Beast, with the coroutines of Asio on one thread.
// usage: http FOLDER [CERTIFICATE KEY]
#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

// The executor of an io_context as it is: any_io_executor, the default, calls it through a table.
using Executor = asio::io_context::executor_type;
using Stream = beast::basic_stream<tcp, Executor>;
template<class T>
using Awaitable = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> use_awaitable;
constexpr auto as_result = asio::as_tuple(use_awaitable);
constexpr std::size_t buffer_size = 64 * 1024;
std::string folder;

template<class Stream>
auto send_text(Stream& stream, const http::request<http::empty_body>& request, const char* type, const char* body)
    -> Awaitable<bool> {
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::server, "beast");
    response.set(http::field::content_type, type);
    response.keep_alive(request.keep_alive());
    response.body() = body;
    response.prepare_payload();
    const auto [error, count] = co_await http::async_write(stream, response, as_result);
    co_return !error && response.keep_alive();
}

template<class Stream>
auto send_file(Stream& stream, const http::request<http::empty_body>& request, const std::string& path)
    -> Awaitable<bool> {
    http::response<http::file_body> response(http::status::ok, request.version());
    beast::error_code error;
    response.body().open(path.c_str(), beast::file_mode::scan, error);
    if (error) co_return false;
    response.set(http::field::server, "beast");
    response.set(http::field::content_type, "application/octet-stream");
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    const auto [write_error, count] = co_await http::async_write(stream, response, as_result);
    co_return !write_error && response.keep_alive();
}

template<class Stream>
auto serve_connection(Stream& stream) -> Awaitable<void> {
    beast::flat_buffer buffer;
    buffer.reserve(buffer_size);  // what is free in it is what is asked of the socket at once
    for (bool goes_on = true; goes_on;) {
        http::request<http::empty_body> request;
        const auto [error, count] = co_await http::async_read(stream, buffer, request, as_result);
        if (error) co_return;
        const auto target = request.target();
        if (target == "/plaintext") {
            goes_on = co_await send_text(stream, request, "text/plain", "Hello, World!");
        } else if (target == "/json") {
            goes_on = co_await send_text(stream, request, "application/json", R"({"message":"Hello, World!"})");
        } else if (target == "/files/1k" || target == "/files/1m") {
            goes_on = co_await send_file(stream, request, folder + std::string(target.substr(6)));
        } else {
            goes_on = false;
        }
    }
}

auto serve_plain(Stream stream) -> Awaitable<void> { co_await serve_connection(stream); }

auto serve_tls(beast::ssl_stream<Stream> stream) -> Awaitable<void> {
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_result);
    if (!error) co_await serve_connection(stream);
}

auto serve(asio::ssl::context* tls) -> Awaitable<void> {
    const Executor executor = co_await asio::this_coro::executor;
    asio::basic_socket_acceptor<tcp, Executor> acceptor(
        executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0), false);
    acceptor.listen(4096);
    std::cout << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        auto socket = co_await acceptor.async_accept(use_awaitable);
        socket.set_option(tcp::no_delay(true));
        Stream stream(std::move(socket));
        if (tls == nullptr) {
            asio::co_spawn(executor, serve_plain(std::move(stream)), asio::detached);
        } else {
            asio::co_spawn(executor, serve_tls(beast::ssl_stream<Stream>(std::move(stream), *tls)), asio::detached);
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    folder = arguments[1];
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (count > 3) {
        tls.use_certificate_chain_file(arguments[2]);
        tls.use_private_key_file(arguments[3], asio::ssl::context::pem);
    }
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);  // no locks: one thread
    asio::co_spawn(context, serve(count > 3 ? &tls : nullptr), asio::detached);
    context.run();
}
