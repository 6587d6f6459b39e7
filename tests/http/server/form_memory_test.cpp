// What forms hold in memory, whatever they are made of.

#include "harness.hpp"
#include "os/os_support.hpp"
#include "support/heap.hpp"

#include <gyre/http/server/app.hpp>

#include <algorithm>

namespace gyre::http::server_testing {
namespace {

using gyre::testing::heap_bytes;

constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t slack = mib / 4;

auto head_of(std::size_t body_bytes) -> std::string {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: " +
           std::to_string(body_bytes) + "\r\n\r\n";
}

auto part_head(const std::string& name) -> std::string {
    return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"f\"\r\n\r\n";
}

/// A form of `parts` files of so many bytes each. @return the most that was held while it was sent, beyond what was before.
auto send_form(std::uint16_t port, std::size_t parts, std::size_t bytes_each, Reply& reply) -> Task<std::size_t> {
    const std::string piece(std::min<std::size_t>(bytes_each, 64 * 1024), 'x');
    const auto head = part_head("f");
    auto client = co_await RawClient::open(port);
    const auto before = heap_bytes();
    std::size_t most = before;
    co_await client.send(head_of(parts * (head.size() + bytes_each + 2) + 6));
    for (std::size_t i = 0; i < parts; ++i) {
        co_await client.send(head);
        for (std::size_t sent = 0; sent < bytes_each; sent += piece.size()) {
            co_await client.send(std::string_view(piece).substr(0, std::min(piece.size(), bytes_each - sent)));
            most = std::max(most, heap_bytes());
        }
        co_await client.send("\r\n");
    }
    co_await client.send("--XX--");
    reply = co_await client.receive("POST");
    co_return most - before;
}

struct Held {
    std::size_t before = 0;
    std::size_t by_form = 0;
};

auto measuring(FormOptions options, Held& held) -> ExchangeHandler {
    App app;
    app.post("/", [options, &held](Request& request) -> Task<Response> {
        held.before = heap_bytes();
        const auto form = co_await request.form_data(options);
        const auto now = heap_bytes();
        held.by_form = now > held.before ? now - held.before : 0;
        std::uint64_t size = 0;
        for (const auto& file : form.files) size += file.size();
        co_return Response::text(std::to_string(form.files.size()) + " " + std::to_string(size));
    });
    return app.handler();
}

auto large_bodies() -> ConnectionOptions {
    ConnectionOptions options;
    options.limits.body_bytes = 64 * mib;
    return options;
}

TEST(FormMemory, a_long_file_goes_through_little_of_it) {
    const gyre::testing::TemporaryFolder folder;
    const auto where = folder.path().string();
    Held held;
    const auto handler = measuring({.memory_bytes = 64 * 1024, .directory = where}, held);
    run_with(World::kernel, handler, large_bodies(), [&](std::uint16_t port) -> Task<void> {
        Reply reply;
        co_await send_form(port, 1, 100'000, reply);  // what grows with the first
        const auto most = co_await send_form(port, 1, 16 * mib, reply);
        EXPECT_EQ(reply.body, "1 " + std::to_string(16 * mib));
        EXPECT_LE(most, mib);
    });
    EXPECT_LE(held.by_form, slack);
}

TEST(FormMemory, all_files_together_hold_what_is_granted) {
    const gyre::testing::TemporaryFolder folder;
    const auto where = folder.path().string();
    Held held;
    const auto handler = measuring({.memory_bytes = mib, .directory = where}, held);
    run_with(World::kernel, handler, large_bodies(), [](std::uint16_t port) -> Task<void> {
        Reply reply;
        co_await send_form(port, 1, 100'000, reply);
        const auto most = co_await send_form(port, 100, 70'000, reply);
        EXPECT_EQ(reply.body, "100 7000000");
        EXPECT_LE(most, 2 * mib);
    });
    EXPECT_LE(held.by_form, mib + slack) << "texts have no room that is not used";
}

TEST(FormMemory, nothing_is_left_of_a_form) {
    Held first;
    Held last;
    Held held;
    const auto handler = measuring({}, held);
    run_with(World::kernel, handler, large_bodies(), [&](std::uint16_t port) -> Task<void> {
        Reply reply;
        for (int i = 0; i < 30; ++i) {
            co_await send_form(port, 10, 50'000, reply);
            EXPECT_EQ(reply.body, "10 500000");
            if (i == 4) first = held;
            last = held;
        }
    });
    EXPECT_LE(last.before, first.before + slack);
}

}  // namespace
}  // namespace gyre::http::server_testing
