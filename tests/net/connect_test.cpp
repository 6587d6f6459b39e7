// Happy Eyeballs in virtual time: which address is tried when, who wins, and what is said when nobody does.
#include "connected.hpp"
#include "net/connect_any.hpp"
#include "silent_address.hpp"
#include "support/loops.hpp"

#include <gyre/backend/backend.hpp>

namespace gyre::testing {
namespace {

constexpr std::uint16_t port = 4'000;

auto at(std::string_view ip) -> net::Address { return net::Address::from_ip(ip, port); }

auto addresses(std::initializer_list<std::string_view> texts) -> std::vector<net::Address> {
    std::vector<net::Address> list;
    for (const auto text : texts) list.push_back(at(text));
    return list;
}

auto connect_to(std::vector<net::Address> list, net::ConnectOptions options = {}) -> Task<net::Stream> {
    return internal::connect_any(std::move(list), "host:4000", options);
}

auto elapsed(Time since) -> std::chrono::milliseconds {
    return std::chrono::duration_cast<std::chrono::milliseconds>(this_loop().now() - since);
}

GYRE_TEST(HappyEyeballs, the_first_address_that_answers_wins) {
    auto listener = co_await net::listen("127.0.0.1", port);
    auto list = addresses({"127.0.0.1", "127.0.0.2"});
    auto stream = co_await connect_to(std::move(list));
    EXPECT_EQ(stream.peer_address(), at("127.0.0.1"));
    EXPECT_EQ(this_loop().backend().open_descriptors(), 2U);
}

GYRE_TEST(HappyEyeballs, after_a_failure_the_next_is_tried_at_once) {
    auto listener = co_await net::listen("127.0.0.3", port);
    auto list = addresses({"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    const auto start = this_loop().now();
    auto stream = co_await connect_to(std::move(list));
    EXPECT_EQ(stream.peer_address(), at("127.0.0.3"));
    EXPECT_EQ(elapsed(start), 0ms);
}

GYRE_TEST(HappyEyeballs, silence_gets_company_after_the_delay) {
    SilentAddress first(at("127.0.0.1"));
    SilentAddress second(at("127.0.0.2"));
    co_await first.fall_silent();
    co_await second.fall_silent();
    auto listener = co_await net::listen("127.0.0.3", port);
    const auto before = this_loop().backend().open_descriptors();
    auto list = addresses({"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    const auto start = this_loop().now();
    auto stream = co_await connect_to(std::move(list));
    EXPECT_EQ(elapsed(start), 500ms);
    EXPECT_EQ(stream.peer_address(), at("127.0.0.3"));
    EXPECT_EQ(this_loop().backend().open_descriptors(), before + 1) << "the losers are closed";
}

GYRE_TEST(HappyEyeballs, the_families_take_turns) {
    SilentAddress first(at("::1"));
    co_await first.fall_silent();
    auto listener = co_await net::listen("127.0.0.1", port);
    auto list = addresses({"::1", "::1", "::1", "127.0.0.1"});
    const auto start = this_loop().now();
    auto stream = co_await connect_to(std::move(list));
    EXPECT_EQ(elapsed(start), 250ms) << "IPv4 is tried second";
}

GYRE_TEST(HappyEyeballs, an_earlier_address_may_still_win) {
    SilentAddress first(at("127.0.0.1"));
    SilentAddress second(at("127.0.0.2"));
    co_await first.fall_silent();
    co_await second.fall_silent();
    net::ConnectOptions options;
    options.attempt_delay = 100ms;
    auto list = addresses({"127.0.0.1", "127.0.0.2", "127.0.0.9"});
    const auto start = this_loop().now();
    options.timeout = 3s;
    const auto text = co_await failure_of(connect_to(std::move(list), options));
    EXPECT_EQ(text,
        "connect host:4000: timed out after 3 s (127.0.0.1:4000: no answer; 127.0.0.2:4000: no answer; "
        "127.0.0.9:4000: Connection refused)");
    EXPECT_EQ(elapsed(start), 3000ms);
}

GYRE_TEST(HappyEyeballs, the_most_telling_failure_gives_the_code) {
    auto list = addresses({"127.0.0.1", "10.0.0.1"});
    std::error_code code;
    std::string text;
    try {
        co_await connect_to(std::move(list));
    } catch (const IoError& error) {
        code = error.code();
        text = error.what();
    }
    EXPECT_EQ(code, std::errc::connection_refused);
    EXPECT_EQ(text,
        "connect host:4000: Connection refused (127.0.0.1:4000: Connection refused; 10.0.0.1:4000: Network is "
        "unreachable)");
}

GYRE_TEST(HappyEyeballs, without_a_timeout_it_waits) {
    SilentAddress first(at("127.0.0.1"));
    co_await first.fall_silent();
    net::ConnectOptions options;
    options.timeout = {};
    auto list = addresses({"127.0.0.1"});
    auto stream = co_await move_on_after(1h, connect_to(std::move(list), options));
    EXPECT_FALSE(stream.has_value());
}

auto races_three() -> Task<> {
    SilentAddress first(at("127.0.0.1"));
    co_await first.fall_silent();
    auto listener = co_await net::listen("127.0.0.3", port);
    auto list = addresses({"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    auto stream = co_await connect_to(std::move(list));
    co_await stream.close();
}

TEST(HappyEyeballs, survives_cancellation_anywhere) {
    backend::SimOptions slow;
    slow.latency = 100ms;
    CancelEverywhere(races_three).world(slow).run();
}

using Connect = OnLoops;
GYRE_ON_LOOPS(Connect);

TEST_P(Connect, a_refusal_names_the_address) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto closed = listener.local_address();
        listener.close();
        const auto text = co_await failure_of(net::connect("127.0.0.1", closed.port()));
        EXPECT_EQ(text, "connect " + closed.text() + ": Connection refused");
        const auto direct = co_await failure_of(net::connect(closed));
        EXPECT_EQ(direct, "connect " + closed.text() + ": Connection refused");
    });
}

TEST_P(Connect, localhost_reaches_a_server_of_either_family) {
    run([]() -> Task<> {
        for (const auto* host : {"127.0.0.1", "::1"}) {
            std::optional<net::Listener> listener;
            try {
                auto opened = co_await net::listen(host, 0);
                listener.emplace(std::move(opened));
            } catch (const IoError&) {
                continue;  // a machine without IPv6
            }
            auto stream = co_await net::connect("localhost", listener->local_address().port());
            EXPECT_EQ(stream.peer_address().ip(), host);
        }
    });
}

TEST_P(Connect, a_host_that_is_no_host_is_refused) {
    run([]() -> Task<> {
        const auto empty = co_await failure_of(net::connect("", 1));
        EXPECT_EQ(empty, "resolve: the host is empty");
    });
}

}  // namespace
}  // namespace gyre::testing
