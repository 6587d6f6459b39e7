// gyre as the client of other people's servers, over the public API only: asks for each route of tests/interop/peers/README.md.
// Prints `ok NAME`, or `FAILED NAME: why`, for each thing that is tried.
//
// usage: interop_client BASE_URL [--ca FILE] [--without NAME]... [NAME...]
//        interop_client websocket URL LANES       the testee of the Autobahn TestSuite: runs its cases, echoing; LANES at a time
//        interop_client idempotent URL SECONDS PAUSE_MS    GETs by 20 tasks, each third before a pause below that; fails at the first error
//        interop_client latency URL COUNT         GETs one after the other; their times in microseconds: p50 p99 worst
#include "pattern.hpp"

#include <gyre/gyre.hpp>
#include <gyre/http.hpp>

#include <algorithm>
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
using std::chrono_literals::operator""s;

constexpr std::size_t largest_message = 256 * 1024 * 1024;

void check(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what);
}

void check_equal(std::string_view got, std::string_view wanted) {
    if (got == wanted) return;
    throw std::runtime_error("wanted '" + std::string(wanted.substr(0, 80)) + "' (" + std::to_string(wanted.size()) +
                             " bytes), got '" + std::string(got.substr(0, 80)) + "' (" + std::to_string(got.size()) +
                             ")");
}

auto body_of(http::ClientResponse& response) -> Task<std::string> {
    check(response.status() == 200, "status " + std::to_string(response.status()));
    auto text = co_await response.text(largest_message);
    co_return text;
}

// --- what is tried ---

auto hello(http::Client& client) -> Task<> {
    auto response = co_await client.get("/hello");
    const auto text = co_await body_of(response);
    check_equal(text, "hello\n");
}

auto keep_alive(http::Client& client) -> Task<> {
    const auto before = client.stats().connections_opened;
    for (int i = 0; i < 20; ++i) co_await hello(client);
    check(client.stats().connections_opened - before <= 1, "connections were not used again");
}

auto concurrent(http::Client& client) -> Task<> {
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> Task<> {
        for (int i = 0; i < 40; ++i) group.spawn(hello(client));
        co_return;
    });
}

auto head(http::Client& client) -> Task<> {
    auto response = co_await client.head("/bytes/1000");
    const auto text = co_await body_of(response);
    check_equal(text, "");
    check_equal(response.header("Content-Length").value_or("none"), "1000");
}

auto echo(http::Client& client) -> Task<> {
    for (const std::size_t size : {0, 1, 1000, 100'000, 8'000'000}) {
        const auto content = pattern(size);
        auto response = co_await client.post("/echo").body(content);
        const auto text = co_await body_of(response);
        check_equal(text, content);
    }
}

auto put_chunked(http::Client& client) -> Task<> {
    auto response = co_await client.put("/echo").body_from([](http::BodyWriter& out) -> Task<> {
        const auto piece = pattern(50'000);
        for (int i = 0; i < 10; ++i) co_await out.write(piece);
    });
    const auto text = co_await body_of(response);
    check(text.size() == 500'000 && text.ends_with(pattern(50'000)), "the echo differs");
}

auto duplex(http::Client& client) -> Task<> {
    constexpr std::size_t pieces = 200;
    auto response = co_await client.post("/duplex").body_from([](http::BodyWriter& out) -> Task<> {
        const auto piece = pattern(65'000);
        for (std::size_t i = 0; i < pieces; ++i) co_await out.write(piece);
    });
    const auto text = co_await body_of(response);
    check(text.size() == pieces * 65'000 && text.ends_with(pattern(65'000)), "the echo differs");
}

auto request_trailers(http::Client& client) -> Task<> {
    auto response = co_await client.post("/count").body_from([](http::BodyWriter& out) -> Task<> {
        co_await out.write("12345");
        out.trailer("X-Sum", "15");
    });
    const auto text = co_await body_of(response);
    check(text.find("\"bytes\":5,") != text.npos || text.find("\"bytes\": 5,") != text.npos, "the body: " + text);
    const auto trailers = text.substr(text.find("\"trailers\""));
    check(trailers.find("15") != trailers.npos, "the trailers: " + text);
}

auto bytes(http::Client& client) -> Task<> {
    auto response = co_await client.get("/bytes/20000000");
    const auto text = co_await body_of(response);
    check_equal(text, pattern(20'000'000));
}

auto response_chunks(http::Client& client) -> Task<> {
    auto response = co_await client.get("/chunks/300000/7777");
    const auto text = co_await body_of(response);
    check_equal(text, pattern(300'000));
    check(!response.content_length(), "it was not chunked");
}

auto response_trailers(http::Client& client) -> Task<> {
    auto response = co_await client.get("/chunks/10/3").header("TE", "trailers").header("Connection", "TE");
    const auto text = co_await body_of(response);
    check_equal(text, pattern(10));
    check_equal(response.trailers().get("X-Count").value_or("none"), "10");
}

auto compression(http::Client& client) -> Task<> {
    auto plain = co_await client.get("/text").header("Accept-Encoding", "identity");
    const auto wanted = co_await body_of(plain);
    auto response = co_await client.get("/text");
    const auto text = co_await body_of(response);
    check_equal(text, wanted);
    check(response.header("Content-Encoding").has_value(), "it was not compressed");
}

auto redirects(http::Client& client) -> Task<> {
    auto response = co_await client.get("/redirect/5");
    const auto text = co_await body_of(response);
    check_equal(text, "hello\n");
    check(response.redirects() == 6, "redirects: " + std::to_string(response.redirects()));
}

auto redirect_with_body(http::Client& client) -> Task<> {
    auto response = co_await client.post("/redirect307").body("carried along");
    const auto text = co_await body_of(response);
    check_equal(text, "carried along");
}

auto cookies(http::Client& client) -> Task<> {
    auto set = co_await client.get("/cookies/set?name=colour&value=blue");
    static_cast<void>(co_await body_of(set));
    auto response = co_await client.get("/cookies");
    const auto text = co_await body_of(response);
    check(text.find("colour") != text.npos && text.find("blue") != text.npos, "the server got " + text);
}

auto ranges(http::Client& client) -> Task<> {
    auto response = co_await client.get("/file/data.bin").header("Range", "bytes=1000-1999");
    check(response.status() == 206, "status " + std::to_string(response.status()));
    const auto text = co_await response.text();
    check_equal(text, pattern(2000).substr(1000));
    auto beyond = co_await client.get("/file/data.bin").header("Range", "bytes=99999999-");
    check(beyond.status() == 416, "status " + std::to_string(beyond.status()));
}

auto not_modified(http::Client& client) -> Task<> {
    auto response = co_await client.get("/file/data.bin");
    static_cast<void>(co_await body_of(response));
    const auto tag = response.header("ETag");
    check(tag.has_value(), "there is no ETag");
    auto again = co_await client.get("/file/data.bin").header("If-None-Match", *tag);
    check(again.status() == 304, "status " + std::to_string(again.status()));
}

auto expect_continue(http::Client& client) -> Task<> {
    bool was_asked = false;
    const auto content = pattern(100'000);
    auto response = co_await client.post("/echo").body(content).expect_continue(20s).on_interim(
        [&](const http::ResponseHead& interim) { was_asked = was_asked || interim.status == 100; });
    const auto text = co_await body_of(response);
    check_equal(text, content);
    check(was_asked, "100 (Continue) did not come");
}

auto early_hints(http::Client& client) -> Task<> {
    bool was_hinted = false;
    auto response = co_await client.get("/early").on_interim([&](const http::ResponseHead& interim) {
        was_hinted = was_hinted || (interim.status == 103 && interim.fields.get("Link").has_value());
    });
    const auto text = co_await body_of(response);
    check_equal(text, "early\n");
    check(was_hinted, "103 (Early Hints) did not come");
}

auto form(http::Client& client) -> Task<> {
    http::MultipartBody body("0123456789abcdef0123456789abcdef");
    body.add("name", "a value").add_file("upload", "file.bin", pattern(100'000));
    auto response = co_await client.post("/form").multipart(std::move(body));
    const auto text = co_await body_of(response);
    check(text.find("a value") != text.npos && text.find("100000") != text.npos, "the server got " + text);
}

auto refused(http::Client& client, std::string path) -> Task<bool> {
    try {
        auto response = co_await client.get(path);
        static_cast<void>(co_await response.text());
    } catch (const http::RequestError&) {
        co_return true;
    }
    co_return false;
}

auto cut(http::Client& client) -> Task<> {
    for (const auto* path : {"/cut/100000?length=1", "/cut/100000"}) {
        const auto is_refused = co_await refused(client, path);
        check(is_refused, std::string(path) + " was taken as whole");
    }
    co_await hello(client);
}

auto last(http::Client& client) -> Task<> {
    for (int i = 0; i < 3; ++i) {
        auto response = co_await client.get("/last");
        const auto text = co_await body_of(response);
        check_equal(text, "last\n");
    }
}

auto missing(http::Client& client) -> Task<> {
    auto response = co_await client.get("/nothing/here");
    check(response.status() == 404, "status " + std::to_string(response.status()));
    static_cast<void>(co_await response.text());
}

auto events(http::Client& client) -> Task<> {
    auto source = client.events("/events/10");
    for (int i = 0; i < 10; ++i) {
        const auto event = co_await source.next();
        check(event.has_value(), "the events ended");
        check_equal(event->data, "event\n" + std::to_string(i));
        check_equal(event->type, "number");
    }
    const auto end = co_await source.next();
    check(!end.has_value(), "there was one event more");
}

auto websocket(http::Client& client) -> Task<> {
    http::WebSocketOptions options{};
    options.message_bytes = largest_message;
    auto socket = co_await client.websocket("/ws", options);
    for (const std::size_t size : {0, 1, 125, 126, 65'535, 65'536, 3'000'000}) {
        const auto content = pattern(size);
        co_await socket.send_binary(content);
        const auto answer = co_await socket.receive();
        check(answer.has_value() && !answer->is_text(), "no binary message came back");
        check(answer->size() == size, "a message of " + std::to_string(size) + " bytes came back changed");
        const std::string text(size, 'x');
        co_await socket.send(text);
        const auto second = co_await socket.receive();
        check(second.has_value() && second->is_text(), "no text message came back");
        check_equal(second->text(), text);
    }
    co_await socket.ping("are you there?");
    co_await socket.close(1000, "that is all");
    check(socket.close_code() == 1000, "close code " + std::to_string(socket.close_code()));
}

auto websocket_deflate(http::Client& client) -> Task<> {
    auto socket = co_await client.websocket("/ws");
    check(socket.compresses(), "permessage-deflate was not agreed on");
    co_await socket.close();
}

// --- the tables ---

struct Try {
    const char* name;
    Task<> (*body)(http::Client&);
};

constexpr Try tries[] = {
    {"hello", hello},
    {"keep_alive", keep_alive},
    {"concurrent", concurrent},
    {"head", head},
    {"echo", echo},
    {"put_chunked", put_chunked},
    {"duplex", duplex},
    {"request_trailers", request_trailers},
    {"bytes", bytes},
    {"response_chunks", response_chunks},
    {"response_trailers", response_trailers},
    {"compression", compression},
    {"redirects", redirects},
    {"redirect_with_body", redirect_with_body},
    {"cookies", cookies},
    {"ranges", ranges},
    {"not_modified", not_modified},
    {"expect_continue", expect_continue},
    {"early_hints", early_hints},
    {"form", form},
    {"cut", cut},
    {"last", last},
    {"missing", missing},
    {"events", events},
    {"websocket", websocket},
    {"websocket_deflate", websocket_deflate},
};

auto is_in(const std::vector<std::string>& names, std::string_view name) -> bool {
    return std::find(names.begin(), names.end(), name) != names.end();
}

struct Arguments {
    Arguments() = default;

    std::string base;
    std::string ca;
    std::vector<std::string> without;
    std::vector<std::string> names;
};

auto parse(const std::vector<std::string>& words) -> Arguments {
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--ca" && i + 1 < words.size()) {
            i += 1;
            arguments.ca = words[i];
        } else if (words[i] == "--without" && i + 1 < words.size()) {
            i += 1;
            arguments.without.push_back(words[i]);
        } else if (arguments.base.empty()) {
            arguments.base = words[i];
        } else {
            arguments.names.push_back(words[i]);
        }
    }
    if (arguments.base.empty()) throw std::invalid_argument("whose client? Give a URL");
    return arguments;
}

auto attempt(http::Client& client, const Try& one) -> Task<bool> {
    try {
        co_await gyre::timeout(30s, one.body(client));
        std::printf("ok %s\n", one.name);
    } catch (const std::exception& error) {
        std::printf("FAILED %s: %s\n", one.name, error.what());
        std::fflush(stdout);
        co_return false;
    }
    std::fflush(stdout);
    co_return true;
}

auto try_all(const Arguments& arguments) -> Task<int> {
    gyre::net::TlsClientOptions trust;
    http::ClientOptions options{.base_url = arguments.base};
    if (!arguments.ca.empty()) {
        trust.ca_file(arguments.ca);
        options.tls = &trust;
    }
    http::Client client(options);
    int failed = 0;
    for (const auto& one : tries) {
        if (is_in(arguments.without, one.name)) continue;
        if (!arguments.names.empty() && !is_in(arguments.names, one.name)) continue;
        const auto passes = co_await attempt(client, one);
        if (!passes) failed += 1;
    }
    co_return failed;
}

// --- the testee of the Autobahn TestSuite ---

auto echo_until_closed(http::WebSocket& socket) -> Task<> {
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

auto run_case(http::Client& client, std::size_t number) -> Task<> {
    http::WebSocketOptions options{};
    options.message_bytes = largest_message;
    options.fragments = 1'000'000;
    auto socket = co_await client.websocket("/runCase?agent=gyre&case=" + std::to_string(number), options);
    try {
        co_await echo_until_closed(socket);
    } catch (const http::WebSocketError&) {  // the suite breaks rules, and looks at what we make of it
    } catch (const http::WebSocketClosedError&) {}
}

auto run_cases(std::string base, std::size_t lanes) -> Task<int> {
    http::Client client(http::ClientOptions{.base_url = base});
    auto socket = co_await client.websocket("/getCaseCount");
    const auto answer = co_await socket.receive();
    check(answer.has_value(), "the suite does not say how many cases it has");
    const auto cases = std::stoul(answer->text());
    co_await socket.close();
    std::size_t next = 1;
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> Task<> {
        for (std::size_t i = 0; i < lanes; ++i) {
            group.spawn([&]() -> Task<> {
                while (next <= cases) {
                    const auto number = next;
                    next += 1;
                    co_await run_case(client, number);
                }
            });
        }
        co_return;
    });
    co_return 0;
}

// --- loads ---

auto idempotent(std::string url, std::size_t seconds, std::size_t pause_ms) -> Task<int> {
    http::Client client;
    std::size_t done = 0;
    const auto end = gyre::this_loop().now() + std::chrono::seconds(seconds);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> Task<> {
        for (int i = 0; i < 20; ++i) {
            group.spawn([&]() -> Task<> {
                while (gyre::this_loop().now() < end) {
                    auto response = co_await client.get(url);
                    const auto text = co_await body_of(response);
                    check_equal(text, "hello\n");
                    done += 1;
                    if (done % 3 == 0) co_await gyre::sleep(std::chrono::milliseconds(done % pause_ms));
                }
            });
        }
        co_return;
    });
    const auto stats = client.stats();
    std::printf("%zu requests, %llu connections, %llu replays\n", done,
        static_cast<unsigned long long>(stats.connections_opened), static_cast<unsigned long long>(stats.replays));
    co_return 0;
}

auto latency(std::string url, std::size_t count) -> Task<int> {
    http::Client client;
    std::vector<double> times;
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = gyre::this_loop().now();
        auto response = co_await client.get(url);
        const auto text = co_await body_of(response);
        check_equal(text, "hello\n");
        times.push_back(std::chrono::duration<double, std::micro>(gyre::this_loop().now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    std::printf("%.1f %.1f %.1f\n", times[count / 2], times[count * 99 / 100], times.back());
    co_return 0;
}

auto amain(std::vector<std::string> words) -> Task<int> {
    if (words.size() == 3 && words[0] == "websocket") {
        const auto status = co_await run_cases(words[1], std::stoul(words[2]));
        co_return status;
    }
    if (words.size() == 4 && words[0] == "idempotent") {
        const auto status = co_await idempotent(words[1], std::stoul(words[2]), std::stoul(words[3]));
        co_return status;
    }
    if (words.size() == 3 && words[0] == "latency") {
        const auto status = co_await latency(words[1], std::stoul(words[2]));
        co_return status;
    }
    const auto failed = co_await try_all(parse(words));
    co_return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return gyre::run(amain(std::vector<std::string>(argv + 1, argv + argc)));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "interop_client: %s\n", error.what());
        return 1;
    }
}
