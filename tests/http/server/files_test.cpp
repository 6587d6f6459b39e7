// Files: what may be asked for, validators and conditions, ranges, variants, listings, and files that change meanwhile.

#include "harness.hpp"
#include "os/os_support.hpp"

#include <gyre/http/core/date.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/sync/event.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace gyre::http::server_testing {
namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz";

/// A directory that goes with the test.
class Site : public gyre::testing::TemporaryFolder {
public:
    Site() : root(path() / "root") {
        std::filesystem::create_directories(root / "folder");
        put("index.html", "<h1>front</h1>");
        put("folder/index.html", "inside");
        put("a b.txt", alphabet);
        put("empty.txt", "");
        put(".hidden", "secret");
        std::ofstream(path() / "secret.txt") << "secret";
        std::filesystem::create_symlink("../secret.txt", root / "link.txt");
        std::filesystem::create_symlink("a b.txt", root / "inner.txt");
        std::filesystem::create_directory_symlink("..", root / "linked");
        ::mkfifo((root / "fifo").c_str(), 0600);
    }

    void put(const std::string& name, std::string_view content) const { std::ofstream(root / name) << content; }

    [[nodiscard]] auto serve(const FilesOptions& options = {}) const -> ExchangeHandler {
        App app;
        app.files("/", root, options);
        return app.handler();
    }

    std::filesystem::path root;
};

auto field_line(std::string_view name, std::string_view value) -> std::string {
    return std::string(name).append(": ").append(value).append("\r\n");
}

/// Rings when a connection of the server has ended.
class EndSignal final : public ServerObserver {
public:
    explicit EndSignal(::gyre::Event& ended) : ended_(ended) {}
    void connection_ends() noexcept override { ended_.set(); }

private:
    ::gyre::Event& ended_;
};

/// Asks for one thing after another; every connection is kept.
void ask_all(World world, const ExchangeHandler& handler, const std::function<Task<void>(RawClient&)>& body) {
    const auto errors = run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await body(client);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
}

TEST(Files, are_served_with_type_length_and_validators) {
    const Site site;
    for (const auto world : all_worlds) {
        ask_all(world, site.serve({.cache_control = "max-age=60"}), [](RawClient& client) -> Task<void> {
            const auto front = co_await client.ask(get("/?x=1"));
            EXPECT_EQ(front.status, 200);
            EXPECT_EQ(front.body, "<h1>front</h1>");
            EXPECT_EQ(front.field("Content-Type"), "text/html; charset=utf-8");
            EXPECT_EQ(front.field("Content-Length"), "14");
            EXPECT_EQ(front.field("Cache-Control"), "max-age=60");
            EXPECT_EQ(front.field("X-Content-Type-Options"), "nosniff");
            EXPECT_EQ(front.field("Accept-Ranges"), "bytes");
            EXPECT_EQ(front.field("Vary"), "(none)");
            EXPECT_TRUE(EntityTag::parse(front.field("ETag")));
            EXPECT_TRUE(parse_http_date(front.field("Last-Modified"), {}));
            const auto spaced = co_await client.ask(get("/a%20b.txt"));
            EXPECT_EQ(spaced.body, alphabet);
            EXPECT_NE(spaced.field("ETag"), front.field("ETag"));
            const auto empty = co_await client.ask(get("/empty.txt"));
            EXPECT_EQ(empty.status, 200);
            EXPECT_EQ(empty.field("Content-Length"), "0");
            const auto head = co_await client.ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
            EXPECT_EQ(head.field("Content-Length"), "14");
            EXPECT_EQ(head.field("ETag"), front.field("ETag"));
            const auto folder = co_await client.ask(get("/folder/"));
            EXPECT_EQ(folder.body, "inside");
            const auto to_slash = co_await client.ask(get("/folder?q"));
            EXPECT_EQ(to_slash.status, 301);
            EXPECT_EQ(to_slash.field("Location"), "/folder/?q");
            const auto wrong_method = co_await client.ask(post("/", "x"));
            EXPECT_EQ(wrong_method.status, 405);
            EXPECT_EQ(wrong_method.field("Allow"), "GET, HEAD, OPTIONS");
        });
    }
}

// CVE-2021-41773 (encoded dots), CVE-2024-23334 (links out of the directory).
TEST(Files, what_is_hidden_linked_or_outside_is_not_there) {
    const Site site;
    site.put("back\\slash.txt", "x");
    site.put("tab\t.txt", "x");
    ask_all(World::kernel, site.serve(), [](RawClient& client) -> Task<void> {
        for (const auto* path :
            {"/nothing", "/.hidden", "/link.txt", "/inner.txt", "/linked/secret.txt", "/linked/", "/linked",
                "/../secret.txt", "/%2e%2e/secret.txt", "/.%2E/secret.txt", "/..%2fsecret.txt", "/..%5csecret.txt",
                "/folder/../index.html", "/folder/./index.html", "/folder%2findex.html", "//", "//index.html",
                "/folder//index.html", "/index.html/", "/index.html/x", "/a%00", "/%00", "/index.html%00", "/fifo",
                "/back%5cslash.txt", "/tab%09.txt", "/%2e", "/%2e%2e", "/~root", "/folder/.", "/folder/.."}) {
            const auto reply = co_await client.ask(get(path));
            EXPECT_EQ(reply.status, 404) << path;
            EXPECT_EQ(reply.body.find("secret"), std::string::npos) << path;
        }
        const auto long_name = get("/" + std::string(300, 'x'));
        const auto reply = co_await client.ask(long_name);
        EXPECT_EQ(reply.status, 404);
    });
}

TEST(Files, links_and_hidden_names_by_option) {
    const Site site;
    ask_all(World::kernel, site.serve({.hidden = true, .follow_links = true}), [](RawClient& client) -> Task<void> {
        const auto inner = co_await client.ask(get("/inner.txt"));
        EXPECT_EQ(inner.body, alphabet);
        const auto hidden = co_await client.ask(get("/.hidden"));
        EXPECT_EQ(hidden.body, "secret");
        for (const auto* path : {"/link.txt", "/linked/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt"}) {
            const auto outside = co_await client.ask(get(path));
            EXPECT_EQ(outside.status, 404) << path;
        }
    });
}

TEST(Files, below_a_prefix_and_in_a_group) {
    const Site site;
    App app;
    app.files("/static/", site.root);
    app.group("/g").files("/files", site.root);
    app.get("/static/own", [](Request&) -> Task<Response> { co_return Response::text("own"); });
    ask_all(World::kernel, app.handler(), [](RawClient& client) -> Task<void> {
        const auto front = co_await client.ask(get("/static/"));
        EXPECT_EQ(front.body, "<h1>front</h1>");
        const auto to_slash = co_await client.ask(get("/static?q"));
        EXPECT_EQ(to_slash.field("Location"), "/static/?q");
        const auto grouped = co_await client.ask(get("/g/files/folder/index.html"));
        EXPECT_EQ(grouped.body, "inside");
        const auto own = co_await client.ask(get("/static/own"));
        EXPECT_EQ(own.body, "own");
        const auto elsewhere = co_await client.ask(get("/index.html"));
        EXPECT_EQ(elsewhere.status, 404);
    });
}

TEST(Files, refuse_what_cannot_be_served) {
    const Site site;
    App app;
    EXPECT_THROW(app.files("/", site.root / "none"), std::invalid_argument);
    EXPECT_THROW(app.files("/", site.root / "index.html"), std::invalid_argument);
    EXPECT_THROW(app.files("/", site.root, {.index = "a/b"}), std::invalid_argument);
    EXPECT_THROW(app.files("/", site.root, {.cache_control = "a\nb"}), ProtocolError);
    EXPECT_THROW(app.files("x", site.root), std::invalid_argument);
    app.files("/", site.root);
    EXPECT_THROW(app.files("/", site.root), std::invalid_argument) << "there is one";
}

TEST(Files, conditions) {
    const Site site;
    // An hour ago, so that its date may be believed.
    std::filesystem::last_write_time(site.root / "a b.txt", std::filesystem::file_time_type::clock::now() - 1h);
    ask_all(World::kernel, site.serve({.cache_control = "no-cache"}), [](RawClient& client) -> Task<void> {
        const auto whole = co_await client.ask(get("/a%20b.txt"));
        const auto tag = whole.field("ETag");
        const auto date = whole.field("Last-Modified");
        const auto same = co_await client.ask(get("/a%20b.txt", field_line("If-None-Match", "W/" + tag)));
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(same.body, "");
        EXPECT_EQ(same.field("ETag"), tag);
        EXPECT_EQ(same.field("Cache-Control"), "no-cache");
        EXPECT_NE(same.field("Date"), "(none)");
        EXPECT_EQ(same.field("Content-Type"), "(none)");
        const auto since = co_await client.ask(get("/a%20b.txt", field_line("If-Modified-Since", date)));
        EXPECT_EQ(since.status, 304);
        const auto other = co_await client.ask(
            get("/a%20b.txt", field_line("If-None-Match", "\"other\"") + field_line("If-Modified-Since", date)));
        EXPECT_EQ(other.status, 200);
        const auto match = co_await client.ask(get("/a%20b.txt", field_line("If-Match", "\"other\"")));
        EXPECT_EQ(match.status, 412);
        EXPECT_EQ(match.field("ETag"), tag);
        const auto head = co_await client.ask(
            "HEAD /a%20b.txt HTTP/1.1\r\nHost: h\r\n" + field_line("If-None-Match", "*") + "\r\n", "HEAD");
        EXPECT_EQ(head.status, 304);
        // 304 goes before 206, and If-Range is about the range alone.
        const auto range = co_await client.ask(
            get("/a%20b.txt", field_line("If-None-Match", tag) + field_line("Range", "bytes=0-1")));
        EXPECT_EQ(range.status, 304);
        for (const auto& validator : {tag, date}) {
            const auto part = co_await client.ask(
                get("/a%20b.txt", field_line("If-Range", validator) + field_line("Range", "bytes=0-1")));
            EXPECT_EQ(part.status, 206) << validator;
        }
        const auto outdated = co_await client.ask(
            get("/a%20b.txt", field_line("If-Range", "\"other\"") + field_line("Range", "bytes=0-1")));
        EXPECT_EQ(outdated.status, 200);
        EXPECT_EQ(outdated.body, alphabet);
    });
}

TEST(Files, a_changed_file_has_another_tag) {
    const Site site;
    ask_all(World::kernel, site.serve(), [&](RawClient& client) -> Task<void> {
        const auto before = co_await client.ask(get("/a%20b.txt"));
        std::filesystem::last_write_time(site.root / "a b.txt", std::filesystem::file_time_type::clock::now() - 1h);
        const auto touched = co_await client.ask(get("/a%20b.txt"));
        EXPECT_NE(touched.field("ETag"), before.field("ETag"));
    });
}

TEST(Files, one_range) {
    const Site site;
    for (const auto world : all_worlds) {
        ask_all(world, site.serve(), [](RawClient& client) -> Task<void> {
            const auto part = co_await client.ask(get("/a%20b.txt", "Range: bytes=2-4\r\n"));
            EXPECT_EQ(part.status, 206);
            EXPECT_EQ(part.body, "cde");
            EXPECT_EQ(part.field("Content-Range"), "bytes 2-4/26");
            EXPECT_EQ(part.field("Content-Length"), "3");
            EXPECT_EQ(part.field("Content-Type"), "text/plain; charset=utf-8");
            const auto tail = co_await client.ask(get("/a%20b.txt", "Range: bytes=-2\r\n"));
            EXPECT_EQ(tail.body, "yz");
            const auto none = co_await client.ask(get("/a%20b.txt", "Range: bytes=26-\r\n"));
            EXPECT_EQ(none.status, 416);
            EXPECT_EQ(none.field("Content-Range"), "bytes */26");
            const auto nonsense = co_await client.ask(get("/a%20b.txt", "Range: bytes=4-2\r\n"));
            EXPECT_EQ(nonsense.status, 200);
            const auto twice = co_await client.ask(get("/a%20b.txt", "Range: bytes=0-0\r\nRange: bytes=1-1\r\n"));
            EXPECT_EQ(twice.status, 200);
            const auto head = co_await client.ask(
                "HEAD /a%20b.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n", "HEAD");
            EXPECT_EQ(head.status, 200) << "Range is for GET";
            EXPECT_EQ(head.field("Content-Length"), "26");
        });
    }
}

TEST(Files, several_ranges) {
    const Site site;
    std::string content;
    while (content.size() < 300'000) content += std::to_string(content.size()) + "\n";
    site.put("large.txt", content);
    for (const auto world : all_worlds) {
        ask_all(world, site.serve(), [&](RawClient& client) -> Task<void> {
            const auto reply = co_await client.ask(get("/large.txt", "Range: bytes=0-3,1000-200000\r\n"));
            EXPECT_EQ(reply.status, 206);
            const auto type = reply.field("Content-Type");
            constexpr std::string_view expected = "multipart/byteranges; boundary=";
            EXPECT_TRUE(type.starts_with(expected)) << type;
            const auto line = "--" + type.substr(expected.size());
            const auto size = "/" + std::to_string(content.size());
            std::string body = line + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-3" + size +
                               "\r\n\r\n";
            body += content.substr(0, 4) + "\r\n" + line;
            body += "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 1000-200000" + size +
                    "\r\n\r\n";
            body += content.substr(1000, 199'001) + "\r\n" + line + "--\r\n";
            EXPECT_TRUE(reply.body == body);
            EXPECT_EQ(reply.field("Content-Length"), std::to_string(body.size()));
            EXPECT_EQ(reply.field("Content-Range"), "(none)");
            const auto touching = co_await client.ask(get("/large.txt", "Range: bytes=4-9,0-3\r\n"));
            EXPECT_EQ(touching.body, content.substr(0, 10));
            EXPECT_EQ(touching.field("Content-Range"), "bytes 0-9" + size);
        });
    }
}

TEST(Files, large_ones_come_in_pieces) {
    const Site site;
    std::string content;
    while (content.size() < 1'000'000) content += std::to_string(content.size()) + "\n";
    site.put("large.bin", content);
    for (const auto world : {World::kernel, World::simulated}) {
        ask_all(world, site.serve(), [&](RawClient& client) -> Task<void> {
            const auto reply = co_await client.ask(get("/large.bin"));
            EXPECT_TRUE(reply.body == content);
            const auto part = co_await client.ask(get("/large.bin", "Range: bytes=65535-131073\r\n"));
            EXPECT_TRUE(part.body == content.substr(65'535, 65'539));
        });
    }
}

/// Sends a part of a file between texts of its own.
auto framed_file(fs::File file, std::uint64_t offset, std::uint64_t size, BodyWriter& writer) -> Task<void> {
    co_await writer.write("<");
    co_await writer.write_file(file, offset, size);
    co_await writer.write(">");
}

auto frame(std::filesystem::path path, std::uint64_t offset, std::uint64_t size) -> Task<Response> {
    auto opened = co_await fs::open(std::move(path));
    auto file = std::make_shared<fs::File>(std::move(opened));
    co_return Response::stream("text/plain",
        [file, offset, size](BodyWriter& writer) { return framed_file(std::move(*file), offset, size, writer); });
}

TEST(Files, parts_of_them_go_into_streamed_bodies) {
    const Site site;
    std::string content;
    while (content.size() < 3'000'000) content += std::to_string(content.size()) + "\n";
    site.put("large.bin", content);
    App app;
    app.get("/some", [&](Request&) { return frame(site.root / "large.bin", 7, 2'500'000); });
    app.get("/none", [&](Request&) { return frame(site.root / "large.bin", 7, 0); });
    app.get("/sized", [&](Request&) -> Task<Response> {
        auto response = co_await frame(site.root / "large.bin", 1, 300'000);
        response.header("Content-Length", "300002");
        co_return response;
    });
    for (const auto world : {World::kernel, World::simulated}) {
        ask_all(world, app.handler(), [&](RawClient& client) -> Task<void> {
            const auto some = co_await client.ask(get("/some"));
            EXPECT_TRUE(some.body == "<" + content.substr(7, 2'500'000) + ">") << some.body.size();
            const auto none = co_await client.ask(get("/none"));
            EXPECT_EQ(none.body, "<>");
            const auto sized = co_await client.ask(get("/sized"));
            EXPECT_TRUE(sized.body == "<" + content.substr(1, 300'000) + ">") << sized.body.size();
        });
    }
}

TEST(Files, a_client_that_does_not_take_one_is_given_up) {
    const Site site;
    site.put("large.bin", std::string(50'000'000, 'x'));  // more than the sockets hold
    ::gyre::Event given_up;
    EndSignal observer(given_up);
    ConnectionOptions options;
    options.write_timeout = std::chrono::milliseconds(100);
    options.observers = {&observer};
    const auto errors = run_with(World::kernel, site.serve(), options, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/large.bin"));
        static_cast<void>(co_await client.stream.fill());
        co_await given_up.wait();
        const auto reply = co_await client.receive();
        EXPECT_EQ(reply.status, 200);
        EXPECT_FALSE(reply.is_whole);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
}

TEST(Files, one_that_shrinks_while_it_is_sent_cuts_the_connection) {
    const Site site;
    const auto file = site.root / "large.bin";
    site.put("large.bin", std::string(50'000'000, 'x'));  // more than the sockets hold
    const auto errors = run_with(World::kernel, site.serve(), {}, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/large.bin"));
        static_cast<void>(co_await client.stream.fill());
        std::filesystem::resize_file(file, 100);
        const auto reply = co_await client.receive();
        EXPECT_EQ(reply.status, 200);
        EXPECT_FALSE(reply.is_whole);
    });
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].find("it became shorter while it was sent"), std::string::npos) << errors[0];
}

TEST(Files, precompressed_variants) {
    const Site site;
    site.put("app.js", "plain");
    site.put("app.js.br", "brotli");
    site.put("app.js.gz", "gzip");
    site.put("folder/index.html.gz", "gzip of inside");
    site.put("old.js", "new");
    site.put("old.js.gz", "old");
    std::filesystem::last_write_time(site.root / "old.js.gz", std::filesystem::file_time_type::clock::now() - 1h);
    ask_all(World::kernel, site.serve({.precompressed = true}), [](RawClient& client) -> Task<void> {
        const auto plain = co_await client.ask(get("/app.js"));
        EXPECT_EQ(plain.body, "plain");
        EXPECT_EQ(plain.field("Vary"), "Accept-Encoding");
        EXPECT_EQ(plain.field("Content-Encoding"), "(none)");
        const auto brotli = co_await client.ask(get("/app.js", "Accept-Encoding: gzip, deflate, br, zstd\r\n"));
        EXPECT_EQ(brotli.body, "brotli");
        EXPECT_EQ(brotli.field("Content-Encoding"), "br");
        EXPECT_EQ(brotli.field("Content-Type"), "text/javascript; charset=utf-8");
        EXPECT_NE(brotli.field("ETag"), plain.field("ETag"));
        const auto gzip = co_await client.ask(get("/app.js", "Accept-Encoding: zstd, br;q=0.5, gzip\r\n"));
        EXPECT_EQ(gzip.body, "gzip");
        EXPECT_NE(gzip.field("ETag"), brotli.field("ETag"));
        const auto same = co_await client.ask(
            get("/app.js", "Accept-Encoding: br\r\n" + field_line("If-None-Match", brotli.field("ETag"))));
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(same.field("Vary"), "Accept-Encoding");
        const auto part = co_await client.ask(get("/app.js", "Accept-Encoding: br\r\nRange: bytes=1-2\r\n"));
        EXPECT_EQ(part.body, "ro");
        EXPECT_EQ(part.field("Content-Range"), "bytes 1-2/6") << "of the variant";
        const auto index = co_await client.ask(get("/folder/", "Accept-Encoding: gzip\r\n"));
        EXPECT_EQ(index.body, "gzip of inside");
        const auto outdated = co_await client.ask(get("/old.js", "Accept-Encoding: gzip\r\n"));
        EXPECT_EQ(outdated.body, "new");
        const auto refused = co_await client.ask(get("/old.js", "Accept-Encoding: gzip, identity;q=0\r\n"));
        EXPECT_EQ(refused.status, 406);
    });
}

TEST(Files, a_listing_is_escaped_and_tells_no_secrets) {
    const Site site;
    std::filesystem::create_directories(site.root / "list" / "sub");
    site.put("list/<b>&\".txt", "x");
    site.put("list/a b%.txt", "x");
    site.put("list/.hidden", "x");
    std::filesystem::create_symlink("a b%.txt", site.root / "list" / "link");
    ask_all(World::kernel, site.serve({.listing = true}), [](RawClient& client) -> Task<void> {
        const auto list = co_await client.ask(get("/list/"));
        EXPECT_EQ(list.status, 200);
        EXPECT_EQ(list.field("Content-Type"), "text/html; charset=utf-8");
        EXPECT_EQ(list.field("Content-Security-Policy"), "default-src 'none'");
        EXPECT_EQ(list.body,
            "<!doctype html>\n<meta charset=\"utf-8\">\n<title>/list/</title>\n<h1>/list/</h1>\n<ul>\n"
            "<li><a href=\"../\">../</a>\n<li><a href=\"sub/\">sub/</a>\n"
            "<li><a href=\"%3Cb%3E%26%22.txt\">&lt;b&gt;&amp;&quot;.txt</a>\n"
            "<li><a href=\"a%20b%25.txt\">a b%.txt</a>\n</ul>\n");
        const auto index = co_await client.ask(get("/"));
        EXPECT_EQ(index.body, "<h1>front</h1>") << "the index goes first";
        for (const auto* path : {"/none/", "/linked/", "/index.html/", "/list/.hidden/"}) {
            const auto none = co_await client.ask(get(path));
            EXPECT_EQ(none.status, 404) << path;
        }
    });
    ask_all(World::kernel, site.serve(), [](RawClient& client) -> Task<void> {
        const auto list = co_await client.ask(get("/list/"));
        EXPECT_EQ(list.status, 404) << "off unless asked for";
    });
}

TEST(Files, one_file_as_a_response) {
    const Site site;
    const auto file = site.root / "a b.txt";
    App app;
    int seen = 0;
    app.use([&](Request& request, Next next) -> Task<Response> {
        auto response = co_await next(request);
        seen = response.status();
        co_return response;
    });
    app.get("/plain", [&](Request&) -> Task<Response> { co_return Response::file(file); });
    app.get("/named", [&](Request&) -> Task<Response> {
        co_return Response::file(file, {.content_type = "text/x", .download_name = "f.txt", .cache_control = "no-store"})
            .header("ETag", "\"mine\"");
    });
    app.get("/sorry", [&](Request&) -> Task<Response> {
        auto response = Response::file(file);
        response.set_status(404);
        co_return response;
    });
    app.get("/none", [&](Request&) -> Task<Response> { co_return Response::file(file.string() + "x"); });
    app.get("/folder", [&](Request&) -> Task<Response> { co_return Response::file(site.root); });
    ask_all(World::kernel, app.handler(), [&](RawClient& client) -> Task<void> {
        const auto plain = co_await client.ask(get("/plain"));
        EXPECT_EQ(plain.body, alphabet);
        EXPECT_EQ(plain.field("Content-Type"), "text/plain; charset=utf-8");
        const auto same = co_await client.ask(get("/plain", field_line("If-None-Match", plain.field("ETag"))));
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(seen, 304) << "middlewares see what it came to";
        const auto named = co_await client.ask(get("/named", "If-None-Match: \"mine\"\r\n"));
        EXPECT_EQ(named.status, 304);
        const auto again = co_await client.ask(get("/named"));
        EXPECT_EQ(again.field("ETag"), "\"mine\"");
        EXPECT_EQ(again.field("Content-Type"), "text/x");
        EXPECT_EQ(again.field("Content-Disposition"), "attachment; filename=\"f.txt\"");
        EXPECT_EQ(again.field("Cache-Control"), "no-store");
        const auto sorry = co_await client.ask(get("/sorry", "Range: bytes=0-0\r\nIf-None-Match: *\r\n"));
        EXPECT_EQ(sorry.status, 404);
        EXPECT_EQ(sorry.body, alphabet);
        for (const auto* path : {"/none", "/folder"}) {
            const auto none = co_await client.ask(get(path));
            EXPECT_EQ(none.status, 404) << path;
            EXPECT_EQ(none.field("Content-Type"), "application/problem+json");
        }
    });
}

TEST(Files, a_middleware_may_answer_with_one) {
    const Site site;
    App app;
    app.use([&](Request&, Next) -> Task<Response> { co_return Response::file(site.root / "a b.txt"); });
    ask_all(World::kernel, app.handler(), [](RawClient& client) -> Task<void> {
        const auto reply = co_await client.ask(get("/anything", "Range: bytes=0-0\r\n"));
        EXPECT_EQ(reply.status, 206);
        EXPECT_EQ(reply.body, "a");
    });
}

TEST(Conditional, handlers_save_themselves_the_work) {
    App app;
    int computed = 0;
    app.route("*", "/", [&](Request& request) -> Task<Response> {
        const Validators current("\"v1\"", std::chrono::sys_seconds(1'000'000s));
        if (auto answer = request.not_modified(current)) co_return *std::move(answer);
        ++computed;
        co_return Response::text("body").validators(current);
    });
    ask_all(World::kernel, app.handler(), [&](RawClient& client) -> Task<void> {
        const auto fresh = co_await client.ask(get("/"));
        EXPECT_EQ(fresh.field("ETag"), "\"v1\"");
        EXPECT_EQ(fresh.field("Last-Modified"), "Mon, 12 Jan 1970 13:46:40 GMT");
        const auto same = co_await client.ask(get("/", "If-None-Match: \"v1\"\r\n"));
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(same.field("ETag"), "\"v1\"");
        const auto lost = co_await client.ask(post("/", "x", "If-Match: \"v0\"\r\n"));
        EXPECT_EQ(lost.status, 412);
        EXPECT_EQ(computed, 1);
    });
}

}  // namespace
}  // namespace gyre::http::server_testing
