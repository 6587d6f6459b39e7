// Redirects: what becomes of method, body and fields, what must not leave an origin, and what is not followed.
#include "scripted_server.hpp"

#include <gyre/http/core/url.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;

auto redirect(int status, std::string_view location, std::string_view body = {}) -> std::string {
    return "HTTP/1.1 " + std::to_string(status) + " Redirect\r\nLocation: " + std::string(location) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// "/" and "/redirect" redirect as `answer` says, everything else is "there".
auto redirecting(std::string answer) -> Script {
    return [answer = std::move(answer)](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            const auto target = request.substr(request.find(' ') + 1);
            const bool redirects = target.starts_with("/ ") || target.starts_with("/redirect");
            std::string bytes = redirects ? answer : ok("there");
            co_await peer.send(std::move(bytes));
        }
    };
}

class HttpRedirect : public OnLoops {
protected:
    auto error_from(std::string answer, ClientOptions options = ClientOptions()) -> Reply {
        return run(fetch_from(redirecting(std::move(answer)), std::move(options)));
    }
};
GYRE_ON_LOOPS(HttpRedirect);

TEST_P(HttpRedirect, method_and_body) {
    struct Case {
        int status;
        std::string before, after;
        bool keeps_body;
    };
    const std::vector<Case> cases = {
        {301, "GET", "GET", false},
        {301, "POST", "GET", false},
        {301, "PUT", "PUT", true},
        {302, "POST", "GET", false},
        {302, "HEAD", "HEAD", false},
        {302, "DELETE", "DELETE", false},
        {303, "POST", "GET", false},
        {303, "PUT", "GET", false},
        {303, "HEAD", "HEAD", false},
        {307, "POST", "POST", true},
        {307, "GET", "GET", false},
        {308, "PUT", "PUT", true},
    };
    for (const auto& one : cases) {
        ScriptedServer server(redirecting(redirect(one.status, "/next")));
        const bool has_body = one.before == "POST" || one.before == "PUT";
        run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            http::Fields fields;
            if (has_body) fields.add("Content-Type", "text/plain");
            std::string body = has_body ? "body" : "";
            auto reply = co_await fetch(client, base + "/", one.before, std::move(fields), std::move(body));
            EXPECT_EQ(reply.status, 200) << reply.error;
            EXPECT_EQ(reply.url, base + "/next");
            EXPECT_EQ(client.stats().redirects, 1U);
            EXPECT_EQ(client.stats().connections_opened, 1U);
        }));
        const std::string label = std::to_string(one.status) + " to " + one.before;
        const std::string& second = server.log().requests.at(1);
        EXPECT_TRUE(second.starts_with(one.after + " /next HTTP/1.1\r\n")) << label << ": " << second;
        EXPECT_EQ(second.ends_with("\r\n\r\nbody"), one.keeps_body) << label << ": " << second;
        EXPECT_EQ(second.find("Content-Type") != std::string::npos, one.keeps_body) << label << ": " << second;
    }
}

TEST_P(HttpRedirect, locations_are_resolved) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"/x?y=z", "/x?y=z"},
        {"x", "/redirect/x"},
        {"../x", "/x"},
        {"?q", "/redirect/from?q"},
    };
    for (const auto& [location, expected] : cases) {
        // Only the first request is redirected.
        ScriptedServer server(in_turn({{redirect(302, location), ok("there")}}));
        run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            auto reply = co_await fetch(client, base + "/redirect/from#part");
            EXPECT_EQ(reply.url, base + expected + "#part") << reply.error;
        }));
    }
    ScriptedServer server(in_turn({{redirect(302, "/x#own"), ok("there")}}));
    run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base + "/#part");
        EXPECT_EQ(reply.url, base + "/x#own");
    }));
}

// CVE-2018-18074, CVE-2022-27774, CVE-2023-45143.
TEST_P(HttpRedirect, secrets_stay_in_their_origin) {
    ScriptedServer second(redirecting(redirect(302, "/")));
    ScriptedServer first([&](Peer& peer) -> Task<> {
        const auto request = co_await peer.request();
        const auto at = request.find("\r\nReturn: ") + 10;
        const std::string target = request.substr(at, request.find("\r\n", at) - at);
        std::string away = redirect(302, "/away");
        co_await peer.send(std::move(away));
        static_cast<void>(co_await peer.request());
        co_await peer.send(redirect(302, target));
    });
    run(second.run([&](std::string elsewhere) -> Task<> {
        ClientOptions options;
        options.secret_fields = "x-api-key,, X-Token";
        co_await first.run(options, [&](http::Client& client, std::string base) -> Task<> {
            http::Fields fields{{"Authorization", "Basic c2VjcmV0"}, {"Cookie", "a=secret"}, {"authorization", "second"},
                {"Proxy-Authorization", "secret"}, {"X", "kept"}, {"Return", elsewhere + "/there"},
                {"X-Api-Key", "secret"}, {"X-TOKEN", "secret"}, {"X-Token-Kind", "kept"}};
            auto reply = co_await fetch(client, base + "/", "GET", std::move(fields));
            EXPECT_EQ(reply.body, "there") << reply.error;
        });
    }));
    ASSERT_EQ(first.log().requests.size(), 2U);
    for (const auto& request : first.log().requests) {
        EXPECT_NE(request.find("Basic c2VjcmV0"), std::string::npos) << "same origin: " << request;
        EXPECT_NE(request.find("X-Api-Key: secret"), std::string::npos) << "same origin: " << request;
        EXPECT_NE(request.find("X-TOKEN: secret"), std::string::npos) << "same origin: " << request;
    }
    const auto& request = second.log().requests.at(0);
    for (const std::string name : {"uthorization", "Cookie", "secret", "second"}) {
        EXPECT_EQ(request.find(name), std::string::npos) << request;
    }
    EXPECT_NE(request.find("X: kept"), std::string::npos);
    EXPECT_NE(request.find("X-Token-Kind: kept"), std::string::npos);
}

TEST(HttpRedirectRules, secret_fields_are_names_of_fields) {
    EXPECT_EQ(error_of([] { const http::Client client({.secret_fields = "X-Key, X Key"}); }),
        "http::ClientOptions::secret_fields: \"X Key\" is no name of a field");
    EXPECT_EQ(error_of([] { const http::Client client({.secret_fields = " , X-Key,"}); }), "nothing");
}

TEST_P(HttpRedirect, body_does_not_leave_its_origin_unasked) {
    for (const bool allowed : {false, true}) {
        ScriptedServer second(always(ok("there")));
        std::string elsewhere;
        ScriptedServer first([&](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            co_await peer.send(redirect(307, elsewhere));
        });
        run(second.run([&](std::string base_of_second) -> Task<> {
            elsewhere = base_of_second + "/";
            const ClientOptions options{.resend_body_across_origins = allowed};
            co_await first.run(options, [&](http::Client& client, std::string base) -> Task<> {
                auto reply = co_await fetch(client, base, "POST", {}, "body");
                EXPECT_EQ(reply.status, allowed ? 200 : 0);
                if (!allowed) EXPECT_EQ(reply.phase, RequestPhase::redirect) << reply.error;
            });
        }));
        EXPECT_EQ(second.log().requests.size(), allowed ? 1U : 0U);
    }
}

TEST_P(HttpRedirect, limit_is_named) {
    const auto reply = error_from(redirect(302, "/redirect"));
    EXPECT_EQ(reply.phase, RequestPhase::redirect);
    EXPECT_NE(reply.error.find("redirect 302 to /redirect: more than 10 redirects"), std::string::npos) << reply.error;
}

// "/n" redirects to "/n-1", down to "/0".
auto counting_down(Peer& peer) -> Task<> {
    for (;;) {
        const auto request = co_await peer.request();
        if (request.empty()) co_return;
        const int left = std::stoi(request.substr(request.find('/') + 1));
        std::string bytes = left == 0 ? ok("there") : redirect(302, "/" + std::to_string(left - 1));
        co_await peer.send(std::move(bytes));
    }
}

TEST_P(HttpRedirect, ten_are_followed_and_no_more) {
    ScriptedServer server(counting_down);
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base + "/10");
        EXPECT_EQ(response.status(), 200);
        const auto text = co_await response.text();
        EXPECT_EQ(text, "there");
        bool is_refused = false;
        try {
            auto none = co_await client.get(base + "/11");
        } catch (const http::RequestError& error) {
            is_refused = error.phase() == RequestPhase::redirect;
        }
        EXPECT_TRUE(is_refused);
    }));
}

TEST_P(HttpRedirect, what_is_not_followed) {
    for (const std::string location :
        {"ftp://x/", "file:///etc/passwd", "javascript:alert(1)", "http://u:p@x/", "http:\\\\x"}) {
        const auto reply = error_from(redirect(302, location));
        EXPECT_EQ(reply.phase, RequestPhase::redirect) << location << ": " << reply.error;
        EXPECT_NE(reply.error, "") << location;
    }
    const auto two = error_from("HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(two.phase, RequestPhase::redirect) << two.error;
}

TEST_P(HttpRedirect, without_location_or_switched_off_it_is_a_response) {
    EXPECT_EQ(error_from("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").status, 302);
    EXPECT_EQ(error_from(redirect(302, "/there"), ClientOptions{.follow_redirects = false}).status, 302);
    EXPECT_EQ(error_from(redirect(304, "/there")).status, 304);
}

TEST_P(HttpRedirect, long_body_of_a_redirect_costs_the_connection) {
    ScriptedServer server(redirecting(redirect(302, "/next", std::string(1'000'000, 'x'))));
    run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base + "/");
        EXPECT_EQ(reply.body, "there") << reply.error;
        EXPECT_EQ(client.stats().connections_opened, 2U);
    }));
}

}  // namespace
}  // namespace gyre::testing
