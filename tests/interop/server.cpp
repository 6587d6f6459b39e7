// The server of the tests with other people's clients, over the public API only. The other servers in tests/interop/peers have
// the same routes, which README.md there lists.
//
// usage: interop_server [--port N] [--tls CERT KEY] [--files DIR] [--loops N] [--record] [--limits] [--proxied]
//                       [--connections N] [--keep-alive SECONDS]
//   --record  answers everything alike, and prints each request as it saw it, one line of JSON for each
//   --proxied every connection begins with a PROXY header
//   --connections N   so many at a time, from one source too
//   --limits  the limits that are on by default; without it, bodies and messages may be large
// GYRE_OBSERVE=control opens it to `gyre ps` and the like.
#include "pattern.hpp"

#include <gyre/gyre.hpp>
#include <gyre/http.hpp>
#include <gyre/obs/observe.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace http = gyre::http;
using gyre::Task;
using interop::pattern;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::size_t largest_body = 256 * 1024 * 1024;
constexpr std::size_t piece_bytes = 64 * 1024;

// --- what a request looks like, as JSON ---

auto json_text(std::string_view text) -> std::string {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (byte < 0x20 || byte >= 0x7F) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += std::string("\\u00") + digits[byte >> 4U] + digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

auto pairs(const http::Fields& fields) -> std::string {
    std::string out = "[";
    for (const auto field : fields) {
        if (out.size() > 1) out += ',';
        out += "[" + json_text(field.name) + "," + json_text(field.value) + "]";
    }
    return out + "]";
}

auto send_pattern(http::BodyWriter& body, std::size_t size, std::size_t piece) -> Task<> {
    for (std::size_t sent = 0; sent < size;) {
        const auto content = pattern(sent, std::min(piece, size - sent));
        co_await body.write(content);
        sent += content.size();
    }
}

// --- the routes ---

auto hello(http::Request&) -> Task<http::Response> { co_return http::Response::text("hello\n"); }

auto echo(http::Request& request) -> Task<http::Response> {
    auto body = co_await request.text(largest_body);
    const auto type = request.header("Content-Type").value_or("application/octet-stream");
    auto response = http::Response::bytes(std::string(type), std::move(body));
    response.header("X-Method", request.method());
    co_return response;
}

/// Sends back what comes while it comes.
auto duplex(http::Request& request) -> Task<http::Response> {
    co_return http::Response::stream("application/octet-stream", [&request](http::BodyWriter& out) -> Task<> {
        while (true) {
            const auto piece = co_await request.body().read();
            if (piece.empty()) break;
            co_await out.write(std::string_view(piece.data(), piece.size()));
        }
    });
}

auto bytes(http::Request& request) -> Task<http::Response> {
    const auto size = request.path_param<std::size_t>("size");
    auto response = http::Response::stream("application/octet-stream",
        [size](http::BodyWriter& out) -> Task<> { co_await send_pattern(out, size, piece_bytes); });
    response.header("Content-Length", std::to_string(size));
    co_return response;
}

auto chunks(http::Request& request) -> Task<http::Response> {
    const auto size = request.path_param<std::size_t>("size");
    const auto piece = request.path_param<std::size_t>("piece");
    if (piece == 0) throw http::HttpError(404);
    auto response = http::Response::stream("application/octet-stream", [size, piece](http::BodyWriter& out) -> Task<> {
        co_await send_pattern(out, size, piece);
        out.trailer("X-Count", std::to_string(size));
    });
    response.header("Trailer", "X-Count");
    co_return response;
}

auto count(http::Request& request) -> Task<http::Response> {
    std::size_t size = 0;
    while (true) {
        const auto piece = co_await request.body().read();
        if (piece.empty()) break;
        size += piece.size();
    }
    co_return http::Response::json("{\"bytes\":" + std::to_string(size) + ",\"fields\":" + pairs(request.fields()) +
                                   ",\"trailers\":" + pairs(request.trailers()) + "}");
}

auto text(http::Request&) -> Task<http::Response> {
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "line " + std::to_string(i) + " of the text\n";
    co_return http::Response::text(std::move(lines));
}

auto redirect(http::Request& request) -> Task<http::Response> {
    const auto left = request.path_param<unsigned>("left");
    co_return http::Response::redirect(left == 0 ? "/hello" : "/redirect/" + std::to_string(left - 1));
}

auto redirect_with_body(http::Request&) -> Task<http::Response> { co_return http::Response::redirect("/echo", 307); }

auto set_cookie(http::Request& request) -> Task<http::Response> {
    const std::string name(request.query_param("name").value_or("name"));
    const std::string value(request.query_param("value").value_or("value"));
    const http::Cookie cookie(name, value);
    co_return http::Response::text("set\n").cookie(cookie);
}

auto cookies(http::Request& request) -> Task<http::Response> {
    std::string out = "{";
    for (const auto& cookie : http::parse_cookies(request.fields())) {
        if (out.size() > 1) out += ',';
        out += json_text(cookie.name) + ":" + json_text(cookie.value);
    }
    co_return http::Response::json(out + "}");
}

auto peer(http::Request& request) -> Task<http::Response> { co_return http::Response::text(request.peer().text()); }

auto early(http::Request& request) -> Task<http::Response> {
    http::Fields hints;
    hints.add("Link", "</style.css>; rel=preload; as=style");
    co_await request.early_hints(std::move(hints));
    co_return http::Response::text("early\n");
}

auto cut(http::Request& request) -> Task<http::Response> {
    const auto size = request.path_param<std::size_t>("size");
    auto response = http::Response::stream("application/octet-stream", [size](http::BodyWriter& out) -> Task<> {
        co_await send_pattern(out, size / 2, piece_bytes);
        throw std::runtime_error("cut on purpose");
    });
    if (request.query_param("length")) response.header("Content-Length", std::to_string(size));
    co_return response;
}

auto slow(http::Request& request) -> Task<http::Response> {
    co_await gyre::sleep(std::chrono::milliseconds(request.path_param<unsigned>("ms")));
    co_return http::Response::text("slow\n");
}

auto last(http::Request&) -> Task<http::Response> {
    co_return http::Response::text("last\n").header("Connection", "close");
}

auto form(http::Request& request) -> Task<http::Response> {
    auto data = co_await request.form_data();
    std::string out = "{";
    for (const auto& [name, value] : data.fields) {
        if (out.size() > 1) out += ',';
        out += json_text(name) + ":" + json_text(value);
    }
    for (const auto& file : data.files) {
        if (out.size() > 1) out += ',';
        out += json_text(file.name()) + ":" + std::to_string(file.size());
    }
    co_return http::Response::json(out + "}");
}

auto events(http::Request& request) -> Task<http::Response> {
    const auto wanted = request.path_param<unsigned>("count");
    unsigned first = 0;
    if (const auto seen = request.last_event_id()) first = static_cast<unsigned>(std::stoul(std::string(*seen))) + 1;
    if (first >= wanted) co_return http::Response(204);
    co_return http::events([first, wanted](http::EventWriter& out) -> Task<> {
        co_await out.retry(10ms);
        // Half of what is left, at least one; the client comes again for the rest.
        const auto end = first + (wanted - first + 1) / 2;
        for (unsigned i = first; i < end; ++i) {
            http::ServerEvent event("number", "event\n" + std::to_string(i), std::to_string(i));
            co_await out.send(std::move(event));
        }
    });
}

auto page(http::Request&) -> Task<http::Response> {
    co_return http::Response::html(
        "<!doctype html><title>gyre</title><h1 id=h>a page</h1><script src=/script.js></script>");
}

auto script(http::Request&) -> Task<http::Response> {
    co_return http::Response::bytes("text/javascript", "document.getElementById('h').textContent += ' with a script';");
}

auto echo_messages(http::WebSocket& socket) -> Task<> {
    while (true) {
        auto message = co_await socket.receive();
        if (!message) break;
        if (message->is_text()) {
            auto text = std::move(*message).text();
            co_await socket.send(std::move(text));
        } else {
            co_await socket.send_binary(message->bytes());
        }
    }
}

// --- the record of what was seen ---

class Record final : public http::ServerObserver {
public:
    void request_ends(const http::RequestRecord& record) noexcept override {
        if (record.fields == nullptr) say("{\"refused\":" + std::to_string(record.status) + "}");
    }
    static void say(const std::string& line) {
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
    }
};

auto record(http::Request& request, http::Next) -> Task<http::Response> {
    std::string line = "{\"from\":" + json_text(request.peer().text()) + ",\"method\":" + json_text(request.method()) +
                       ",\"target\":" + json_text(request.exchange().head().target) +
                       ",\"fields\":" + pairs(request.fields());
    std::string body;
    std::string error;
    try {
        body = co_await request.text(largest_body);
    } catch (const std::exception& caught) {
        error = caught.what();
    }
    line += ",\"body\":" + json_text(body);
    if (!error.empty()) line += ",\"error\":" + json_text(error);
    Record::say(line + ",\"trailers\":" + pairs(request.trailers()) + "}");
    if (!error.empty()) throw http::HttpError(400, error);
    co_return http::Response::text("seen\n");
}

// --- the program ---

struct Arguments {
    Arguments() = default;

    std::uint16_t port = 0;
    std::string certificate;
    std::string key;
    std::string files;
    std::size_t loops = 1;
    bool records = false;
    bool has_default_limits = false;
    bool is_proxied = false;
    std::size_t connections = 0;
    std::size_t keep_alive = 0;  ///< Seconds; 0: the default.
};

auto parse(std::vector<std::string> words) -> Arguments {
    Arguments arguments;
    auto next = [&words, at = std::size_t{0}]() mutable -> std::optional<std::string> {
        return at < words.size() ? std::optional(words[at++]) : std::nullopt;
    };
    const auto value = [&next](const std::string& option) {
        auto word = next();
        if (!word) throw std::invalid_argument(option + " needs a value");
        return *word;
    };
    while (const auto word = next()) {
        if (*word == "--port") {
            arguments.port = static_cast<std::uint16_t>(std::stoul(value(*word)));
        } else if (*word == "--tls") {
            arguments.certificate = value(*word);
            arguments.key = value(*word);
        } else if (*word == "--files") {
            arguments.files = value(*word);
        } else if (*word == "--loops") {
            arguments.loops = std::stoul(value(*word));
        } else if (*word == "--connections") {
            arguments.connections = std::stoul(value(*word));
        } else if (*word == "--keep-alive") {
            arguments.keep_alive = std::stoul(value(*word));
        } else if (*word == "--record") {
            arguments.records = true;
        } else if (*word == "--proxied") {
            arguments.is_proxied = true;
        } else if (*word == "--limits") {
            arguments.has_default_limits = true;
        } else {
            throw std::invalid_argument("unknown option " + *word);
        }
    }
    return arguments;
}

auto make_app(const Arguments& arguments) -> http::App {
    http::App app;
    if (arguments.records) {
        app.use(record);
        return app;
    }
    app.use(http::compress());
    app.get("/hello", hello).get("/text", text).get("/peer", peer).get("/last", last).get("/page.html", page);
    app.get("/script.js", script);
    app.route("*", "/echo", echo).post("/duplex", duplex).post("/count", count).post("/form", form);
    app.get("/bytes/{size:uint}", bytes).get("/chunks/{size:uint}/{piece:uint}", chunks);
    app.get("/redirect/{left:uint}", redirect).post("/redirect307", redirect_with_body);
    app.get("/cookies/set", set_cookie).get("/cookies", cookies);
    app.get("/early", early).get("/cut/{size:uint}", cut).get("/slow/{ms:uint}", slow);
    app.get("/events/{count:uint}", events);
    http::WebSocketOptions large{};
    if (!arguments.has_default_limits) {
        large.message_bytes = largest_body;
        large.fragments = 1'000'000;
    }
    app.websocket("/ws", echo_messages, large);
    if (!arguments.files.empty()) app.files("/file", arguments.files);
    return app;
}

auto serve(const Arguments& arguments, Record& seen) -> Task<> {
    http::ServerOptions options{.port = arguments.port, .loops = arguments.loops};
    if (!arguments.has_default_limits) {
        options.connection.limits.body_bytes = largest_body;
    }
    if (arguments.connections != 0) {
        options.connection.max_connections_per_source = arguments.connections;
        options.connection.max_connections = arguments.connections;
    }
    if (arguments.keep_alive != 0) options.connection.keep_alive_timeout = std::chrono::seconds(arguments.keep_alive);
    if (arguments.records) options.connection.observers = {&seen};
    const http::TrustedProxies here({"127.0.0.0/8"});
    if (arguments.is_proxied) {
        options.connection.trusted_proxies = &here;
        options.connection.proxy_protocol = true;
    }
    gyre::net::TlsServerOptions tls;
    if (!arguments.certificate.empty()) {
        tls.certificate(arguments.certificate, arguments.key).alpn({"http/1.1", "http/1.0"});
        options.tls = &tls;
    }
    auto server = co_await http::Server::start([&arguments] { return make_app(arguments); }, options);
    std::printf("listening on %d\n", int{server.port()});
    std::fflush(stdout);
    co_await gyre::try_finally([&] { return server.wait(); }, [&] { return server.stop(10s); });
}

auto amain(const Arguments& arguments, Record& seen) -> Task<> {
    gyre::this_loop().set_exception_handler([](const gyre::ErrorContext& context) {
        const auto text = context.text();
        if (text.find("on purpose") == std::string::npos) std::fprintf(stderr, "%s\n", text.c_str());
    });
    gyre::GracefulStop stop;
    co_await stop.run([&] { return serve(arguments, seen); });
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto arguments = parse(std::vector<std::string>(argv + 1, argv + argc));
        Record seen;
        gyre::RunOptions options;
        options.loops = arguments.loops;
        gyre::run(amain(arguments, seen), gyre::obs::observed(options));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "interop_server: %s\n", error.what());
        return 1;
    }
    return 0;
}
