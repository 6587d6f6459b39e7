// Access logs: their formats, what cannot be injected, refusals and clients that go, and the file behind a bounded queue.

#include "app_harness.hpp"
#include "harness.hpp"
#include "http/server/access_log_line.hpp"

#include <gyre/net/test_authority.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/filesystem.hpp>
#include <gyre/os/temporary_directory.hpp>
#include <gyre/testing/cancel_everywhere.hpp>

#include <unistd.h>

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::AccessLog;
using http::AccessLogFormat;
using http::RequestRecord;

struct Sample {
    Sample() {
        fields.add("Referer", "http://a/\"x");
        fields.add("User-Agent", "agent/1.0 \\ \xc3\xa4");
        fields.add("Host", "h");
        record.method = "GET";
        record.target = "/a?b=\"c";
        record.fields = &fields;
        record.client = &client;
        record.status = 200;
        record.is_whole = true;
        record.body_bytes = 2326;
        record.time = std::chrono::sys_seconds(std::chrono::seconds(971'186'136));
        record.duration = 1'234'567us;
        record.request_id = "id-1";
    }

    http::Fields fields;
    net::Address client = net::Address::from_ip("192.0.2.7", 1234);
    RequestRecord record;
};

auto line_of(const RequestRecord& record, AccessLogFormat format) -> std::string {
    std::string line = "what was there before";
    http::internal::write_log_line(record, format, line);
    return line;
}

TEST(AccessLogLine, has_four_formats) {
    const Sample sample;
    const std::string common = "192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] \"GET /a?b=\\x22c HTTP/1.1\" 200 2326";
    const std::string combined = common + " \"http://a/\\x22x\" \"agent/1.0 \\x5c \\xc3\\xa4\"";
    EXPECT_EQ(line_of(sample.record, AccessLogFormat::common), common + "\n");
    EXPECT_EQ(line_of(sample.record, AccessLogFormat::combined), combined + "\n");
    EXPECT_EQ(line_of(sample.record, AccessLogFormat::timed), combined + " 1.234567 \"id-1\"\n");
    EXPECT_EQ(line_of(sample.record, AccessLogFormat::json),
        "{\"time\":\"2000-10-10T13:55:36Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\",\"target\":\"/a?b=\\\"c\","
        "\"version\":\"HTTP/1.1\",\"secure\":false,\"status\":200,\"whole\":true,\"bytes\":2326,\"seconds\":1.234567,"
        "\"host\":\"h\",\"referer\":\"http://a/\\\"x\",\"user_agent\":\"agent/1.0 \\\\ \xc3\xa4\","
        "\"request_id\":\"id-1\"}\n");
}

TEST(AccessLogLine, says_what_is_not_known) {
    RequestRecord record;
    record.status = 400;
    EXPECT_EQ(line_of(record, AccessLogFormat::timed),
        "- - - [01/Jan/1970:00:00:00 +0000] \"-\" 400 0 \"-\" \"-\" 0.000000 \"-\"\n");
    EXPECT_EQ(line_of(record, AccessLogFormat::json),
        "{\"time\":\"1970-01-01T00:00:00Z\",\"client\":null,\"method\":null,\"target\":null,\"version\":null,"
        "\"secure\":false,\"status\":400,\"whole\":false,\"bytes\":0,\"seconds\":0.000000,\"host\":null,"
        "\"referer\":null,\"user_agent\":null,\"request_id\":null}\n");
}

TEST(AccessLogLine, cannot_be_broken_or_forged) {
    Sample sample;
    std::string evil = "x\" 200 1\n6.6.6.6 - - [";
    for (int byte = 0; byte < 256; ++byte) evil.push_back(static_cast<char>(byte));
    sample.record.target = evil;
    sample.record.request_id = evil;
    for (const auto format : {AccessLogFormat::common, AccessLogFormat::timed, AccessLogFormat::json}) {
        const auto line = line_of(sample.record, format);
        EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
        EXPECT_TRUE(line.ends_with('\n'));
        EXPECT_EQ(line.find(" 200 1\n"), line.npos);
        const bool has_control = std::any_of(
            line.begin(), line.end() - 1, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        EXPECT_FALSE(has_control);
    }
}

TEST(AccessLog, has_a_sink_that_may_fail) {
    EXPECT_THROW(AccessLog{http::LogSink{}}, std::invalid_argument);
    AccessLog log([](std::string_view) { throw std::runtime_error("the disk is full"); });
    log.request_ends(RequestRecord());
    EXPECT_EQ(log.lost_lines(), 1U);
}

class HttpAccessLog : public OnLoops {};
GYRE_ON_LOOPS(HttpAccessLog);

/// A line without its time and duration.
auto shape_of(std::string_view line) -> std::string {
    std::string text(line);
    const auto begin = text.find('[');
    const auto end = text.find(']');
    return text.substr(0, begin) + text.substr(end + 2);
}

TEST_P(HttpAccessLog, tells_of_every_request_as_trusted_proxies_see_it) {
    std::vector<std::string> lines;
    AccessLog log([&](std::string_view line) { lines.push_back(shape_of(line)); }, AccessLogFormat::common);
    const http::TrustedProxies proxies({"127.0.0.0/8"});
    http::ServerOptions options;
    options.connection.observers = {&log};
    options.connection.trusted_proxies = &proxies;
    http::App app;
    app.get("/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text("hello"); });
    app.get("/stream", [](http::Request&) -> Task<http::Response> {
        co_return http::Response::stream("text/plain", [](http::BodyWriter& body) -> Task<> {
            co_await body.write("123");
            co_await body.write("4567");
        });
    });
    app.get("/cut", [](http::Request&) -> Task<http::Response> {
        co_return http::Response::stream("text/plain", [](http::BodyWriter& body) -> Task<> {
            co_await body.write("123");
            throw http::HttpError(500);
        });
    });
    run([&]() -> Task<> {
        this_loop().set_exception_handler([](const ErrorContext&) {});
        co_await serve_app(
            std::move(app),
            [](http::Client& client) -> Task<> {
                co_await expect_text(client.get("/").header("X-Forwarded-For", "192.0.2.1"), 200, "hello");
                auto missing = co_await client.get("/missing");
                co_await missing.text();
                co_await expect_text(client.get("/stream"), 200, "1234567");
                auto cut = co_await client.get("/cut");
                const auto text = co_await as_outcome(cut.text());
                EXPECT_TRUE(text.is_error());
                auto head = co_await client.request("HEAD", "/");
                EXPECT_EQ(head.status(), 200);
            },
            options);
    });
    const std::vector<std::string> expected = {
        "192.0.2.1 - - \"GET / HTTP/1.1\" 200 5\n",
        "127.0.0.1 - - \"GET /missing HTTP/1.1\" 404 56\n",
        "127.0.0.1 - - \"GET /stream HTTP/1.1\" 200 7\n",
        "127.0.0.1 - - \"GET /cut HTTP/1.1\" 200 3\n",
        "127.0.0.1 - - \"HEAD / HTTP/1.1\" 200 0\n",
    };
    EXPECT_EQ(lines, expected);
}

TEST(HttpAccessLogTest, tells_of_refusals_and_of_clients_that_go) {
    std::vector<std::string> lines;
    AccessLog log([&](std::string_view line) { lines.push_back(shape_of(line)); }, AccessLogFormat::common);
    http::ConnectionOptions options;
    options.observers = {&log};
    options.request_timeout = 5s;
    http::App app;
    app.get("/slow", [](http::Request&) -> Task<http::Response> {
        co_await sleep(1h);
        co_return http::Response();
    });
    using http::server_testing::RawClient;
    http::server_testing::run_with(
        http::server_testing::World::simulated, app.handler(), options, [](std::uint16_t port) -> Task<void> {
            const auto bad = co_await http::server_testing::ask(port, "GET / HTTP/1.1\r\nHost : h\r\n\r\n");
            EXPECT_EQ(bad.status, 400);
            const auto late = co_await http::server_testing::ask(port, http::server_testing::get("/slow"));
            EXPECT_EQ(late.status, 503);
            {
                auto client = co_await RawClient::open(port);
                co_await client.send(http::server_testing::get("/slow?gone"));
                co_await sleep(10ms);
            }
            co_await sleep(1s);
            auto client = co_await RawClient::open(port);
            co_await client.send(http::server_testing::get("/slow?stopped"));
            co_await sleep(10ms);
        });
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].substr(0, 21), "127.0.0.1 - - \"-\" 400");
    EXPECT_TRUE(lines[1].starts_with("127.0.0.1 - - \"GET /slow HTTP/1.1\" 503 ")) << lines[1];
    EXPECT_EQ(lines[2], "127.0.0.1 - - \"GET /slow?gone HTTP/1.1\" 499 0\n");
    EXPECT_EQ(lines[3], "127.0.0.1 - - \"GET /slow?stopped HTTP/1.1\" 499 0\n");
}

TEST(HttpAccessLogTest, tells_what_a_request_asked_that_is_refused_for_its_body_or_expectation) {
    std::vector<std::string> lines;
    AccessLog log([&](std::string_view line) { lines.push_back(shape_of(line)); }, AccessLogFormat::combined);
    http::Metrics metrics;
    http::ServerMetrics server_metrics(metrics);
    const http::TrustedProxies proxies({"127.0.0.0/8"});
    namespace st = http::server_testing;
    http::ConnectionOptions options;
    options.observers = {&log, &server_metrics};
    options.trusted_proxies = &proxies;
    const std::pair<std::string, int> cases[] = {
        {"1.1\r\nHost: h\r\nContent-Length: 1048577\r\n", 413},
        {"1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n", 501},
        {"1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400},
        {"1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n", 400},
        {"1.0\r\nTransfer-Encoding: chunked\r\n", 400},
        {"1.1\r\nExpect: miracles\r\nHost: h\r\n", 417},
        {"1.1\r\n", 400},
    };
    const auto ask_all = [&](std::uint16_t port) -> Task<void> {
        for (const auto& one : cases) {
            auto client = co_await st::RawClient::open(port);
            // What a request before it said is not what this one says.
            const auto good = co_await client.ask(
                st::get("/good", "X-Forwarded-For: 198.51.100.1\r\nUser-Agent: other\r\n"));
            EXPECT_EQ(good.status, 200);
            const auto begin = "PUT /upload?a=b HTTP/" + one.first;
            co_await client.send(begin);
            co_await client.send("X-Forwarded-For: 192.0.2.1\r\nUser-Agent: agent\r\n\r\n");
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, one.second) << one.first;
            const auto rest = co_await client.read_to_end();
            EXPECT_EQ(rest, "");
            const auto bytes = std::to_string(reply.body.size());
            EXPECT_EQ(lines.back(), "192.0.2.1 - - \"PUT /upload?a=b HTTP/" + one.first.substr(0, 3) + "\" " +
                                        std::to_string(one.second) + " " + bytes + " \"-\" \"agent\"\n");
        }
        auto client = co_await st::RawClient::open(port);
        const auto bad = co_await client.ask("PUT /upload HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n");
        EXPECT_EQ(bad.status, 400);
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    };
    for (const auto world : st::all_worlds) {
        lines.clear();
        st::run_with(world, st::echo, options, ask_all);
        ASSERT_EQ(lines.size(), 15U);
        EXPECT_TRUE(lines.back().starts_with("127.0.0.1 - - \"-\" 400 "))
            << "its fields say nothing that could be relied on";
    }
    const auto answered = [&](std::string_view status) {
        return metrics.counter("http_server_requests_total", "", {{"method", "PUT"}, {"status", status}}).value();
    };
    EXPECT_EQ(answered("4xx"), 3 * 6U);
    EXPECT_EQ(answered("5xx"), 3 * 1U);
    EXPECT_EQ(metrics.counter("http_server_unreadable_requests_total", "").value(), 3 * 1U);
    EXPECT_EQ(metrics.gauge("http_server_requests_in_flight", "").value(), 0);
}

TEST(HttpAccessLogTest, a_refusal_of_a_head_request_has_no_body) {
    namespace st = http::server_testing;
    st::run_with(st::World::simulated, st::echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await st::RawClient::open(port);
        const auto reply = co_await client.ask("HEAD / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", "HEAD");
        EXPECT_EQ(reply.status, 417);
        const auto rest = co_await client.read_to_end();
        EXPECT_EQ(rest, "");
    });
}

TEST(HttpAccessLogTest, tells_of_connections_that_are_turned_away) {
    std::vector<std::string> lines;
    AccessLog log([&](std::string_view line) { lines.push_back(shape_of(line)); }, AccessLogFormat::common);
    http::Metrics metrics;
    http::ServerMetrics server_metrics(metrics);
    const auto refused = [&](std::string_view reason) {
        return metrics.counter("http_server_connections_refused_total", "", {{"reason", reason}}).value();
    };
    namespace st = http::server_testing;
    http::ConnectionOptions options;
    options.observers = {&log, &server_metrics};
    options.max_connections_per_source = 1;
    st::run_with(st::World::simulated, st::echo, options, [](std::uint16_t port) -> Task<void> {
        auto first = co_await st::RawClient::open(port);
        const auto one = co_await first.ask(st::get("/"));
        EXPECT_EQ(one.status, 200);
        auto second = co_await st::RawClient::open(port);
        const auto refusal = co_await second.receive();
        EXPECT_EQ(refusal.status, 503);
        EXPECT_EQ(refusal.body.size(), 54U);
    });
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1], "127.0.0.1 - - \"-\" 503 54\n");
    EXPECT_EQ(refused("too_many"), 1U);

    const net::TestAuthority authority;
    const auto certificate = authority.issue({"127.0.0.1"});
    net::TlsServerOptions shown;
    shown.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(shown);
    const auto speak_plainly = [](std::uint16_t port) -> Task<void> {
        auto client = co_await st::RawClient::open(port);
        co_await client.send(st::get("/"));
        co_await client.read_to_end();
    };
    st::run_with(st::World::simulated, st::echo, options, speak_plainly, &tls);
    EXPECT_EQ(refused("tls_handshake"), 1U);
    const http::TrustedProxies proxies({"127.0.0.0/8"});
    options.trusted_proxies = &proxies;
    options.proxy_protocol = true;
    st::run_with(st::World::simulated, st::echo, options, speak_plainly);
    EXPECT_EQ(refused("proxy_header"), 1U);
    EXPECT_EQ(refused("too_many"), 1U);
    EXPECT_EQ(lines.size(), 2U) << "who is told nothing has no line";
    EXPECT_EQ(metrics.counter("http_server_connections_total", "").value(), 1U);
    EXPECT_EQ(metrics.counter("http_server_unreadable_requests_total", "").value(), 0U);
}

TEST_P(HttpAccessLog, goes_to_a_file) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = (directory.path() / "access.log").string();
        http::LogFileOptions options;
        options.queue_bytes = 10;
        auto file = co_await http::LogFile::open(path, options);
        const auto sink = file.sink();
        sink("12345678\n");
        sink("9\n");
        EXPECT_EQ(file.dropped_lines(), 1U) << "ten bytes may wait";
        sink("\n");
        EXPECT_EQ(file.dropped_lines(), 1U);
        co_await sleep(500ms);
        sink("next\n");
        co_await file.close();
        co_await file.close();
        sink("late\n");
        EXPECT_EQ(file.dropped_lines(), 2U);
        const auto text = co_await fs::read_text(path);
        EXPECT_EQ(text, "12345678\n\nnext\n");
    });
}

TEST_P(HttpAccessLog, goes_on_in_a_new_file_when_the_old_one_was_moved) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "access.log";
        const auto moved = directory.path() / "access.log.1";
        auto file = co_await http::LogFile::open(path.string());
        const auto sink = file.sink();
        sink("one\n");
        co_await fs::rename(path, moved);
        sink("two\n");
        co_await file.reopen();
        sink("three\n");
        const auto old = co_await fs::read_text(moved);
        EXPECT_EQ(old, "one\ntwo\n") << "what waited belongs to the old file";
        co_await gather(file.reopen(), file.reopen());
        sink("four\n");

        co_await fs::remove(path);
        co_await fs::create_directory(path);
        const auto refused = co_await as_outcome(file.reopen());
        EXPECT_TRUE(failed_with<IoError>(refused)) << "a directory is no log";
        co_await fs::remove_directory(path);
        sink("five\n");  // to the file that has no name any more
        co_await file.reopen();
        sink("six\n");
        co_await file.close();
        const auto text = co_await fs::read_text(path);
        EXPECT_EQ(text, "six\n");
        EXPECT_EQ(file.dropped_lines(), 0U);
        const auto late = co_await as_outcome(file.reopen());
        EXPECT_TRUE(failed_with<InvalidStateError>(late));
    });
}

TEST_P(HttpAccessLog, goes_over_a_file_that_is_open) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "out";
        auto out = co_await fs::open(path, "w");
        auto log = http::LogFile::over(std::move(out));
        log.sink()("a line\n");
        const auto refused = co_await as_outcome(log.reopen());
        EXPECT_TRUE(failed_with<InvalidStateError>(refused)) << "nobody knows where it is";
        co_await log.close();
        const auto text = co_await fs::read_text(path);
        EXPECT_EQ(text, "a line\n");
    });
}

/// Waits until so many lines were dropped.
auto until_dropped(const http::LogFile& log, std::uint64_t lines) -> Task<> {
    while (log.dropped_lines() < lines) co_await sleep(10ms);
}

TEST_P(HttpAccessLog, tells_of_a_failed_write_and_tries_the_next_one) {
    run([]() -> Task<> {
        std::vector<std::string> told;
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "access.log";
        auto full = co_await fs::open("/dev/full", "a");
        auto full_again = co_await fs::open("/dev/full", "a");
        auto room = co_await fs::open(path, "a");
        const int descriptor = full.descriptor();
        auto log = http::LogFile::over(std::move(full));
        const auto sink = log.sink();
        sink("lost\n");
        co_await until_dropped(log, 1);
        sink("lost\ntoo\n");
        co_await until_dropped(log, 3);
        EXPECT_EQ(told.size(), 1U) << "once, until a write succeeds";
        EXPECT_EQ(::dup2(room.descriptor(), descriptor), descriptor);  // the disk has room again
        sink("kept\n");
        std::string text;
        while (text.empty()) {
            co_await sleep(10ms);
            text = co_await fs::read_text(path);
        }
        EXPECT_EQ(text, "kept\n");
        EXPECT_EQ(::dup2(full_again.descriptor(), descriptor), descriptor);
        sink("lost again\n");
        co_await until_dropped(log, 4);
        EXPECT_EQ(told.size(), 2U);
        for (const auto& error : told) EXPECT_NE(error.find("No space left on device"), std::string::npos) << error;
        const auto outcome = co_await as_outcome(log.close());
        EXPECT_FALSE(outcome.is_error()) << "it was told before";
    });
}

TEST_P(HttpAccessLog, throws_at_the_end_what_it_could_not_write_then) {
    run([]() -> Task<> {
        std::size_t told = 0;
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        http::LogFileOptions options;
        options.flush_interval = Duration::max();
        auto log = co_await http::LogFile::open("/dev/full", options);
        log.sink()("lost\n");
        const auto outcome = co_await as_outcome(log.close());
        EXPECT_TRUE(failed_with<IoError>(outcome));
        EXPECT_EQ(log.dropped_lines(), 1U);
        EXPECT_EQ(told, 0U) << "it was thrown";
    });
}

TEST_P(HttpAccessLog, goes_on_in_a_new_file_after_a_failed_write) {
    run([]() -> Task<> {
        std::size_t told = 0;
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "access.log";
        co_await fs::symlink("/dev/full", path);
        auto file = co_await http::LogFile::open(path.string());
        const auto sink = file.sink();
        sink("lost\n");
        co_await until_dropped(file, 1);
        co_await fs::remove(path);
        co_await file.reopen();
        sink("kept\n");
        co_await file.close();
        const auto text = co_await fs::read_text(path);
        EXPECT_EQ(text, "kept\n");
        EXPECT_EQ(file.dropped_lines(), 1U);
        EXPECT_EQ(told, 1U) << "nobody else could receive the error";
    });
}

TEST_P(HttpAccessLog, gives_the_new_file_what_the_old_one_does_not_take) {
    run([]() -> Task<> {
        std::string told;
        this_loop().set_exception_handler([&](const ErrorContext& context) { told += context.text() + "\n"; });
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "access.log";
        co_await fs::symlink("/dev/full", path);
        http::LogFileOptions options;
        options.flush_interval = Duration::max();  // a disk takes real time, in which simulated time may pass
        auto file = co_await http::LogFile::open(path.string(), options);
        const auto sink = file.sink();
        sink("waits\n");
        co_await fs::remove(path);
        co_await file.reopen();
        sink("follows\n");
        co_await file.close();
        const auto text = co_await fs::read_text(path);
        EXPECT_EQ(text, "waits\nfollows\n");
        EXPECT_EQ(file.dropped_lines(), 0U);
        EXPECT_NE(told.find("a log file that is opened anew"), std::string::npos) << told;
        EXPECT_NE(told.find("No space left on device"), std::string::npos) << told;
    });
}

TEST_P(HttpAccessLog, says_where_it_cannot_be_written) {
    run([]() -> Task<> {
        const auto outcome = co_await as_outcome(http::LogFile::open("/nowhere/access.log"));
        EXPECT_TRUE(failed_with<IoError>(outcome));
    });
}

TEST(LogFile, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        auto file = co_await http::LogFile::open("/dev/null");
        const auto sink = file.sink();
        sink("a line\n");
        co_await sleep(1ms);
        sink("another\n");
        co_await file.reopen();
        sink("a third\n");
        co_await file.close();
    };
    CancelEverywhere(scenario).on("epoll").run();
}

}  // namespace
}  // namespace gyre::testing
