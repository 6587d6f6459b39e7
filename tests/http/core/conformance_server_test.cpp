// The requests of the conformance tables, sent to a server: what its handler ran, what was answered, and
// that the connection ends after a refusal.

#include "conformance.hpp"

#include "../server/harness.hpp"

#include <gtest/gtest.h>

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

using server_testing::RawClient;
using server_testing::run_with;
using server_testing::World;

/// What a stream of requests asks of a server, as the parser says, whose verdicts conformance_test.cpp holds.
struct Wanted {
    Wanted() = default;

    std::vector<std::string> executed;  ///< Method, target and body of each request that is whole.
    std::vector<std::string> methods;   ///< Of each request whose head is.
    std::string refusal;                ///< The rule that ends the connection, if one does.
};

constexpr auto smuggled = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"sv;

auto wanted_of(std::string_view stream) -> Wanted {
    Wanted wanted;
    RequestParser parser;
    std::string request;
    try {
        while (true) {
            const auto event = parser.next(stream);
            stream.remove_prefix(event.consumed);
            if (event.kind == EventKind::head) {
                request = parser.head().method + " " + parser.head().target + " ";
                wanted.methods.push_back(parser.head().method);
            }
            request.append(event.body.data(), event.body.size());
            if (event.kind == EventKind::complete) wanted.executed.push_back(request);
            if (event.kind == EventKind::need_more) break;
        }
        parser.finish();
    } catch (const ProtocolError& error) {
        // A server that has said it will close reads no further.
        if (error.rule() != Rule::request_after_close) wanted.refusal = rule_name(error.rule());
    }
    return wanted;
}

auto run_handler(ServerExchange& exchange, std::vector<std::string>& executed) -> Task<void> {
    auto request = std::string(exchange.method()) + " " + std::string(exchange.target()) + " ";
    while (true) {
        const auto piece = co_await exchange.read();
        if (piece.empty()) break;
        request.append(piece.data(), piece.size());
    }
    executed.push_back(request);
    const int status = exchange.method() == "CONNECT" ? 501 : 200;
    co_await exchange.respond(status, "text/plain", request);
}

/// Reads the answers to those requests, a refusal included, up to the end of the connection.
auto read_answers(std::string_view bytes, const Wanted& wanted) -> std::vector<std::string> {
    std::vector<std::string> answers;
    ResponseParser parser;
    std::string body;
    const auto expect_next = [&] {
        const bool is_head = answers.size() < wanted.executed.size() && wanted.methods[answers.size()] == "HEAD";
        parser.expect(is_head ? "HEAD" : "GET");
    };
    expect_next();
    while (!bytes.empty()) {
        const auto event = parser.next(bytes);
        bytes.remove_prefix(event.consumed);
        body.append(event.body.data(), event.body.size());
        if (event.kind == EventKind::need_more) break;
        if (event.kind == EventKind::head) body.clear();
        // The end of a message without a body takes no bytes.
        const bool is_whole = event.kind == EventKind::complete ||
                              (bytes.empty() && event.kind != EventKind::interim_head &&
                                  parser.next({}).kind == EventKind::complete);
        if (!is_whole) continue;
        answers.push_back(std::to_string(parser.head().status) + " " + body);
        expect_next();
    }
    return answers;
}

void check_answers(const Wanted& wanted, const std::vector<std::string>& answers, std::string_view name) {
    const auto refusals = wanted.refusal.empty() ? 0U : 1U;
    ASSERT_EQ(answers.size(), wanted.executed.size() + refusals) << name;
    for (std::size_t i = 0; i < wanted.executed.size(); ++i) {
        const auto status = wanted.methods[i] == "CONNECT" ? "501 " : "200 ";
        EXPECT_EQ(answers[i], status + (wanted.methods[i] == "HEAD" ? std::string() : wanted.executed[i])) << name;
    }
    if (refusals != 0)
        EXPECT_NE(answers.back().find("\n" + wanted.refusal + ": "), std::string::npos) << answers.back();
}

void serve_case(World world, const std::string& stream, std::string_view name) {
    const auto wanted = wanted_of(stream);
    const bool is_refused = !wanted.refusal.empty() && wanted.refusal != rule_name(Rule::premature_eof);
    std::vector<std::string> executed;
    std::string received;
    ConnectionOptions options;
    options.limits = Limits::server();
    const auto handler = [&](ServerExchange& exchange) { return run_handler(exchange, executed); };
    const server_testing::ClientBody client_body = [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(stream);
        // Behind a refusal nothing is run, and the server ends the connection by itself.
        if (is_refused) {
            co_await client.send(smuggled);
        } else {
            co_await client.stream.shutdown_write();
        }
        received = co_await client.read_to_end();
    };
    const auto errors = run_with(world, handler, options, client_body);
    EXPECT_TRUE(errors.empty()) << name << ": " << errors.front();
    EXPECT_EQ(executed, wanted.executed) << name;
    check_answers(wanted, read_answers(received, wanted), name);
}

class HttpConformanceOfServer : public ::testing::TestWithParam<Table> {};

TEST_P(HttpConformanceOfServer, runs_what_was_accepted_and_answers_what_was_refused) {
    const auto& table = GetParam();
    if (table.side == Side::response) return;
    for (const auto world : {World::simulated, World::fragmented}) {
        for (const auto& row : table.cases) {
            serve_case(world, std::string(table.before).append(row.bytes).append(table.after), row.name);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Tables, HttpConformanceOfServer, ::testing::ValuesIn(all_conformance_tables()),
    [](const auto& instance) { return std::string(instance.param.title); });

}  // namespace
}  // namespace gyre::http::testing
