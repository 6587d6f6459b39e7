#include "../../../cli/demo_site.hpp"

#include "harness.hpp"

namespace gyre::http::server_testing {
namespace {

TEST(DemoSite, answers_as_its_urls_say) {
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, cli::demo_site(), {}, [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto index = co_await client.ask(get("/"));
            for (const auto& url : cli::demo_urls(""))
                EXPECT_NE(index.body.find("\"" + url + "\""), index.body.npos) << url;
            const auto bytes = co_await client.ask(get("/bytes/100000?seed=7"));
            EXPECT_TRUE(bytes.body == cli::demo_bytes(0, 100'000, 7));
            EXPECT_EQ(bytes.field("Content-Length"), "100000");
            const auto chunked = co_await client.ask(get("/chunked/1000/7"));
            EXPECT_TRUE(chunked.body == cli::demo_bytes(0, 1000));
            EXPECT_EQ(chunked.field("Transfer-Encoding"), "chunked");
            const auto delayed = co_await client.ask(get("/delay/20"));
            EXPECT_EQ(delayed.body, "after 20 ms\n");
            const auto redirect = co_await client.ask(get("/redirect/2"));
            EXPECT_EQ(redirect.status, 302);
            EXPECT_EQ(redirect.field("Location"), "/redirect/1");
            const auto arrived = co_await client.ask(get("/redirect/0"));
            EXPECT_EQ(arrived.body, "arrived\n");
            const auto status = co_await client.ask(get("/fail/status/503"));
            EXPECT_EQ(status.status, 503);
            const auto no_content = co_await client.ask(get("/fail/status/204"));
            EXPECT_EQ(no_content.status, 204);
            const auto wrong_method = co_await client.ask(post("/", ""));
            EXPECT_EQ(wrong_method.status, 405);
            for (const auto* path : {"/nothing", "/bytes", "/bytes/x", "/bytes/-1", "/bytes/1000000001", "/bytes/1/2",
                     "/chunked/1/0", "/delay/60001", "/fail", "/fail/status/99", "/fail/status/600", "/fail/x"}) {
                const auto reply = co_await client.ask(get(path));
                EXPECT_EQ(reply.status, 404) << path;
            }
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(DemoSite, content_can_be_had_from_any_place) {
    const auto whole = cli::demo_bytes(0, 1000, 3);
    for (std::size_t offset = 0; offset < 100; ++offset)
        EXPECT_EQ(cli::demo_bytes(offset, 50, 3), whole.substr(offset, 50));
    EXPECT_NE(cli::demo_bytes(0, 1000, 4), whole);
}

TEST(DemoSite, fails_as_its_urls_say) {
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, cli::demo_site(), {}, [](std::uint16_t port) -> Task<void> {
            auto asking = ask(port, get("/fail/cut"));
            const auto cut = co_await std::move(asking);
            EXPECT_FALSE(cut.is_whole);
            EXPECT_EQ(cut.body.size(), 5000U);
            auto asking_reset = ask(port, get("/fail/reset"));
            const auto reset = co_await std::move(asking_reset);
            EXPECT_EQ(reset.status, 0);
            for (const auto* path : {"/fail/malformed", "/fail/chunk"}) {
                bool was_refused = false;
                try {
                    auto asking_bad = ask(port, get(path));
                    co_await std::move(asking_bad);
                } catch (const ProtocolError&) {
                    was_refused = true;
                }
                EXPECT_TRUE(was_refused) << path;
            }
            auto asking_slow = ask(port, get("/fail/slow"));
            const auto slow = co_await move_on_after(300ms, std::move(asking_slow));
            EXPECT_FALSE(slow);
        });
        EXPECT_TRUE(errors.empty());
    }
}

}  // namespace
}  // namespace gyre::http::server_testing
