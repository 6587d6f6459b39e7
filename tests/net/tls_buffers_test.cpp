// What TLS connections hold: their buffers while they work, and little while they rest.
#include "tls_fixture.hpp"

#include "support/heap.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace gyre::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pairs = 20;
/// One buffer is 16 KiB and a little; each end has one for each direction.
constexpr std::size_t buffers_of_all = pairs * 4 * 16'000;
constexpr std::size_t slack = 64 * 1024;

using Pair = std::pair<net::Stream, net::Stream>;

auto talk(std::vector<Pair>& all) -> Task<void> {
    for (auto& [client, server] : all) {
        co_await client.write("question");
        const auto question = co_await server.read_exactly(8);
        EXPECT_EQ(question, "question");
        co_await server.write("answer");
        const auto answer = co_await client.read_exactly(6);
        EXPECT_EQ(answer, "answer");
    }
}

GYRE_TEST(TlsBuffers, are_kept_while_a_connection_works_and_given_back_when_it_rests) {
    std::vector<Pair> all;
    for (std::size_t i = 0; i < pairs; ++i) {
        auto pair = co_await secure_pair();
        all.push_back(std::move(pair));
    }
    co_await talk(all);
    co_await sleep(10s);
    const auto resting = heap_bytes();
    co_await talk(all);
    const auto working = heap_bytes();
    if (working == resting) co_return;  // under a sanitizer
    EXPECT_GE(working, resting + buffers_of_all) << "no record takes and frees a buffer";
    for (int i = 0; i < 50; ++i) {
        co_await sleep(300ms);
        co_await talk(all);
        EXPECT_LE(heap_bytes(), working + slack);
        EXPECT_GE(heap_bytes(), resting + buffers_of_all) << i;
    }
    co_await sleep(3s);
    EXPECT_LE(heap_bytes(), resting + slack);
    co_await talk(all);
    EXPECT_GE(heap_bytes(), resting + buffers_of_all);
}

GYRE_TEST(TlsBuffers, are_given_back_by_one_that_waits_for_a_read) {
    auto pair = co_await secure_pair();
    auto& [client, server] = pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto reading = group.spawn(server.read_exactly(8));
        co_await sleep(10s);
        co_await client.write("question");
        const auto question = co_await reading.join();
        EXPECT_EQ(question, "question");
        co_await server.write("answer");
        const auto answer = co_await client.read_exactly(6);
        EXPECT_EQ(answer, "answer");
    });
}

/// A server that waits for a question, and the question on its way.
struct Asked {
    Asked() = default;
    std::shared_ptr<MemoryPipe> to_server;
    std::optional<net::Stream> client;
    std::optional<net::Stream> server;
    std::string question;
};

auto ask() -> Task<Asked> {
    MemoryConnection connection;
    Asked asked;
    asked.to_server = connection.to_server;
    auto left = good_client().handshake(net::Stream(std::move(connection.client)), "server.example");
    auto right = good_server().handshake(net::Stream(std::move(connection.server)));
    auto both = co_await gather(std::move(left), std::move(right));
    asked.client.emplace(std::get<0>(std::move(both)));
    asked.server.emplace(std::get<1>(std::move(both)));
    co_await asked.client->write("question");
    asked.question = asked.to_server->take();
    co_return std::move(asked);
}

GYRE_TEST(TlsBuffers, are_not_there_for_a_record_of_which_a_few_bytes_have_come) {
    std::vector<Asked> all;
    for (std::size_t i = 0; i < pairs; ++i) {
        auto asked = co_await ask();
        all.push_back(std::move(asked));
    }
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (auto& asked : all) group.spawn(asked.server->fill_late());
        co_await sleep(10s);
        const auto resting = heap_bytes();
        for (const std::size_t more : {1, 3, 1, 1, 20}) {
            for (auto& asked : all) {
                asked.to_server->put(asked.question.substr(0, more));
                asked.question.erase(0, more);
            }
            co_await sleep(10s);
            EXPECT_LE(heap_bytes(), resting + slack) << all.front().question.size() << " bytes have not come";
        }
        for (auto& asked : all) asked.to_server->put(asked.question);
    });
    for (auto& asked : all) {
        const auto question = co_await asked.server->read_exactly(8);
        EXPECT_EQ(question, "question");
    }
}

GYRE_TEST(TlsBuffers, what_begins_like_no_record_is_refused_at_once) {
    using namespace std::string_literals;
    for (const auto& begin : {"GET /"s, "\x63\x03\x03\x00\x20"s, "\x17\x03\x03\x7F\xFF"s}) {
        auto asked = co_await ask();
        auto waiting = spawn(asked.server->fill_late());
        co_await all_blocked();
        asked.to_server->put(begin);
        const auto outcome = co_await as_outcome(waiting.join());
        EXPECT_TRUE(failed_with<net::TlsError>(outcome)) << begin;
    }
}

/// The loop's keeper may go before the connections.
TEST(TlsBufferKeeper, leaves_no_trace_of_itself_in_connections_that_outlive_the_loop) {
    std::vector<Pair> all;
    {
        EventLoop loop(backend::make_sim_backend());
        loop.run_until_complete([&]() -> Task<> {
            auto pair = co_await secure_pair();
            all.push_back(std::move(pair));
            co_await talk(all);
        });
    }
    all.clear();
}

}  // namespace
}  // namespace gyre::testing
