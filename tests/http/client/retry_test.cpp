// New attempts: when, how long after, and how many in all.
#include "scripted_server.hpp"

#include "http/client/passing.hpp"
#include "http/client/retry_budget.hpp"

#include <gyre/http/client/mock.hpp>
#include <gyre/http/client/retry.hpp>
#include <gyre/net/egress_policy.hpp>
#include <gyre/net/tls.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::MockTransport;
using http::RequestPhase;
using http::RetryOptions;

const std::string url = "http://x.example/";

/// What came of one request, and how long it took.
struct Tried {
    Tried() = default;
    int status = 0;
    std::string error;
    Duration took{};
    std::size_t calls = 0;
    http::ClientStats stats;
};

auto try_it(MockTransport& mock, RetryOptions options, std::string method = "GET", Duration total = {}) -> Task<Tried> {
    Tried tried;
    http::Client client({.transport = &mock});
    client.use(http::retry(options));
    const auto before = this_loop().now();
    auto request = client.request(std::move(method), url);
    request.timeout(total);
    const auto outcome = co_await as_outcome(std::move(request).send());
    if (outcome.has_value()) tried.status = outcome.value().status();
    if (outcome.is_error()) tried.error = describe(outcome.error());
    tried.took = this_loop().now() - before;
    tried.calls = mock.calls().size();
    tried.stats = client.stats();
    co_return tried;
}

class HttpRetry : public OnLoops {};
GYRE_ON_LOOPS(HttpRetry);

TEST_P(HttpRetry, not_of_what_the_client_itself_forbids) {
    run([]() -> Task<> {
        const auto policy = net::EgressPolicy::public_only();
        http::Client client({.egress = &policy});
        client.use(http::retry({.first_wait = 1h}));
        const auto reply = co_await fetch(client, "http://127.0.0.1:1");
        EXPECT_EQ(reply.phase, RequestPhase::connect) << reply.error;
        EXPECT_EQ(client.stats().retries, 0U);
    });
}

TEST_P(HttpRetry, over_a_connection_that_is_kept) {
    run([]() -> Task<> {
        const std::string busy = "HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy";
        ScriptedServer server(in_turn({{busy, busy, ok("there")}}));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            client.use(http::retry({.first_wait = 1ms}));
            auto response = co_await client.get(base);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "there");
            EXPECT_EQ(client.stats().retries, 2U);
            EXPECT_EQ(client.stats().connections_opened, 1U);
            EXPECT_EQ(client.stats().requests, 1U);
        });
    });
}

TEST_P(HttpRetry, refused_connections_also_for_a_post) {
    run([]() -> Task<> {
        std::uint16_t port = 0;
        {
            const auto listener = co_await net::listen("127.0.0.1", 0);
            port = listener.local_address().port();
        }
        http::Client client;
        client.use(http::retry({.first_wait = 1ms}));
        const auto outcome = co_await as_outcome(client.post("http://127.0.0.1:" + std::to_string(port)));
        EXPECT_TRUE(failed_with<http::RequestError>(outcome));
        EXPECT_EQ(client.stats().retries, 2U);
    });
}

TEST_P(HttpRetry, a_server_that_goes_during_the_tls_handshake) {
    run([]() -> Task<> {
        ScriptedServer server([](Peer&) -> Task<> { co_return; });
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            client.use(http::retry({.first_wait = 1ms}));
            const auto reply = co_await fetch(client, "https" + base.substr(4), "POST");
            EXPECT_EQ(reply.phase, RequestPhase::tls) << reply.error;
            EXPECT_EQ(client.stats().retries, 2U) << "nothing was sent yet";
        });
    });
}

GYRE_TEST(HttpRetryRules, statuses_that_are_for_the_moment) {
    for (int status = 200; status < 600; ++status) {
        MockTransport mock;
        mock.on("GET", "/").respond(status).respond(299);
        const auto tried = co_await try_it(mock, {});
        const bool again = status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
        EXPECT_EQ(tried.status, again ? 299 : status);
    }
    MockTransport mock;
    mock.on("GET", "/").respond(503);
    const auto tried = co_await try_it(mock, {.on_status = false});
    EXPECT_EQ(tried.calls, 1U);
}

GYRE_TEST(HttpRetryRules, what_may_not_come_twice_does_not) {
    for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"}) {
        const bool twice = method != "POST" && method != "PATCH";
        for (const auto phase : {RequestPhase::send, RequestPhase::response}) {
            MockTransport mock;
            mock.on("*", "/").fail(phase, "broken").respond(200);
            const auto tried = co_await try_it(mock, {}, method);
            EXPECT_EQ(tried.status, twice ? 200 : 0) << method;
        }
        MockTransport status;
        status.on("*", "/").respond(503).respond(200);
        const auto answered = co_await try_it(status, {}, method);
        EXPECT_EQ(answered.status, twice ? 200 : 503) << method;
        MockTransport allowed;
        allowed.on("*", "/").respond(503).respond(200);
        const auto asked = co_await try_it(allowed, {.any_method = true}, method);
        EXPECT_EQ(asked.status, 200) << method;
        MockTransport unsent;
        unsent.on("*", "/").fail(RequestPhase::resolve, "no name").fail(RequestPhase::connect, "refused").respond(200);
        const auto sent = co_await try_it(unsent, {}, method);
        EXPECT_EQ(sent.status, 200) << method;
    }
}

GYRE_TEST(HttpRetryRules, other_errors_are_final) {
    for (const auto phase :
        {RequestPhase::url, RequestPhase::pool, RequestPhase::tls, RequestPhase::body, RequestPhase::redirect}) {
        MockTransport mock;
        mock.on("GET", "/").fail(phase, "wrong").respond(200);
        const auto tried = co_await try_it(mock, {});
        EXPECT_EQ(tried.error, "GET http://x.example/: wrong");
        EXPECT_EQ(tried.calls, 1U);
    }
}

/// Whether an error of a phase may pass, with an error of this type and code below it.
template<class Error = IoError>
auto passes(RequestPhase phase, std::errc code) -> bool {
    const auto cause = std::make_exception_ptr(Error(std::make_error_code(code), "doing", "a.test", ""));
    return http::internal::may_pass(http::RequestError(phase, "GET", url, "", "reason", cause));
}

TEST(HttpRetryErrors, of_a_lost_way_pass_and_of_a_wrong_key_or_password_do_not) {
    for (const auto phase : {RequestPhase::tls, RequestPhase::proxy}) {
        for (const auto code : {std::errc::connection_reset, std::errc::broken_pipe, std::errc::connection_aborted,
                 std::errc::connection_refused, std::errc::host_unreachable, std::errc::network_unreachable}) {
            EXPECT_TRUE(passes(phase, code)) << static_cast<int>(code);
            EXPECT_TRUE(passes<net::TlsError>(phase, code)) << static_cast<int>(code);
        }
        EXPECT_FALSE(passes(phase, std::errc::permission_denied)) << "407";
        EXPECT_FALSE(passes<net::TlsError>(phase, std::errc::protocol_error)) << "a wrong certificate";
    }
    EXPECT_TRUE(passes(RequestPhase::connect, std::errc::permission_denied));
    EXPECT_FALSE(passes<net::EgressError>(RequestPhase::connect, std::errc::permission_denied));
    EXPECT_FALSE(passes(RequestPhase::url, std::errc::connection_reset));
}

GYRE_TEST(HttpRetryRules, last_attempt_is_the_callers) {
    MockTransport mock;
    mock.on("GET", "/").respond(500).respond(502).fail(RequestPhase::connect, "refused").respond(504);
    const auto three = co_await try_it(mock, {});
    EXPECT_EQ(three.error, "GET http://x.example/: refused");
    EXPECT_EQ(three.calls, 3U);
    MockTransport other;
    other.on("GET", "/").respond(500);
    const auto one = co_await try_it(other, {.attempts = 1});
    EXPECT_EQ(one.calls, 1U);
    EXPECT_EQ(one.status, 500);
    EXPECT_EQ(one.stats.retries, 0U);
}

GYRE_TEST(HttpRetryRules, waits_grow_and_are_random_and_bounded) {
    Duration longest{};
    Duration shortest = 1h;
    for (int i = 0; i < 50; ++i) {
        MockTransport mock;
        mock.on("GET", "/").respond(503);
        const auto tried = co_await try_it(mock, {.attempts = 5, .first_wait = 100ms, .longest_wait = 300ms});
        EXPECT_LE(tried.took, 100ms + 200ms + 300ms + 300ms);
        longest = std::max(longest, tried.took);
        shortest = std::min(shortest, tried.took);
    }
    EXPECT_GT(longest, 500ms);
    EXPECT_LT(shortest, 400ms);
}

GYRE_TEST(HttpRetryRules, retry_after_in_both_forms) {
    MockTransport seconds;
    seconds.on("GET", "/").respond(503, "", {{"Retry-After", "7"}}).respond(200);
    const auto first = co_await try_it(seconds, {});
    EXPECT_GE(first.took, 7s);
    EXPECT_LE(first.took, 7s + 100ms);

    MockTransport date;
    // The simulated world begins in 1970.
    date.on("GET", "/").respond(429, "", {{"Retry-After", "Thu, 01 Jan 1970 01:00:00 GMT"}}).respond(200);
    const auto second = co_await try_it(date, {.longest_retry_after = 2h});
    EXPECT_GT(second.took, 30min);
    EXPECT_EQ(second.status, 200);

    MockTransport past;
    past.on("GET", "/").respond(503, "", {{"Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"}}).respond(200);
    const auto third = co_await try_it(past, {});
    EXPECT_LE(third.took, 100ms);
    EXPECT_EQ(third.status, 200);
}

GYRE_TEST(HttpRetryRules, retry_after_that_is_too_long_ends_it) {
    for (const std::string value :
        {"61", "99999999999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
        MockTransport mock;
        mock.on("GET", "/").respond(503, "", {{"Retry-After", value}}).respond(200);
        const auto tried = co_await try_it(mock, {});
        EXPECT_EQ(tried.status, 503) << value;
        EXPECT_EQ(tried.took, 0s);
    }
    MockTransport edge;
    edge.on("GET", "/").respond(503, "", {{"Retry-After", "60"}}).respond(200);
    const auto tried = co_await try_it(edge, {});
    EXPECT_EQ(tried.status, 200);
    for (const std::string value : {"", "-5", "soon", "5 s", "1.5"}) {
        MockTransport mock;
        mock.on("GET", "/").respond(503, "", {{"Retry-After", value}}).respond(200);
        const auto nonsense = co_await try_it(mock, {});
        EXPECT_EQ(nonsense.status, 200) << value;
        EXPECT_LE(nonsense.took, 100ms);
    }
}

GYRE_TEST(HttpRetryRules, does_not_wait_past_the_total_time) {
    MockTransport mock;
    mock.on("GET", "/").respond(503, "", {{"Retry-After", "10"}});
    const auto tried = co_await try_it(mock, {}, "GET", 10s);
    EXPECT_EQ(tried.status, 503);
    EXPECT_EQ(tried.took, 0s);
    const auto longer = co_await try_it(mock, {}, "GET", 12s);
    EXPECT_GE(longer.took, 10s);
    EXPECT_EQ(longer.status, 503);
}

GYRE_TEST(HttpRetryRules, storm_is_impossible) {
    MockTransport mock;
    mock.on("GET", "/").respond(503);
    http::Client client({.transport = &mock});
    client.use(http::retry({.attempts = 10, .first_wait = 1us, .longest_wait = 1us}));
    for (int i = 0; i < 1000; ++i) static_cast<void>(co_await client.get(url));
    EXPECT_GE(mock.calls().size(), 1200U);
    EXPECT_LE(mock.calls().size(), 1000U + 200U + 10U + 1U);
    EXPECT_GT(client.stats().retries_denied, 700U);
    EXPECT_EQ(client.stats().retries, mock.calls().size() - 1000U);
}

TEST(HttpRetryBudget, reserve_comes_back_with_time) {
    http::internal::RetryBudget budget(0, 10);
    Time now = Time(1s);
    const auto take_all = [&] {
        std::size_t taken = 0;
        while (budget.withdraw(now)) ++taken;
        return taken;
    };
    EXPECT_EQ(take_all(), 10U);
    now += 5s;
    EXPECT_EQ(take_all(), 5U);
    now += 1h;
    EXPECT_EQ(take_all(), 10U);
}

TEST(HttpRetryBudget, requests_earn_and_not_without_end) {
    http::internal::RetryBudget budget(0.2, 0);
    const Time now = Time(1s);
    EXPECT_FALSE(budget.withdraw(now));
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(budget.withdraw(now));
        budget.deposit();
    }
    EXPECT_TRUE(budget.withdraw(now));
    EXPECT_FALSE(budget.withdraw(now));
    for (int i = 0; i < 10'000; ++i) budget.deposit();
    std::size_t taken = 0;
    while (budget.withdraw(now)) ++taken;
    EXPECT_EQ(taken, 100U);
}

TEST(HttpRetryBudget, options_that_make_no_sense) {
    EXPECT_EQ(error_of([] { static_cast<void>(http::retry({.attempts = 0})); }), "http::retry: no attempt at all");
    EXPECT_EQ(error_of([] { static_cast<void>(http::retry({.budget_per_request = -0.1})); }),
        "http::retry: a budget below zero");
}

TEST(Retrier, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        const std::string busy = "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy";
        ScriptedServer server(in_turn({{busy, busy, ok("there")}}));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            client.use(http::retry());
            auto response = co_await client.get(base);
            EXPECT_EQ(response.status(), 200);
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing
