#include "../../../cli/static_files.hpp"

#include "harness.hpp"

#include <gyre/http/core/date.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gyre::http::server_testing {
namespace {

using cli::media_type;
using cli::relative_file;

/// A directory that goes with the test.
class Site {
public:
    Site() {
        std::string pattern = (std::filesystem::temp_directory_path() / "gyre-static-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        outside = pattern;
        root = outside / "root";
        std::filesystem::create_directories(root / "folder");
        put("index.html", "<h1>front</h1>");
        put("folder/index.html", "inside");
        put("a b.txt", "spaced");
        put("empty.txt", "");
        put(".hidden", "secret");
        std::ofstream(outside / "secret.txt") << "secret";
        std::filesystem::create_symlink(outside / "secret.txt", root / "link.txt");
        std::filesystem::create_directory_symlink(outside, root / "linked");
        ::mkfifo((root / "fifo").c_str(), 0600);
    }
    Site(const Site&) = delete;
    auto operator=(const Site&) -> Site& = delete;
    ~Site() { std::filesystem::remove_all(outside); }

    void put(const std::string& name, std::string_view content) const { std::ofstream(root / name) << content; }

    std::filesystem::path outside;
    std::filesystem::path root;
};

TEST(StaticFiles, names_that_may_be_asked_for) {
    EXPECT_EQ(relative_file("/"), "index.html");
    EXPECT_EQ(relative_file("/a/b.txt"), "a/b.txt");
    EXPECT_EQ(relative_file("/a/"), "a/index.html");
    EXPECT_EQ(relative_file("/a%20b%C3%A9"), "a b\xC3\xA9");
    EXPECT_EQ(relative_file("/a..b/c."), "a..b/c.");
    for (const auto* path : {"", "*", "a", "//", "//etc/passwd", "/a//b", "/..", "/../x", "/a/../b", "/a/..", "/.",
             "/a/./b", "/.git/config", "/%2e%2e/x", "/%2E./x", "/.%2e/", "/..%2fx", "/a%2Fb", "/a%5Cb", "/a\\..\\b",
             "/a%00.txt", "/a%0ab", "/a%7f", "/%2fetc/passwd", "/%2e"}) {
        EXPECT_EQ(relative_file(path), std::nullopt) << path;
    }
}

TEST(StaticFiles, media_types) {
    EXPECT_EQ(media_type("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type("x.tar.gz"), "application/gzip");
    EXPECT_EQ(media_type("x.unheard"), "application/octet-stream");
    EXPECT_EQ(media_type("a.txt/b"), "application/octet-stream");
}

TEST(StaticFiles, are_served_with_type_length_and_date) {
    const Site site;
    const auto errors = run_with(World::kernel, cli::static_files(site.root), {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto front = co_await client.ask(get("/?x=1"));
        EXPECT_EQ(front.status, 200);
        EXPECT_EQ(front.body, "<h1>front</h1>");
        EXPECT_EQ(front.field("Content-Type"), "text/html; charset=utf-8");
        EXPECT_EQ(front.field("Content-Length"), "14");
        EXPECT_TRUE(parse_http_date(front.field("Last-Modified"), {}));
        const auto spaced = co_await client.ask(get("/a%20b.txt"));
        EXPECT_EQ(spaced.body, "spaced");
        const auto empty = co_await client.ask(get("/empty.txt"));
        EXPECT_EQ(empty.status, 200);
        EXPECT_EQ(empty.field("Content-Length"), "0");
        const auto head = co_await client.ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
        EXPECT_EQ(head.field("Content-Length"), "14");
        const auto folder = co_await client.ask(get("/folder/"));
        EXPECT_EQ(folder.body, "inside");
        const auto to_slash = co_await client.ask(get("/folder?q"));
        EXPECT_EQ(to_slash.status, 301);
        EXPECT_EQ(to_slash.field("Location"), "/folder/?q");
        const auto wrong_method = co_await client.ask(post("/", "x"));
        EXPECT_EQ(wrong_method.status, 405);
        EXPECT_EQ(wrong_method.field("Allow"), "GET, HEAD");
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
}

TEST(StaticFiles, what_is_hidden_linked_or_outside_is_not_there) {
    const Site site;
    const auto errors = run_with(World::kernel, cli::static_files(site.root), {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        for (const auto* path : {"/nothing", "/.hidden", "/link.txt", "/linked/secret.txt", "/linked/",
                 "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/folder/../index.html", "//",
                 "/index.html/", "/index.html/x", "/a%00", "/fifo", "/linked"}) {
            const auto reply = co_await client.ask(get(path));
            EXPECT_EQ(reply.status, 404) << path;
            EXPECT_EQ(reply.body, "404 Not Found\n") << path;
        }
        const auto long_name = get("/" + std::string(300, 'x'));
        const auto reply = co_await client.ask(long_name);
        EXPECT_EQ(reply.status, 404);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
}

TEST(StaticFiles, large_files_come_in_pieces) {
    const Site site;
    std::string content;
    while (content.size() < 1'000'000) content += std::to_string(content.size()) + "\n";
    site.put("large.bin", content);
    run_with(World::kernel, cli::static_files(site.root), {}, [&](std::uint16_t port) -> Task<void> {
        auto asking = ask(port, get("/large.bin"));
        const auto reply = co_await std::move(asking);
        EXPECT_TRUE(reply.is_whole);
        EXPECT_TRUE(reply.body == content);
    });
}

}  // namespace
}  // namespace gyre::http::server_testing
