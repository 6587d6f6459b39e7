// How long answers are kept, how many, and which of them.
#include "net/name_cache.hpp"

#include "name_server.hpp"
#include "net/resolver.hpp"
#include "support/loops.hpp"

namespace gyre::testing {
namespace {

using internal::LookupAnswer;
using internal::NameCache;

auto answer(std::optional<Duration> good_for) -> LookupAnswer {
    LookupAnswer made;
    made.addresses.push_back(net::Address::from_ip("192.0.2.1", 0));
    made.good_for = good_for;
    return made;
}

/// How long `kept` is given out.
void expect_kept(const LookupAnswer& kept, Duration time) {
    constexpr Time start{std::chrono::hours(1)};
    NameCache cache;
    cache.store("x", kept, start);
    EXPECT_EQ(cache.find("x", start + time), nullptr);
    cache.store("x", kept, start);
    if (time > Duration::zero()) {
        EXPECT_NE(cache.find("x", start + time - Duration(1)), nullptr);
    }
}

TEST(NameCache, keeps_an_answer_as_long_as_it_says_within_limits) {
    expect_kept(answer(0s), 1s);
    expect_kept(answer(1s), 1s);
    expect_kept(answer(2s), 2s);
    expect_kept(answer(10min), 10min);
    expect_kept(answer(24h), 10min);
    expect_kept(answer(std::nullopt), 10s);
    expect_kept(LookupAnswer::no_such_name(), 5s);
    expect_kept(LookupAnswer::failed(std::errc::timed_out, "nobody answered"), 0s);
}

TEST(NameCache, forgets_what_was_used_longest_ago) {
    NameCache cache;
    const Time now{};
    for (std::size_t i = 0; i < NameCache::entry_limit; ++i) cache.store(std::to_string(i), answer(1min), now);
    EXPECT_EQ(cache.stats().evictions, 0U);
    EXPECT_NE(cache.find("0", now), nullptr);
    cache.store("one more", answer(1min), now);
    EXPECT_EQ(cache.stats().entries, NameCache::entry_limit);
    EXPECT_EQ(cache.stats().evictions, 1U);
    EXPECT_NE(cache.find("0", now), nullptr);
    EXPECT_EQ(cache.find("1", now), nullptr);
    EXPECT_NE(cache.find("one more", now), nullptr);
    EXPECT_EQ(cache.stats().hits, 3U);
    EXPECT_EQ(cache.stats().misses, 1U);
}

TEST(NameCache, later_answer_replaces_the_one_before) {
    NameCache cache;
    cache.store("x", answer(1min), Time{});
    cache.store("x", LookupAnswer::no_such_name(), Time{});
    EXPECT_TRUE(cache.find("x", Time{})->is_no_such_name());
    // Whoever asked has found out that it cannot be relied on any more.
    cache.store("x", LookupAnswer::failed(std::errc::timed_out, "nobody answered"), Time{});
    EXPECT_EQ(cache.find("x", Time{}), nullptr);
    cache.store("x", answer(1min), Time{});
    cache.forget("x");
    cache.forget("y");
    EXPECT_EQ(cache.stats().entries, 0U);
    cache.store("x", answer(1min), Time{});
    cache.clear();
    EXPECT_EQ(cache.find("x", Time{}), nullptr);
}

using CachedNames = OnKernel;
GYRE_ON_KERNEL(CachedNames);

TEST_P(CachedNames, are_asked_for_once) {
    run([]() -> Task<> {
        auto socket = co_await net::UdpSocket::bind("127.0.0.1", 0);
        NameServer server(std::move(socket));
        this_loop().local<internal::Resolver>().use_servers(server.address());
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto serving = group.spawn(server.serve());
            const net::ResolveOptions cached{.cached = true};
            for (const std::string host : {"four.test", "FOUR.test", "four.test"}) {
                const auto found = co_await net::resolve(host, 80, cached);
                EXPECT_EQ(found.front().text(), "192.0.2.1:80");
            }
            EXPECT_EQ(server.questions, 2);  // for IPv4 and IPv6
            EXPECT_EQ(net::name_cache_stats().hits, 2U);
            EXPECT_EQ(net::name_cache_stats().misses, 1U);
            EXPECT_EQ(net::name_cache_stats().entries, 1U);

            // Who does not want a cached answer asks, and refreshes it for the others.
            static_cast<void>(co_await net::resolve("four.test", 80));
            EXPECT_EQ(server.questions, 4);
            // With a dot at its end a name is another one: no search domain completes it.
            static_cast<void>(co_await net::resolve("four.test.", 80, cached));
            EXPECT_EQ(server.questions, 6);
            EXPECT_EQ(net::name_cache_stats().entries, 2U);
            net::forget_name("Four.TEST");
            EXPECT_EQ(net::name_cache_stats().entries, 0U);
            static_cast<void>(co_await net::resolve("four.test", 80, cached));
            EXPECT_EQ(server.questions, 8);
            serving.cancel();
        });
    });
}

}  // namespace
}  // namespace gyre::testing
