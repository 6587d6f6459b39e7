// Files, forms and events, cancelled at every step: no descriptor and no file is left.

#include "app_harness.hpp"
#include "os/os_support.hpp"

#include <gyre/http/server/compress.hpp>
#include <gyre/http/server/events.hpp>

#include <filesystem>
#include <fstream>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::Request;
using http::Response;

/// What a run leaves: nothing open, nothing lying about.
class Leftovers {
public:
    Leftovers() : descriptors_(open_descriptors()) { std::filesystem::create_directories(spool()); }

    [[nodiscard]] auto spool() const -> std::filesystem::path { return folder_.path() / "spool"; }
    [[nodiscard]] auto path() const -> const std::filesystem::path& { return folder_.path(); }

    void check(const CancelledRun& run) const {
        EXPECT_EQ(open_descriptors(), descriptors_) << run.text();
        EXPECT_TRUE(std::filesystem::is_empty(spool())) << run.text();
    }

private:
    TemporaryFolder folder_;
    std::vector<int> descriptors_;
};

auto get_files(std::filesystem::path root, std::size_t size) -> Task<> {
    App app;
    app.files("/", std::move(root), {.listing = true, .precompressed = true});
    co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
        auto whole = co_await client.get("/large.txt");
        const auto text = co_await whole.text();
        EXPECT_EQ(text.size(), size);
        auto parts = co_await client.get("/large.txt").header("Range", "bytes=0-1,70000-150000");
        const auto ranges = co_await parts.text();
        EXPECT_EQ(parts.status(), 206);
        auto list = co_await client.get("/spool/");
        EXPECT_EQ(list.status(), 200);
    });
}

TEST(Files, survives_cancellation_anywhere) {
    const Leftovers leftovers;
    constexpr std::size_t size = 200'000;
    std::ofstream(leftovers.path() / "large.txt") << std::string(size, 'x');
    CancelEverywhere([&] { return get_files(leftovers.path(), size); })
        .on(kernel_backend())  // the disk does not know the virtual clock
        .invariant([&](const CancelledRun& run) { leftovers.check(run); })
        .at_most(100)
        .run();
}

/// More than the sockets hold, to a client that takes its time: the kernel sends it, and is waited for.
auto get_slowly(std::filesystem::path root, std::size_t size) -> Task<> {
    App app;
    app.files("/", std::move(root));
    co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
        auto response = co_await client.get("/huge.bin");
        co_await sleep(1ms);
        std::size_t count = 0;
        for (;;) {
            const auto piece = co_await response.read();
            if (piece.empty()) break;
            count += piece.size();
        }
        EXPECT_EQ(count, size);
    });
}

TEST(SentFile, survives_cancellation_anywhere) {
    const Leftovers leftovers;
    constexpr std::size_t size = 12'000'000;
    std::ofstream(leftovers.path() / "huge.bin") << std::string(size, 'x');
    CancelEverywhere([&] { return get_slowly(leftovers.path(), size); })
        .on(kernel_backend())
        .invariant([&](const CancelledRun& run) { leftovers.check(run); })
        .at_most(60)
        .run();
}

auto post_form(std::string spool) -> Task<> {
    App app;
    app.post("/", [spool](Request& request) -> Task<Response> {
        http::FormOptions options;
        options.memory_bytes = 10;
        options.directory = spool;
        const auto form = co_await request.form_data(options);
        co_return Response::text(std::to_string(form.files.at(0).size()));
    });
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        std::string body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n";
        body.append(50'000, 'x').append("\r\n--b--\r\n");
        auto request = client.post("/").header("Content-Type", "multipart/form-data; boundary=b").body(body);
        co_await expect_text(std::move(request), 200, "50000");
    });
}

TEST(Form, survives_cancellation_anywhere) {
    const Leftovers leftovers;
    CancelEverywhere([&] { return post_form(leftovers.spool().string()); })
        .on(kernel_backend())  // the disk does not know the virtual clock
        .invariant([&](const CancelledRun& run) { leftovers.check(run); })
        .at_most(100)
        .run();
}

auto get_events() -> Task<> {
    App app;
    app.use(http::compress({.media_types = "text/event-stream"}));
    app.get("/", [](Request&) -> Task<Response> {
        co_return http::events(
            [](http::EventWriter& out) -> Task<> {
                co_await out.send("one");
                co_await sleep(5s);
                co_await out.send("two");
            },
            {.keep_alive = 2s});
    });
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        co_await expect_text(client.get("/"), 200, "data: one\n\n: \n\n: \n\ndata: two\n\n");
    });
}

TEST(Events, survives_cancellation_anywhere) { CancelEverywhere(get_events).run(); }

}  // namespace
}  // namespace gyre::testing
