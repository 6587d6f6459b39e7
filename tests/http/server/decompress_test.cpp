// http::decompress: bodies in a content coding, how much they may become, and what is refused.

#include "app_harness.hpp"
#include "harness.hpp"

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/decompress.hpp>

#include <algorithm>
#include <cstdio>

namespace gyre::http::server_testing {
namespace {

auto echo_text(Request& request) -> Task<Response> {
    auto text = co_await request.text();
    co_return Response::text(std::move(text));
}

auto app_with(const DecodeLimits& limits, Handler handler = echo_text) -> ExchangeHandler {
    App app;
    app.use(decompress(limits));
    app.post("/", std::move(handler));
    return app.handler();
}

auto reply_to(const ExchangeHandler& handler, std::string request, World world = World::simulated,
    ConnectionOptions options = {}) -> Reply {
    Reply reply;
    const auto errors = run_with(world, handler, options, [&](std::uint16_t port) -> Task<void> {
        auto asking = ask(port, request, "POST");
        reply = co_await std::move(asking);
    });
    EXPECT_TRUE(errors.empty()) << errors[0];
    return reply;
}

auto coded_post(std::string_view body, std::string_view codings) -> std::string {
    return post("/", body, "Content-Encoding: " + std::string(codings) + "\r\n");
}

constexpr ContentCoding all_codings[] = {
    ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};

TEST(Decompress, every_coding_however_it_is_cut) {
    const std::string text(3000, 'x');
    const auto handler = app_with({});
    for (const auto world : all_worlds) {
        for (const auto coding : all_codings) {
            const auto reply = reply_to(handler, coded_post(encode_content(text, coding), coding_name(coding)), world);
            EXPECT_EQ(reply.status, 200) << coding_name(coding);
            EXPECT_EQ(reply.body, text) << coding_name(coding);
        }
        const auto twice = encode_content(encode_content(text, ContentCoding::zstd), ContentCoding::gzip);
        EXPECT_EQ(reply_to(handler, coded_post(twice, "zstd, X-GZIP"), world).body, text);
    }
}

TEST(Decompress, what_is_not_coded_passes) {
    const auto handler = app_with({}, [](Request& request) -> Task<Response> {
        EXPECT_FALSE(request.is_decoded());
        auto text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    EXPECT_EQ(reply_to(handler, post("/", "plain")).body, "plain");
    EXPECT_EQ(reply_to(handler, coded_post("plain", "identity")).body, "plain");
    const auto seen = app_with({}, [](Request& request) -> Task<Response> {
        EXPECT_FALSE(request.is_decoded());
        co_return Response(204);
    });
    EXPECT_EQ(reply_to(seen, coded_post("", "rot13")).status, 204) << "there is nothing to decode";
    const auto told = app_with({}, [](Request& request) -> Task<Response> {
        EXPECT_TRUE(request.is_decoded());
        EXPECT_EQ(request.header("Content-Encoding"), "br") << "how it was sent stays to be seen";
        auto text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    EXPECT_EQ(reply_to(told, coded_post(encode_content("here", ContentCoding::br), "br")).body, "here");
}

TEST(Decompress, an_unknown_coding_is_refused_before_the_body_comes) {
    const auto handler = app_with({}, [](Request&) -> Task<Response> {
        ADD_FAILURE() << "the handler was called";
        co_return Response(204);
    });
    for (const auto world : all_worlds) {
        for (const auto* codings : {"rot13", "gzip, rot13", "gzip, gzip, gzip"}) {
            const auto reply = reply_to(handler,
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\nContent-Encoding: " +
                    std::string(codings) + "\r\n\r\n",
                world);
            EXPECT_EQ(reply.status, 415) << codings;
            EXPECT_EQ(reply.field("Accept-Encoding"), "gzip, deflate, br, zstd") << codings;
            EXPECT_TRUE(reply.interim.empty()) << "the client need not send it";
        }
    }
    const auto thrice = encode_content(
        encode_content(encode_content("deep", ContentCoding::gzip), ContentCoding::gzip), ContentCoding::gzip);
    EXPECT_EQ(reply_to(app_with({.codings = 3}), coded_post(thrice, "gzip, gzip, gzip")).body, "deep");
    EXPECT_EQ(reply_to(app_with({.codings = 2}), coded_post(thrice, "gzip, gzip, gzip")).status, 415);
}

TEST(Decompress, a_bomb_is_refused_by_length_and_by_ratio) {
    for (const auto world : all_worlds) {
        for (const auto coding : all_codings) {
            const auto request = coded_post(encode_content(std::string(3000, 'x'), coding), coding_name(coding));
            const auto status = [&](const DecodeLimits& limits) {
                return reply_to(app_with(limits), request, world).status;
            };
            EXPECT_EQ(status({.output_bytes = 3000}), 200) << coding_name(coding);
            EXPECT_EQ(status({.output_bytes = 2999}), 413) << coding_name(coding);
            EXPECT_EQ(status({.ratio = 1, .ratio_from = 3000}), 200) << coding_name(coding);
            EXPECT_EQ(status({.ratio = 1, .ratio_from = 2999}), 413) << coding_name(coding);
        }
    }
    const auto members = encode_content("a", ContentCoding::gzip) + encode_content("b", ContentCoding::gzip);
    EXPECT_EQ(reply_to(app_with({.members = 2}), coded_post(members, "gzip")).body, "ab");
    EXPECT_EQ(reply_to(app_with({.members = 1}), coded_post(members, "gzip")).status, 413);
}

TEST(Decompress, without_a_limit_of_its_own_the_servers_limit_of_a_body_holds) {
    const auto coded = coded_post(encode_content(std::string(3000, 'x'), ContentCoding::gzip), "gzip");
    ConnectionOptions options;
    options.limits.body_bytes = 3000;
    EXPECT_EQ(reply_to(app_with({}), coded, World::simulated, options).status, 200);
    options.limits.body_bytes = 2999;
    EXPECT_EQ(reply_to(app_with({}), coded, World::simulated, options).status, 413);
    EXPECT_EQ(reply_to(app_with({.output_bytes = 3000}), coded, World::simulated, options).status, 200);
    options.limits.body_bytes = 10;
    EXPECT_EQ(reply_to(app_with({.output_bytes = 3000}), coded, World::simulated, options).status, 413)
        << "it holds for what is sent in any case";
}

TEST(Decompress, what_is_broken_is_400_and_stays_so) {
    const auto good = encode_content("hello hello hello", ContentCoding::gzip);
    const auto handler = app_with({}, [](Request& request) -> Task<Response> {
        for (int i = 0; i < 2; ++i) {
            try {
                auto text = co_await request.body().text();
                ADD_FAILURE() << text;
            } catch (const HttpError& error) {
                EXPECT_EQ(error.status(), 400);
            }
        }
        auto text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    for (const auto world : all_worlds) {
        for (const auto& body : {"x" + good, good.substr(0, good.size() - 1), good + "x"}) {
            const auto reply = reply_to(handler, coded_post(body, "gzip"), world);
            EXPECT_EQ(reply.status, 400);
            EXPECT_NE(reply.body.find("gzip"), std::string::npos) << reply.body;
        }
    }
}

TEST(Decompress, forms_and_lines_are_read_decoded) {
    App app;
    app.use(decompress());
    auto group = app.group("/in");
    group.use(decompress());  // once more does nothing
    group.post("/form", [](Request& request) -> Task<Response> {
        const auto form = co_await request.form();
        co_return Response::text(std::string(form.get("a").value_or("none")));
    });
    group.post("/parts", [](Request& request) -> Task<Response> {
        const auto form = co_await request.form_data();
        co_return Response::text(std::string(form.fields.get("a").value_or("none")));
    });
    group.post("/lines", [](Request& request) -> Task<Response> {
        std::size_t count = 0;
        for (;;) {
            const auto line = co_await request.body().read_line();
            if (!line) break;
            count += 1;
        }
        co_return Response::text(std::to_string(count));
    });
    const auto handler = app.handler();
    const auto ask_for = [&](const std::string& path, const std::string& type, std::string_view body) {
        return reply_to(handler, post(path, encode_content(body, ContentCoding::zstd),
                                     "Content-Encoding: zstd\r\nContent-Type: " + type + "\r\n"))
            .body;
    };
    EXPECT_EQ(ask_for("/in/form", "application/x-www-form-urlencoded", "a=1"), "1");
    EXPECT_EQ(ask_for("/in/parts", "multipart/form-data; boundary=b",
                  "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n2\r\n--b--\r\n"),
        "2");
    EXPECT_EQ(ask_for("/in/lines", "text/plain", "1\n2\n3"), "3");
}

TEST(Decompress, is_decoded_as_it_comes) {
    for (const auto coding : all_codings) {
        const auto handler = app_with({}, [](Request& request) -> Task<Response> {
            const auto begin = this_loop().now();
            const auto line = co_await request.body().read_line();
            EXPECT_EQ(line, "first");
            EXPECT_LT(this_loop().now() - begin, Duration(1s)) << "before the client sends the rest";
            auto rest = co_await request.text();
            EXPECT_GE(this_loop().now() - begin, Duration(2s));
            EXPECT_EQ(request.trailers().get("X-Sum"), "2");
            co_return Response::text(std::move(rest));
        });
        run_with(World::simulated, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            ContentEncoder encoder(coding);
            const auto chunk = [&](std::string_view text) {
                std::string coded;
                encoder.write(text, coded);
                encoder.flush(coded);
                if (text == "second") encoder.finish(coded);
                char size[16];
                const auto length = std::snprintf(size, sizeof size, "%zx\r\n", coded.size());
                return std::string(size, static_cast<std::size_t>(length)) + coded + "\r\n";
            };
            const auto head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Encoding: " +
                              std::string(coding_name(coding)) + "\r\n\r\n";
            const auto first = head + chunk("first\n");
            co_await client.send(first);
            co_await sleep(2s);
            const auto rest = chunk("second") + "0\r\nX-Sum: 2\r\n\r\n";
            const auto reply = co_await client.ask(rest, "POST");
            EXPECT_EQ(reply.body, "second") << coding_name(coding);
        });
    }
}

auto count_turns(std::size_t& turns) -> Task<void> {
    for (;;) {
        turns += 1;
        co_await yield_now();
    }
}

TEST(Decompress, steps_are_bounded_and_others_have_their_turn_between_them) {
    constexpr std::size_t size = 8 * 1024 * 1024;
    const auto coded = encode_content(std::string(size, 'x'), ContentCoding::zstd);
    ASSERT_LT(coded.size(), 4096U) << "so that it comes in one piece";
    std::size_t longest = 0;
    std::size_t total = 0;
    std::size_t turns = 0;
    const auto handler = app_with({.output_bytes = size, .ratio = 0}, [&](Request& request) -> Task<Response> {
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(count_turns(turns));
            for (;;) {
                const auto piece = co_await request.body().read();
                if (piece.empty()) break;
                longest = std::max(longest, piece.size());
                total += piece.size();
            }
            group.cancel();
        });
        co_return Response(204);
    });
    EXPECT_EQ(reply_to(handler, coded_post(coded, "zstd")).status, 204);
    EXPECT_EQ(total, size);
    EXPECT_LE(longest, ContentDecoder::step_bytes);
    EXPECT_GE(turns, size / ContentDecoder::step_bytes / 2);
}

TEST(Decompress, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        App app;
        app.use(decompress());
        app.post("/", echo_text);
        co_await gyre::testing::serve_app(std::move(app), [](Client& client) -> Task<> {
            std::string text = "coded twice, coded twice, coded twice";
            auto request = client.post("/").header("Content-Encoding", "br, gzip");
            request.body(encode_content(encode_content(text, ContentCoding::br), ContentCoding::gzip));
            co_await gyre::testing::expect_text(std::move(request), 200, text);
        });
    };
    gyre::testing::CancelEverywhere(scenario).run();
}

}  // namespace
}  // namespace gyre::http::server_testing
