// http::compress: what is compressed, how it is told, and what is left alone.

#include "harness.hpp"
#include "os/os_support.hpp"

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/compress.hpp>

#include <fstream>
#include <stdexcept>

namespace gyre::http::server_testing {
namespace {

const std::string long_text = [] {
    std::string text;
    while (text.size() < 5'000) text += "all work and no play makes a dull page\n";
    return text;
}();

auto app_with(const CompressOptions& options, Handler handler) -> ExchangeHandler {
    App app;
    app.use(compress(options));
    app.get("/", std::move(handler));
    return app.handler();
}

auto answering(Response response) -> Handler {
    auto shared = std::make_shared<Response>(std::move(response));
    return [shared](Request&) -> Task<Response> { co_return *shared; };
}

/// The reply to a GET with these fields.
auto reply_to(const ExchangeHandler& handler, std::string fields, World world = World::simulated,
    std::string method = "GET") -> Reply {
    Reply reply;
    const auto errors = run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto asking = ask(port, method + " / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n", method);
        reply = co_await std::move(asking);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
    return reply;
}

constexpr auto takes_all = "Accept-Encoding: gzip, deflate, br, zstd\r\n";

TEST(Compress, what_the_client_takes_and_the_server_likes_best) {
    const auto handler = app_with({}, answering(Response::text(long_text).header("ETag", "\"a\"")));
    for (const auto world : all_worlds) {
        const auto plain = reply_to(handler, "", world);
        EXPECT_EQ(plain.body, long_text);
        EXPECT_EQ(plain.field("Vary"), "Accept-Encoding");
        EXPECT_EQ(plain.field("Content-Encoding"), "(none)");
        EXPECT_EQ(plain.field("ETag"), "\"a\"");
        const auto all = reply_to(handler, takes_all, world);
        EXPECT_EQ(all.field("Content-Encoding"), "zstd");
        EXPECT_EQ(decode_content(all.body, ContentCoding::zstd), long_text);
        EXPECT_EQ(all.field("Content-Length"), std::to_string(all.body.size()));
        EXPECT_EQ(all.field("Vary"), "Accept-Encoding");
        EXPECT_EQ(all.field("ETag"), "W/\"a\"") << "other bytes, equal in meaning";
    }
    const auto gzip = reply_to(handler, "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(gzip.field("Content-Encoding"), "gzip");
    EXPECT_EQ(decode_content(gzip.body, ContentCoding::gzip), long_text);
    EXPECT_LT(gzip.body.size(), long_text.size() / 10);
    const auto brotli = reply_to(handler, "Accept-Encoding: gzip;q=0.5, br;q=0.8, zstd;q=0\r\n");
    EXPECT_EQ(decode_content(brotli.body, ContentCoding::br), long_text);
    const auto unknown = reply_to(handler, "Accept-Encoding: compress\r\n");
    EXPECT_EQ(unknown.body, long_text);
    const auto nothing = reply_to(handler, "Accept-Encoding:\r\n");
    EXPECT_EQ(nothing.body, long_text);
    const auto preferring_plain = reply_to(handler, "Accept-Encoding: identity, gzip;q=0.5\r\n");
    EXPECT_EQ(preferring_plain.body, long_text);
}

TEST(Compress, a_client_that_takes_nothing_gets_406) {
    const auto handler = app_with({}, answering(Response::text(long_text)));
    for (const auto* fields :
        {"Accept-Encoding: identity;q=0\r\n", "Accept-Encoding: *;q=0\r\n", "Accept-Encoding: compress, *;q=0\r\n"}) {
        const auto reply = reply_to(handler, fields);
        EXPECT_EQ(reply.status, 406) << fields;
        EXPECT_EQ(reply.field("Vary"), "Accept-Encoding");
    }
    EXPECT_EQ(reply_to(handler, "Accept-Encoding: gzip, identity;q=0\r\n").status, 200);
    const auto missing = app_with({}, answering(Response::text(long_text, 404)));
    EXPECT_EQ(reply_to(missing, "Accept-Encoding: identity;q=0\r\n").status, 404) << "an error stays what it is";
    // What is not worth it is compressed all the same for a client that does not take it plain.
    const auto little = app_with({}, answering(Response::bytes("image/png", "x")));
    const auto coded = reply_to(little, "Accept-Encoding: gzip, identity;q=0\r\n");
    EXPECT_EQ(decode_content(coded.body, ContentCoding::gzip), "x");
    EXPECT_EQ(reply_to(little, "Accept-Encoding: identity;q=0\r\n").status, 406);
    const auto empty = app_with({}, answering(Response(204)));
    EXPECT_EQ(reply_to(empty, "Accept-Encoding: identity;q=0\r\n").status, 204);
}

TEST(Compress, from_the_smallest_size_on) {
    const std::string page(100, 'x');
    EXPECT_EQ(
        reply_to(app_with({.min_bytes = 101}, answering(Response::text(page))), takes_all).field("Content-Encoding"),
        "(none)");
    EXPECT_EQ(
        reply_to(app_with({.min_bytes = 101}, answering(Response::text(page))), takes_all).field("Vary"), "(none)");
    EXPECT_EQ(
        reply_to(app_with({.min_bytes = 100}, answering(Response::text(page))), takes_all).field("Content-Encoding"),
        "zstd");
    EXPECT_EQ(
        reply_to(app_with({}, answering(Response::text(std::string(1023, 'x')))), takes_all).field("Content-Encoding"),
        "(none)");
    EXPECT_EQ(
        reply_to(app_with({}, answering(Response::text(std::string(1024, 'x')))), takes_all).field("Content-Encoding"),
        "zstd");
}

TEST(Compress, types_that_are_worth_it) {
    const auto coding_of = [](std::string type, const CompressOptions& options = {}) {
        return reply_to(
            app_with(options, answering(Response::bytes(std::move(type), long_text))), "Accept-Encoding: gzip\r\n")
            .field("Content-Encoding");
    };
    for (const auto* type :
        {"text/html; charset=utf-8", "TEXT/plain", "application/json", "application/ld+json", "image/svg+xml"}) {
        EXPECT_EQ(coding_of(type), "gzip") << type;
    }
    for (const auto* type : {"image/png", "application/zip", "text", "application/octet-stream", "text/event-stream"}) {
        EXPECT_EQ(coding_of(type), "(none)") << type;
    }
    EXPECT_EQ(coding_of("image/png", {.media_types = "image/*"}), "gzip");
    EXPECT_EQ(coding_of("text/html", {.media_types = "image/*"}), "(none)");
    EXPECT_EQ(coding_of("text/event-stream", {.media_types = "text/*, text/event-stream"}), "gzip");
}

TEST(Compress, leaves_alone_what_must_not_change) {
    const auto left_alone = [](Response response) {
        const auto body = std::get<std::string>(response.body());
        const auto reply = reply_to(app_with({.min_bytes = 0}, answering(std::move(response))), takes_all);
        return reply.body == body;
    };
    EXPECT_TRUE(left_alone(Response::text(long_text).header("Content-Encoding", "x")));
    EXPECT_TRUE(left_alone(Response::text(long_text).header("Cache-Control", "public, no-transform")));
    EXPECT_TRUE(left_alone(Response::text(long_text, 206).header("Content-Range", "bytes 0-1/2")));
    EXPECT_TRUE(left_alone(Response(204)));
    EXPECT_FALSE(left_alone(Response::text(long_text, 404)));
    EXPECT_FALSE(left_alone(Response::text(long_text).header("Cache-Control", "public")));
}

TEST(Compress, a_part_varies_as_the_whole_would) {
    const auto vary_of = [](const char* type, const char* range, const char* more = "X: y") {
        auto response = Response::bytes(type, "0123456789", 206);
        if (*range != '\0') response.header("Content-Range", range);
        const std::string_view line = more;
        response.header(line.substr(0, line.find(':')), line.substr(line.find(' ') + 1));
        return reply_to(app_with({}, answering(std::move(response))), takes_all).field("Vary");
    };
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/1024"), "Accept-Encoding");
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/*"), "Accept-Encoding");
    EXPECT_EQ(vary_of("multipart/byteranges; boundary=b", ""), "Accept-Encoding") << "of parts of any type";
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/1024", "Vary: Accept-Encoding"), "Accept-Encoding") << "once";
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/1023"), "(none)") << "too short to be compressed";
    EXPECT_EQ(vary_of("image/png", "bytes 0-9/1024"), "(none)");
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/1024", "Content-Encoding: x"), "(none)");
    EXPECT_EQ(vary_of("text/plain", "bytes 0-9/1024", "Cache-Control: no-transform"), "(none)");
}

TEST(Compress, a_part_of_a_file_varies_as_the_file_does) {
    const gyre::testing::TemporaryFolder folder;
    const auto path = folder.path() / "page.html";
    std::ofstream(path) << long_text;
    const auto handler = app_with({}, [path](Request&) -> Task<Response> { co_return Response::file(path); });
    const auto fields = std::string(takes_all) + "Range: bytes=0-9\r\n";
    const auto part = reply_to(handler, fields, World::kernel);
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, long_text.substr(0, 10));
    EXPECT_EQ(part.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(reply_to(handler, takes_all, World::kernel).field("Vary"), "Accept-Encoding");
}

TEST(Compress, what_is_streamed_arrives_as_it_is_written) {
    const auto handler = app_with({}, [](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [](BodyWriter& body) -> Task<void> {
            co_await body.write("first");
            co_await sleep(1h);
            co_await body.write("second");
            body.trailer("X-Sum", "2");
        });
    });
    for (const std::string coding : {"gzip", "deflate", "br", "zstd"}) {
        const auto with_all = app_with({.codings = "gzip, deflate, br, zstd"}, [](Request&) -> Task<Response> {
            co_return Response::stream("text/plain", [](BodyWriter& body) -> Task<void> {
                co_await body.write("first");
                co_await sleep(1h);
                co_await body.write("second");
                body.trailer("X-Sum", "2");
            });
        });
        run_with(World::simulated, with_all, {}, [&](std::uint16_t port) -> Task<void> {
            auto stream = co_await net::connect("127.0.0.1", port);
            const auto request = get("/", "Accept-Encoding: " + coding + "\r\n");
            co_await stream.write(request);
            ResponseParser parser;
            parser.expect("GET");
            ContentDecoder decoder(*parse_coding(coding));
            std::string text;
            Duration first{};
            const auto begin = this_loop().now();
            for (bool is_whole = false; !is_whole;) {
                const auto event = parser.next(stream.buffered());
                std::string_view coded(event.body.data(), event.body.size());
                while (true) {
                    const auto piece = decoder.take(coded);
                    if (piece.empty()) break;
                    text.append(piece);
                }
                if (text == "first") first = this_loop().now() - begin;
                stream.consume(event.consumed);
                is_whole = event.kind == EventKind::complete;
                if (event.kind == EventKind::need_more) static_cast<void>(co_await stream.fill());
            }
            decoder.finish();
            EXPECT_EQ(text, "firstsecond") << coding;
            EXPECT_LT(first, Duration(1min)) << coding;
            EXPECT_EQ(parser.trailers().get("X-Sum"), "2") << coding;
        });
    }
    EXPECT_EQ(reply_to(handler, "").body, "firstsecond");
}

TEST(Compress, large_bodies_in_steps) {
    std::string text;
    while (text.size() < 1'000'000) text += std::to_string(text.size()) + " ";
    const auto handler = app_with({}, answering(Response::text(text)));
    const auto reply = reply_to(handler, "Accept-Encoding: gzip\r\n", World::kernel);
    EXPECT_TRUE(decode_content(reply.body, ContentCoding::gzip) == text);
    EXPECT_EQ(reply.field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply.field("Content-Length"), "(none)");
}

TEST(Compress, head_is_told_what_get_would_be) {
    const auto handler = app_with({}, answering(Response::text(long_text).header("ETag", "\"a\"")));
    const auto whole = reply_to(handler, "Accept-Encoding: gzip\r\n");
    const auto head = reply_to(handler, "Accept-Encoding: gzip\r\n", World::simulated, "HEAD");
    EXPECT_EQ(head.field("Content-Encoding"), "gzip");
    EXPECT_EQ(head.field("Content-Length"), whole.field("Content-Length"));
    EXPECT_EQ(head.body, "");
}

TEST(Compress, not_modified_stands_for_the_coded_form) {
    const Validators current("\"a\"");
    const auto handler = app_with({}, [current](Request& request) -> Task<Response> {
        if (auto answer = request.not_modified(current)) co_return *std::move(answer);
        co_return Response::text(long_text).validators(current);
    });
    const auto fields = std::string(takes_all) + "If-None-Match: W/\"a\"\r\n";
    const auto same = reply_to(handler, fields);
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.field("ETag"), "W/\"a\"");
    EXPECT_EQ(same.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(reply_to(handler, "If-None-Match: W/\"a\"\r\n").field("ETag"), "\"a\"");
}

TEST(Compress, a_file_that_a_middleware_answers_with) {
    const gyre::testing::TemporaryFolder folder;
    const auto path = folder.path() / "closed.html";
    std::ofstream(path) << long_text;
    App app;
    app.use(compress());
    app.use([path](Request&, Next) -> Task<Response> { co_return Response::file(path); });
    app.get("/", answering(Response::text("open")));
    const auto reply = reply_to(app.handler(), "Accept-Encoding: gzip\r\n", World::kernel);
    EXPECT_EQ(reply.field("Content-Encoding"), "gzip");
    EXPECT_EQ(decode_content(reply.body, ContentCoding::gzip), long_text);
}

TEST(Compress, options_that_make_no_sense) {
    EXPECT_THROW(static_cast<void>(compress({.codings = "gzip, rot13"})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(compress({.codings = "identity"})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(compress({.codings = ""})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(compress({.gzip_level = 10})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(compress({.br_level = 12})), std::invalid_argument);
    EXPECT_NO_THROW(static_cast<void>(compress({.gzip_level = 9, .br_level = 11, .zstd_level = 19})));
    EXPECT_NO_THROW(static_cast<void>(compress({.codings = "gzip", .br_level = 12}))) << "not offered";
}

}  // namespace
}  // namespace gyre::http::server_testing
