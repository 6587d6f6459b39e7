// Uploads to a peer that is slow, through a kernel that takes much ahead of it: what counts is what arrives.
#include "http/client/sending.hpp"
#include "support/deep_transport.hpp"
#include "support/loops.hpp"

#include <string>

namespace gyre::testing {
namespace {

using http::internal::SpeedQuota;
using http::internal::write_at_speed;
using http::internal::write_within;
using http::internal::WriteLimit;

constexpr WriteLimit any_time{Duration::zero(), Time::max()};

GYRE_TEST(SlowUpload, is_fast_enough_if_enough_arrives_though_the_kernel_takes_nothing) {
    auto stream = deep_stream(10'000);  // a third of the room takes it 100 s
    SpeedQuota speed(9'000, 10s);
    const std::string body(2 * megabytes, 'x');
    const bool is_fast = co_await write_at_speed(stream, body, speed, any_time);
    EXPECT_TRUE(is_fast);
}

GYRE_TEST(SlowUpload, is_too_slow_if_less_arrives) {
    auto stream = deep_stream(10'000);
    SpeedQuota speed(11'000, 10s);
    const std::string body(2 * megabytes, 'x');
    const auto before = this_loop().now();
    const bool is_fast = co_await write_at_speed(stream, body, speed, any_time);
    EXPECT_FALSE(is_fast);
    EXPECT_EQ(this_loop().now() - before, Duration(10s));
}

GYRE_TEST(SlowUpload, is_too_slow_where_nobody_can_tell_what_arrives) {
    auto stream = deep_stream(10'000, false);
    SpeedQuota speed(9'000, 10s);
    const std::string body(2 * megabytes, 'x');
    const bool is_fast = co_await write_at_speed(stream, body, speed, any_time);
    EXPECT_FALSE(is_fast);
}

GYRE_TEST(SlowUpload, ends_when_a_peer_that_was_fast_enough_stops) {
    auto stream = deep_stream(0);
    SpeedQuota speed(1, 10s);
    const std::string body(2 * megabytes, 'x');
    const bool is_fast = co_await write_at_speed(stream, body, speed, any_time);
    EXPECT_FALSE(is_fast);
}

GYRE_TEST(SlowUpload, does_not_time_out_while_bytes_arrive) {
    auto stream = deep_stream(10'000);
    const std::string body(2 * megabytes, 'x');
    const WriteLimit limit{30s, Time::max()};
    co_await write_within(stream, body, limit);
    // All but what the kernel holds has arrived.
    EXPECT_GE(stream.transport().arrived().value_or(0), megabytes);
}

GYRE_TEST(SlowUpload, times_out_when_none_arrives_and_at_the_deadline) {
    const std::string body(2 * megabytes, 'x');
    auto silent = deep_stream(0);
    const auto before = this_loop().now();
    const WriteLimit half_a_minute{30s, Time::max()};
    bool has_timed_out = false;
    try {
        co_await write_within(silent, body, half_a_minute);
    } catch (const TimeoutError&) {
        has_timed_out = true;
    }
    EXPECT_TRUE(has_timed_out);
    EXPECT_EQ(this_loop().now() - before, Duration(30s));

    auto slow = deep_stream(10'000);
    const auto deadline = this_loop().now() + std::chrono::seconds(50);
    const WriteLimit until_then{30s, deadline};
    has_timed_out = false;
    try {
        co_await write_within(slow, body, until_then);
    } catch (const TimeoutError&) {
        has_timed_out = true;
    }
    EXPECT_TRUE(has_timed_out);
    EXPECT_EQ(this_loop().now(), deadline);
}

class ArrivedBytes : public OnLoops {};
GYRE_ON_LOOPS(ArrivedBytes);

TEST_P(ArrivedBytes, are_what_the_other_machine_has_taken) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto client = co_await net::connect("127.0.0.1", listener.local_address().port());
        auto server = co_await listener.accept();
        const auto none = client.transport().arrived();
        EXPECT_EQ(none.has_value(), this_loop().backend_name() != "sim");
        if (!none) co_return;
        co_await client.write("hello");
        static_cast<void>(co_await server.read_exactly(5));
        co_await server.write("!");  // its acknowledgement goes with it
        static_cast<void>(co_await client.read_exactly(1));
        EXPECT_EQ(client.transport().arrived().value_or(0) - *none, 5U);
        EXPECT_FALSE(client.transport().is_underway());
        const std::string more_than_the_sockets_hold(50'000'000, 'x');
        auto writing = spawn(client.write(more_than_the_sockets_hold));
        co_await yield_now();
        EXPECT_TRUE(client.transport().is_underway());
        writing.cancel();
        static_cast<void>(co_await as_outcome(writing.join()));
    });
}

}  // namespace
}  // namespace gyre::testing
