// Metrics: the text that Prometheus reads, and what a server counts.

#include "app_harness.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/testing/cancel_everywhere.hpp>

#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

namespace gyre::testing {
namespace {

using http::Metrics;

/// What promtool checks of a text: each sample belongs to the family before it, is there once, and has a number; histograms
/// are cumulative and end with +Inf. @return the samples by name and labels.
auto read_exposition(const std::string& text) -> std::map<std::string, double> {
    std::map<std::string, double> samples;
    std::set<std::string> families;
    std::string family;
    std::string kind;
    EXPECT_TRUE(text.empty() || text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(families.insert(family).second) << "twice: " << line;
            kind.clear();
            continue;
        }
        if (line.starts_with("# TYPE ")) {
            EXPECT_EQ(line.substr(7, family.size() + 1), family + " ") << line;
            kind = line.substr(8 + family.size());
            EXPECT_TRUE(kind == "counter" || kind == "gauge" || kind == "histogram") << line;
            continue;
        }
        const auto space = line.rfind(' ');
        const auto name = line.substr(0, space);
        const auto metric = name.substr(0, name.find('{'));
        const std::string suffix = metric.substr(std::min(family.size(), metric.size()));
        EXPECT_TRUE(metric.starts_with(family)) << line;
        EXPECT_TRUE(suffix.empty() != (kind == "histogram")) << line;
        std::size_t used = 0;
        const double value = std::stod(line.substr(space + 1), &used);
        EXPECT_EQ(used, line.size() - space - 1) << line;
        EXPECT_TRUE(samples.emplace(name, value).second) << "twice: " << line;
    }
    return samples;
}

TEST(Metrics, are_written_as_prometheus_reads_them) {
    Metrics metrics;
    metrics.counter("b_total", "How often.\nAnd \\ why", {{"path", "a\"b\\c\nd"}, {"kind", "x"}}).add(3);
    metrics.counter("b_total", "not looked at", {{"kind", "y"}, {"path", ""}}).add();
    metrics.gauge("a_now", "Now.").set(-1.5);
    auto& histogram = metrics.histogram("c_seconds", "How long.", {0.1, 1}, {{"to", "z"}});
    for (const double value : {0.05, 0.1, std::nan(""), 0.5, 7.0}) histogram.observe(value);
    EXPECT_EQ(metrics.text(),
        "# HELP a_now Now.\n"
        "# TYPE a_now gauge\n"
        "a_now -1.5\n"
        "# HELP b_total How often.\\nAnd \\\\ why\n"
        "# TYPE b_total counter\n"
        "b_total{kind=\"x\",path=\"a\\\"b\\\\c\\nd\"} 3\n"
        "b_total{kind=\"y\",path=\"\"} 1\n"
        "# HELP c_seconds How long.\n"
        "# TYPE c_seconds histogram\n"
        "c_seconds_bucket{to=\"z\",le=\"0.1\"} 2\n"
        "c_seconds_bucket{to=\"z\",le=\"1\"} 3\n"
        "c_seconds_bucket{to=\"z\",le=\"+Inf\"} 4\n"
        "c_seconds_sum{to=\"z\"} 7.65\n"
        "c_seconds_count{to=\"z\"} 4\n");
    static_cast<void>(read_exposition(metrics.text()));
}

TEST(Metrics, are_the_same_for_the_same_name_and_labels) {
    Metrics metrics;
    auto& first = metrics.counter("a_total", "", {{"x", "1"}, {"y", "2"}});
    EXPECT_EQ(&metrics.counter("a_total", "", {{"y", "2"}, {"x", "1"}}), &first);
    EXPECT_NE(&metrics.counter("a_total", "", {{"y", "1"}, {"x", "2"}}), &first);
    auto& gauge = metrics.gauge("g", "");
    gauge.add(2);
    gauge.add(-0.5);
    EXPECT_EQ(metrics.gauge("g", "").value(), 1.5);
    gauge.set(std::nan(""));
    EXPECT_NE(metrics.text().find("\ng NaN\n"), std::string::npos);
}

TEST(Metrics, refuse_what_prometheus_would) {
    Metrics metrics(2);
    for (const char* name : {"", "1a", "a-b", "a b", "a\n"}) {
        EXPECT_THROW(metrics.counter(name, ""), std::invalid_argument) << name;
        EXPECT_THROW(metrics.counter("a_total", "", {{name, "x"}}), std::invalid_argument) << name;
    }
    for (const char* label : {"le", "__x", "a:b"}) {
        EXPECT_THROW(metrics.counter("a_total", "", {{label, "x"}}), std::invalid_argument) << label;
    }
    EXPECT_THROW(metrics.counter("a_total", "", {{"x", "1"}, {"x", "2"}}), std::invalid_argument);
    EXPECT_THROW(metrics.histogram("h", "", {1, 1}), std::invalid_argument);
    EXPECT_THROW(metrics.histogram("h", "", {2, 1}), std::invalid_argument);
    EXPECT_THROW(metrics.histogram("h", "", {1, INFINITY}), std::invalid_argument);
    EXPECT_EQ(metrics.text(), "") << "what was refused is not there";
    metrics.counter("a:b_total", "");
    EXPECT_THROW(metrics.gauge("a:b_total", ""), std::invalid_argument);
    metrics.gauge("g", "");
    EXPECT_THROW(metrics.gauge("h", ""), LimitError);
    EXPECT_NO_THROW(metrics.gauge("g", ""));
}

TEST(Metrics, are_counted_by_many_threads) {
    Metrics metrics;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 1000; ++round) {
                metrics.counter("a_total", "").add();
                metrics.gauge("g", "").add(1);
                metrics.histogram("h", "", {1}).observe(0.5);
                if (round % 100 == 0) static_cast<void>(metrics.text());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const auto samples = read_exposition(metrics.text());
    EXPECT_EQ(samples.at("a_total"), 4000);
    EXPECT_EQ(samples.at("g"), 4000);
    EXPECT_EQ(samples.at("h_count"), 4000);
    EXPECT_EQ(samples.at("h_sum"), 2000);
}

class HttpMetrics : public OnLoops {};
GYRE_ON_LOOPS(HttpMetrics);

TEST_P(HttpMetrics, tell_what_a_server_does) {
    Metrics metrics;
    http::ServerMetrics server_metrics(metrics);
    http::ServerOptions options;
    options.connection.observers = {&server_metrics};
    http::App app;
    app.get("/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text("hello"); });
    app.get("/metrics", metrics.handler());
    app.route("*", "/any", [](http::Request&) -> Task<http::Response> { co_return http::Response(204); });
    run(serve_app(
        std::move(app),
        [](http::Client& client) -> Task<> {
            co_await expect_text(client.get("/"), 200, "hello");
            co_await expect_text(client.get("/"), 200, "hello");
            auto missing = co_await client.post("/missing");
            co_await missing.text();
            auto odd = co_await client.request("BREW", "/any");
            EXPECT_EQ(odd.status(), 204);
            auto response = co_await client.get("/metrics");
            EXPECT_EQ(response.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
            const auto text = co_await response.text();
            const auto samples = read_exposition(text);
            EXPECT_EQ(samples.at("http_server_requests_total{method=\"GET\",status=\"2xx\"}"), 2);
            EXPECT_EQ(samples.at("http_server_requests_total{method=\"POST\",status=\"4xx\"}"), 1);
            EXPECT_EQ(samples.at("http_server_requests_total{method=\"other\",status=\"2xx\"}"), 1);
            EXPECT_EQ(samples.at("http_server_requests_in_flight"), 1) << "this one";
            EXPECT_EQ(samples.at("http_server_connections"), 1);
            EXPECT_EQ(samples.at("http_server_connections_total"), 1);
            EXPECT_EQ(samples.at("http_server_request_duration_seconds_count"), 4);
            EXPECT_EQ(samples.at("http_server_response_body_bytes_total"), 10 + 56);
            EXPECT_EQ(samples.at("http_server_cut_responses_total"), 0);
        },
        options));
    const auto after = read_exposition(metrics.text());
    EXPECT_EQ(after.at("http_server_requests_in_flight"), 0);
    EXPECT_EQ(after.at("http_server_connections"), 0);
}

TEST(ServerMetrics, survives_cancellation_anywhere) {
    std::unique_ptr<Metrics> metrics;
    std::unique_ptr<http::ServerMetrics> server_metrics;
    const auto scenario = [&]() -> Task<> {
        http::App app;
        app.use(http::request_id());
        app.use(http::rate_limit());
        app.use(http::load_shedding());
        app.use(http::deadline(1s));
        app.post("/", [](http::Request& request) -> Task<http::Response> {
            const auto text = co_await request.text();
            co_await sleep(1ms);
            co_return http::Response::text(text);
        });
        http::ServerOptions options;
        options.connection.observers = {server_metrics.get()};
        co_await serve_app(
            std::move(app),
            [](http::Client& client) -> Task<> { co_await expect_text(client.post("/").body("ab"), 200, "ab"); },
            options);
    };
    CancelEverywhere(scenario)
        .before_each([&] {
            server_metrics.reset();
            metrics = std::make_unique<Metrics>();
            server_metrics = std::make_unique<http::ServerMetrics>(*metrics);
        })
        .invariant([&](const CancelledRun& run) {
            const auto samples = read_exposition(metrics->text());
            EXPECT_EQ(samples.at("http_server_requests_in_flight"), 0) << run.text();
            EXPECT_EQ(samples.at("http_server_connections"), 0) << run.text();
        })
        .run();
}

}  // namespace
}  // namespace gyre::testing
