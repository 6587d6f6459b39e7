// What reads and writes without any I/O: whichever allocation fails, it throws std::bad_alloc and nothing is left behind.

#include "failing_memory.hpp"

#include "../http/core/h1_transcript.hpp"
#include "../http/core/multipart_transcript.hpp"
#include "../http/core/websocket_transcript.hpp"

#include <gyre/http/client/cookie_jar.hpp>
#include <gyre/http/core/challenge.hpp>
#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/core/content_disposition.hpp>
#include <gyre/http/core/cookie_signer.hpp>
#include <gyre/http/core/event_stream.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/http/core/media_type.hpp>
#include <gyre/http/core/query.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/http/core/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <stdexcept>

namespace gyre::torture {
namespace {

using namespace gyre::http;
using namespace gyre::http::testing;

struct Work {
    std::string_view name;
    std::function<void()> run;
};

constexpr std::string_view request =
    "POST /a/long/path/that/fits/into/no/small/string?with=a&query=too HTTP/1.1\r\nHost: www.example.org\r\n"
    "X: a value that is longer than what a string keeps in itself\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;a=b\r\nhello\r\n0\r\nSum: a trailer that is longer than what a string keeps in itself\r\n\r\n"
    "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view response =
    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 A reason of some "
    "length\r\n"
    "X: a value that is longer than what a string keeps in itself\r\nContent-Length: 2\r\n\r\nok";

// The trailers of a failed message, the fields of a failed set: what was there before stays.
void change_fields() {
    Fields fields{{"A", "1"}, {"B", std::string(200, 'b')}};
    const Fields before = fields;
    try {
        fields.add("C", std::string(300, 'c'));
    } catch (const std::bad_alloc&) {
        EXPECT_EQ(fields, before) << "nothing is added";
        throw;
    }
    const Fields added = fields;
    try {
        fields.set("B", std::string(3000, 'x'));
    } catch (const std::bad_alloc&) {
        EXPECT_EQ(fields.count("B"), 1U);
        EXPECT_EQ(fields.get("A"), "1");
        throw;
    }
    EXPECT_EQ(fields.remove("B"), 1U);
    EXPECT_EQ(fields.size(), 2U);
}

void keep_cookies() {
    const std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};
    const auto url = Url::parse("https://www.example.org/a/path/of/some/length");
    CookieJar jar;
    for (const auto* const cookie : {"a=1; Domain=example.org", "b=a value that is longer than a small string; Path=/a",
             "a=2; Domain=example.org; Max-Age=10"}) {
        if (const auto received = parse_set_cookie(cookie)) (void)jar.set(url, *received, now);
    }
    EXPECT_EQ(jar.header_for(url, now), "a=2; b=a value that is longer than a small string");
    CookieJar copy;
    copy.add_text(jar.to_text(now, true), now);
    EXPECT_EQ(copy.size(), 2U);
}

void write_messages() {
    std::string out;
    auto body = write_head(
        RequestHead{"POST", "/a/path/of/some/length", {}, {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}}, out);
    body.write(std::string_view("a body"), out);
    body.finish(out, {{"Sum", "a trailer that is longer than a small string"}});
    EXPECT_TRUE(out.ends_with("small string\r\n\r\n"));
}

void code_content(ContentCoding coding) {
    const std::string text(50'000, 'a');  // some steps of the decoder
    EXPECT_EQ(decode_content(encode_content(text, coding), coding), text);
}

// Not the writing: libbrotli's encoder may be built to end the program when there is no memory, and Debian's is. What it tells
// otherwise: brotli_may_tell_that_it_has_no_memory.
void code_brotli() {
    static const std::string text(5000, 'a');
    static const std::string coded = encode_content(text, ContentCoding::br);
    EXPECT_EQ(decode_content(coded, ContentCoding::br), text);
    const ContentEncoder encoder(ContentCoding::br);
}

void talk_websocket() {
    WebSocketReading reading;
    reading.role = WebSocketRole::client;
    reading.deflate = WebSocketDeflate{};
    WebSocketWriter writer(WebSocketRole::server, reading.deflate);
    std::string stream;
    writer.fragment(stream, std::string(2000, 'a'), {.is_text = true, .compress = true}, {});
    writer.ping(stream, "ping", {});
    writer.close(stream, 1000, "a reason that is longer than a small string", {});
    const auto said = websocket_transcript(stream, reading, {7, 100});
    EXPECT_TRUE(said.ends_with("close 1000 a reason that is longer than a small string\n")) << said;
}

void read_values() {
    EXPECT_EQ(Url::parse("../x?y", Url::parse("http://b\303\274cher.example/a/b/a/path/of/some/length")).path(),
        "/a/b/a/path/of/x");
    EXPECT_TRUE(MediaType::parse("text/html; charset=\"utf-8 or so, as somebody says\"; a=b"));
    EXPECT_TRUE(parse_content_disposition("attachment; filename=\"a name of some length that fits nowhere.txt\""));
    EXPECT_EQ(
        parse_challenges("Digest realm=\"a realm of some length that fits nowhere\", nonce=x, Basic realm=y").size(),
        2U);
    EXPECT_EQ(QueryParams::parse("a=1&b=a+value+that+is+longer+than+a+small+string&a=2").get_all("a").size(), 2U);
}

void read_multipart() {
    MultipartParser parser("b");
    const auto said = multipart_transcript(parser,
        "--b\r\nContent-Disposition: form-data; name=\"a name of some length that fits nowhere\"; "
        "filename=\"x\"\r\n\r\n"
        "content\r\n--b--\r\n",
        5, 7);
    EXPECT_TRUE(said.ends_with("(x)[content]end")) << said;
}

void read_events() {
    EventStreamParser parser;
    std::string_view
        text = "event: e\ndata: a text of some length that fits into no small string\nid: 7\n\ndata: b\n\n";
    std::size_t count = 0;
    while (const auto event = parser.next(text)) ++count;
    EXPECT_EQ(count, 2U);
}

auto all_work() -> std::vector<Work> {
    return {
        {"requests", [] { EXPECT_NE(request_transcript(request, {9, 50}).find("GET /2"), std::string::npos); }},
        {"responses",
            [] { EXPECT_NE(response_transcript(response, "GET", {9, 50}).find("body ok"), std::string::npos); }},
        {"refusals", [] { EXPECT_NE(request_transcript("GET / HTTP/1.1\n", {3}).find("bare_lf"), std::string::npos); }},
        {"fields", change_fields},
        {"writing", write_messages},
        {"cookies", keep_cookies},
        {"gzip", [] { code_content(ContentCoding::gzip); }},
        {"deflate", [] { code_content(ContentCoding::deflate); }},
        {"br", [] { code_content(ContentCoding::br); }},
        {"zstd", [] { code_content(ContentCoding::zstd); }},
        {"websocket", talk_websocket},
        {"values", read_values},
        {"multipart", read_multipart},
        {"events", read_events},
    };
}

TEST(HttpTorture, any_allocation_of_what_reads_and_writes_may_fail) {
    for (const auto& work : all_work()) {
        work.run();  // what is kept for ever is made now
        const auto before = live_blocks();
        const auto count = fail_each_allocation([&] {
            try {
                work.run();
            } catch (const std::bad_alloc&) {}
        });
        EXPECT_GT(count, 0U) << work.name;
        EXPECT_EQ(live_blocks(), before) << work.name << ": blocks are left";
    }
}

void sign_cookies() {
    const CookieSigner signer({std::string(32, 'k')});
    const std::chrono::sys_seconds noon{std::chrono::seconds(1'800'000'000)};
    const auto cookie = signer.sign("session", "a value that is longer than a small string", noon);
    EXPECT_TRUE(signer.verify("session", cookie.value(), noon - std::chrono::seconds(1)));
}

/// What zlib, libbrotli, libzstd and OpenSSL work for.
auto work_of_libraries() -> std::vector<Work> {
    return {
        {"gzip", [] { code_content(ContentCoding::gzip); }},
        {"deflate", [] { code_content(ContentCoding::deflate); }},
        {"br", code_brotli},
        {"zstd", [] { code_content(ContentCoding::zstd); }},
        {"websocket", talk_websocket},
        {"signed cookies", sign_cookies},
        {"names", [] { EXPECT_EQ(Url::parse("http://b\303\274cher.example/").host(), "xn--bcher-kva.example"); }},
    };
}

TEST(HttpTorture, any_allocation_of_a_library_may_fail) {
    if (!libraries_can_fail) GTEST_SKIP() << "malloc is the sanitizer's";
    for (const auto& work : work_of_libraries()) {
        work.run();  // what is kept for ever is made now
        std::size_t refused = 0;
        const auto fail_all = [&] {
            return fail_each_allocation(
                [&] {
                    try {
                        work.run();
                    } catch (const std::bad_alloc&) {
                        ++refused;
                    }
                },
                Memory::of_libraries);
        };
        EXPECT_GT(fail_all(), 0U) << work.name;
        EXPECT_GT(refused, 0U) << work.name << ": no failure is told";
        const auto before = live_blocks(Memory::of_libraries);  // OpenSSL keeps room for its errors
        (void)fail_all();
        EXPECT_EQ(live_blocks(Memory::of_libraries), before) << work.name << ": blocks are left";
    }
}

TEST(HttpTorture, brotli_may_tell_that_it_has_no_memory) {
    const auto before = live_blocks(Memory::of_libraries);
    for (int call = 0; call < 3; ++call) {
        ContentEncoder encoder(ContentCoding::br);
        std::string out;
        encoder.write("before", out);
        out = "what was there";
        const BrotliWithoutMemory brotli;
        if (call == 0) EXPECT_THROW(encoder.write("text", out), std::bad_alloc);
        if (call == 1) EXPECT_THROW(encoder.flush(out), std::bad_alloc);
        if (call == 2) EXPECT_THROW(encoder.finish(out), std::bad_alloc);
        EXPECT_EQ(out, "what was there");
    }
    EXPECT_EQ(live_blocks(Memory::of_libraries), before) << "blocks are left";
}

TEST(HttpTorture, a_websocket_frame_is_written_whole_or_not_at_all) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += std::to_string(i * 7919);  // less than the window
    WebSocketReading reading;
    reading.role = WebSocketRole::client;
    reading.deflate = WebSocketDeflate{};
    for (const bool compress : {false, true}) {
        bool has_failed = true;
        for (std::size_t nth = 1; has_failed; ++nth) {
            WebSocketWriter writer(WebSocketRole::server, reading.deflate);
            std::string stream;
            const auto send = [&] { writer.fragment(stream, text, {.is_text = true, .compress = compress}, {}); };
            try {
                const FailingAllocation failing(nth);
                send();
                has_failed = false;
            } catch (const std::bad_alloc&) {
                EXPECT_TRUE(stream.empty());
                send();
            }
            send();
            writer.close(stream, 1000, "", {});
            const auto whole = "text (" + std::to_string(text.size()) + " bytes)\n";
            EXPECT_EQ(websocket_transcript(stream, reading), whole + whole + "close 1000 \n");
        }
    }
}

TEST(HttpTorture, a_handshake_without_a_digest_is_an_error) {
    if (!libraries_can_fail) GTEST_SKIP() << "malloc is the sanitizer's";
    constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
    const auto accept = websocket_accept(key);
    FailingAllocation failing(1, 1, Memory::of_libraries);
    EXPECT_THROW(EXPECT_EQ(websocket_accept(key), accept), std::runtime_error);
    EXPECT_TRUE(failing.has_failed());
}

}  // namespace
}  // namespace gyre::torture
