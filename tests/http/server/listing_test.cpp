// Listings of directories that hold much. What is in a page, and what is not: files_test.cpp.

#include "app_harness.hpp"

#include <gyre/os/temporary_directory.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace gyre::testing {
namespace {

auto count_of(std::string_view text, std::string_view piece) -> std::size_t {
    std::size_t count = 0;
    for (auto at = text.find(piece); at != text.npos; at = text.find(piece, at + 1)) ++count;
    return count;
}

TEST(Listing, shows_ten_thousand_names_and_says_that_there_are_more) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto put = [&](std::string name) { std::ofstream(directory.path() / name) << "x"; };
        for (int i = 0; i < 10'000; ++i) put(std::to_string(i));
        put(".hidden");  // does not count
        http::App app;
        app.files("/", directory.path(), {.listing = true});
        co_await serve_app(std::move(app), [&](http::Client& client) -> Task<> {
            auto all = co_await client.get("/");
            const auto page = co_await all.text();
            EXPECT_EQ(count_of(page, "<li>"), 10'000U);
            EXPECT_EQ(count_of(page, "There are more."), 0U);
            put("one more");
            auto some = co_await client.get("/");
            const auto cut = co_await some.text();
            EXPECT_EQ(count_of(cut, "<li>"), 10'000U);
            EXPECT_EQ(count_of(cut, "There are more."), 1U);
        });
        co_await directory.remove();
    });
}

}  // namespace
}  // namespace gyre::testing
