// What a WebSocket frame costs without its I/O: reading (checked and unmasked), masking alone, writing, UTF-8, compression.
// Nanoseconds for each message and MB/s: best of several runs. Usage: websocket [megabytes]. Compile with -O2 or -O3.

#include <gyre/http/core/websocket_codec.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace {

using namespace gyre::http;

constexpr WebSocketMask mask{std::byte{0x5a}, std::byte{0x01}, std::byte{0xff}, std::byte{0x80}};

void measure(const char* what, std::size_t size, std::size_t count, const std::function<void()>& round) {
    double best = 1e18;
    for (int run = 0; run < 9; ++run) {
        const auto start = std::chrono::steady_clock::now();
        round();
        const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
        best = std::min(best, spent.count() / static_cast<double>(count));
    }
    std::printf("%-26s %7zu bytes: %10.1f ns  %8.0f MB/s\n", what, size, best, static_cast<double>(size) * 1000 / best);
}

/// Reads `count` messages that lie in `bytes`, in pieces as a connection gives them.
void read_all(WebSocketReader& reader, std::string_view bytes, std::size_t count) {
    std::size_t found = 0;
    while (!bytes.empty()) {
        auto piece = bytes.substr(0, 64 * 1024);
        bytes.remove_prefix(piece.size());
        while (true) {
            const auto event = reader.next(piece);
            piece.remove_prefix(event.consumed);
            if (event.kind == WebSocketEventKind::need_more) break;
            if (event.kind == WebSocketEventKind::unpacking) continue;
            if (event.kind != WebSocketEventKind::message) std::abort();
            static_cast<void>(reader.take_message());
            ++found;
        }
    }
    if (found != count) std::abort();
}

void measure_size(std::size_t size, std::size_t megabytes) {
    const std::size_t count = std::max<std::size_t>(
        1, std::min<std::size_t>(100'000, megabytes * 1'000'000 / (size + 1)));
    std::string text;
    while (text.size() < size) text += R"({"id": 17, "name": "gyre", "tags": ["loop", "task"]} )";
    text.resize(size);
    for (const bool is_text : {false, true}) {
        std::string bytes;
        WebSocketWriter client(WebSocketRole::client);
        for (std::size_t i = 0; i < count; ++i) client.fragment(bytes, text, {.is_text = is_text}, mask);
        measure(is_text ? "read masked text" : "read masked binary", size, count, [&] {
            WebSocketReader reader(WebSocketRole::server);
            read_all(reader, bytes, count);
        });
    }
    std::string bytes;
    WebSocketWriter server(WebSocketRole::server);
    for (std::size_t i = 0; i < count; ++i) server.fragment(bytes, text, {.is_text = false}, mask);
    measure("read unmasked binary", size, count, [&] {
        WebSocketReader reader(WebSocketRole::client);
        read_all(reader, bytes, count);
    });
    std::string out;
    measure("write masked", size, count, [&] {
        WebSocketWriter client(WebSocketRole::client);
        for (std::size_t i = 0; i < count; ++i) {
            out.clear();
            client.fragment(out, text, {}, mask);
        }
    });
    if (size < 100) return;
    const WebSocketDeflate deflate{.server_window_bits = 12, .client_window_bits = 12};
    const std::size_t few = std::max<std::size_t>(1, count / 20);
    measure("write compressed", size, few, [&] {
        WebSocketWriter writer(WebSocketRole::server, deflate);
        for (std::size_t i = 0; i < few; ++i) {
            out.clear();
            writer.fragment(out, text, {}, mask);
        }
    });
    std::string packed;
    WebSocketWriter writer(WebSocketRole::server, deflate);
    for (std::size_t i = 0; i < few; ++i) writer.fragment(packed, text, {}, mask);
    measure("read compressed", size, few, [&] {
        WebSocketReader reader(WebSocketRole::client, {}, deflate);
        read_all(reader, packed, few);
    });
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
    constexpr std::size_t sizes[] = {20, 1000, 64 * 1024, 1024 * 1024};
    for (const std::size_t size : sizes) measure_size(size, megabytes);
}
