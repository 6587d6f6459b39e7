// Which addresses a policy refuses, on both sides of the edge of each network.
#include <gyre/net/egress_policy.hpp>

#include "support/loops.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

namespace gyre::testing {
namespace {

using net::EgressPolicy;

auto refusal(const EgressPolicy& policy, std::string_view ip) -> std::string {
    return policy.refusal(net::Address::from_ip(ip, 80)).value_or("");
}

struct SpecialCase {
    std::string_view first;
    std::string_view last;
    std::string_view rule;
    std::string_view before;  ///< Public; empty: there is none beside it.
    std::string_view after;
};

constexpr SpecialCase special_cases[] = {
    {"0.0.0.0", "0.255.255.255", "unspecified (0.0.0.0/8)", "", "1.0.0.0"},
    {"10.0.0.0", "10.255.255.255", "private (10.0.0.0/8)", "9.255.255.255", "11.0.0.0"},
    {"100.64.0.0", "100.127.255.255", "shared by a provider (100.64.0.0/10)", "100.63.255.255", "100.128.0.0"},
    {"127.0.0.0", "127.255.255.255", "loopback (127.0.0.0/8)", "126.255.255.255", "128.0.0.0"},
    {"169.254.0.0", "169.254.255.255", "link-local (169.254.0.0/16)", "169.253.255.255", "169.255.0.0"},
    {"172.16.0.0", "172.31.255.255", "private (172.16.0.0/12)", "172.15.255.255", "172.32.0.0"},
    {"192.0.0.0", "192.0.0.255", "protocol assignments (192.0.0.0/24)", "191.255.255.255", "192.0.1.0"},
    {"192.0.2.0", "192.0.2.255", "documentation (192.0.2.0/24)", "192.0.1.255", "192.0.3.0"},
    {"192.88.99.0", "192.88.99.255", "6to4 relay (192.88.99.0/24)", "192.88.98.255", "192.88.100.0"},
    {"192.168.0.0", "192.168.255.255", "private (192.168.0.0/16)", "192.167.255.255", "192.169.0.0"},
    {"198.18.0.0", "198.19.255.255", "benchmarks (198.18.0.0/15)", "198.17.255.255", "198.20.0.0"},
    {"198.51.100.0", "198.51.100.255", "documentation (198.51.100.0/24)", "198.51.99.255", "198.51.101.0"},
    {"203.0.113.0", "203.0.113.255", "documentation (203.0.113.0/24)", "203.0.112.255", "203.0.114.0"},
    {"224.0.0.0", "239.255.255.255", "multicast (224.0.0.0/4)", "223.255.255.255", ""},
    {"240.0.0.0", "255.255.255.254", "reserved (240.0.0.0/4)", "", ""},
    {"255.255.255.255", "255.255.255.255", "broadcast (255.255.255.255/32)", "", ""},
    {"::", "::", "unspecified (::/128)", "", ""},
    {"::1", "::1", "loopback (::1/128)", "", ""},
    {"::2", "::7f00:1", "not given out (::/0)", "", ""},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local NAT64 (64:ff9b:1::/48)", "", ""},
    {"100::", "100::ffff:ffff:ffff:ffff", "discard (100::/64)", "", ""},
    {"1fff:ffff::", "1fff:ffff::", "not given out (::/0)", "", ""},
    {"2001:1::", "2001:1ff:ffff::", "protocol assignments (2001::/23)", "2000::", "2001:200::"},
    {"2001::", "2001:0:ffff::", "Teredo (2001::/32)", "2000:ffff::", ""},
    {"2001:db8::", "2001:db8:ffff::", "documentation (2001:db8::/32)", "2001:db7:ffff::", "2001:db9::"},
    {"2002::", "2002:ffff::", "6to4 (2002::/16)", "2001:ffff::", "2003::"},
    {"3fff::", "3fff:fff:ffff::", "documentation (3fff::/20)", "3ffe:ffff::", "3fff:1000::"},
    {"4000::", "fbff::", "not given out (::/0)", "", ""},
    {"fc00::", "fdff:ffff::", "private (fc00::/7)", "", ""},
    {"fe80::", "febf:ffff::", "link-local (fe80::/10)", "", ""},
    {"fec0::", "feff:ffff::", "site-local (fec0::/10)", "", ""},
    {"ff00::", "ffff:ffff::", "multicast (ff00::/8)", "", ""},
};

TEST(EgressPolicy, public_only_refuses_what_has_a_special_purpose) {
    const auto policy = EgressPolicy::public_only();
    for (const auto& one : special_cases) {
        EXPECT_EQ(refusal(policy, one.first), one.rule) << one.first;
        EXPECT_EQ(refusal(policy, one.last), one.rule) << one.last;
        EXPECT_EQ(net::special_purpose(net::Address::from_ip(one.first, 1)), std::string(one.rule));
        if (!one.before.empty()) {
            EXPECT_EQ(refusal(policy, one.before), "") << one.before;
        }
        if (!one.after.empty()) {
            EXPECT_EQ(refusal(policy, one.after), "") << one.after;
        }
    }
    EXPECT_EQ(refusal(policy, "93.184.216.34"), "");
    EXPECT_EQ(refusal(policy, "2606:2800:220:1::1"), "");
}

TEST(EgressPolicy, sees_the_ipv4_address_inside_of_an_ipv6_one) {
    const auto policy = EgressPolicy::public_only();
    EXPECT_EQ(refusal(policy, "::ffff:127.0.0.1"), "loopback (127.0.0.0/8)");
    EXPECT_EQ(refusal(policy, "::ffff:10.1.2.3"), "private (10.0.0.0/8)");
    EXPECT_EQ(refusal(policy, "::ffff:8.8.8.8"), "");
    EXPECT_EQ(refusal(policy, "64:ff9b::169.254.169.254"), "link-local (169.254.0.0/16) for the 169.254.169.254 in it");
    EXPECT_EQ(refusal(policy, "64:ff9b::8.8.8.8"), "");
    EXPECT_EQ(refusal(policy, "2606:2800::5efe:10.0.0.1"), "private (10.0.0.0/8) for the 10.0.0.1 in it");
    EXPECT_EQ(refusal(policy, "2606:2800::200:5efe:10.0.0.1"), "private (10.0.0.0/8) for the 10.0.0.1 in it");

    // Rules of one's own hold for all these forms too.
    EgressPolicy own;
    own.deny("192.168.0.0/16");
    EXPECT_EQ(refusal(own, "::ffff:192.168.0.1"), "denied (192.168.0.0/16)");
    EXPECT_EQ(refusal(own, "64:ff9b::192.168.0.1"), "denied (192.168.0.0/16) for the 192.168.0.1 in it");
    EXPECT_EQ(refusal(own, "2002:c0a8:1::"), "denied (192.168.0.0/16) for the 192.168.0.1 in it");
    EXPECT_EQ(refusal(own, "2001:0:1:2:3:4:3f57:fffe"), "denied (192.168.0.0/16) for the 192.168.0.1 in it");
    EXPECT_EQ(refusal(own, "2002:c0a9:1::"), "");
}

TEST(EgressPolicy, narrowest_rule_counts) {
    auto policy = EgressPolicy::public_only();
    policy.allow("10.1.0.0/16").deny("10.1.2.0/24").allow("10.1.2.3").deny("93.184.216.0/24");
    EXPECT_EQ(refusal(policy, "10.0.0.1"), "private (10.0.0.0/8)");
    EXPECT_EQ(refusal(policy, "10.1.0.1"), "");
    EXPECT_EQ(refusal(policy, "10.1.2.4"), "denied (10.1.2.0/24)");
    EXPECT_EQ(refusal(policy, "10.1.2.3"), "");
    EXPECT_EQ(refusal(policy, "93.184.216.34"), "denied (93.184.216.0/24)");
    EXPECT_EQ(refusal(policy, "93.184.217.34"), "");
    // What is wider than a rule of public_only changes nothing; what is as wide does.
    policy.allow("0.0.0.0/0").allow("127.0.0.0/8");
    EXPECT_EQ(refusal(policy, "192.168.0.1"), "private (192.168.0.0/16)");
    EXPECT_EQ(refusal(policy, "127.0.0.1"), "");
    // Of two for the same network that which denies, in either order.
    policy.deny("127.0.0.0/8").allow("127.0.0.0/8");
    EXPECT_EQ(refusal(policy, "127.0.0.1"), "denied (127.0.0.0/8)");
}

TEST(EgressPolicy, only_what_is_listed) {
    EgressPolicy policy;
    policy.deny("0.0.0.0/0").deny("::/0").allow("192.0.2.0/24");
    EXPECT_EQ(refusal(policy, "192.0.2.1"), "");
    EXPECT_EQ(refusal(policy, "192.0.3.1"), "denied (0.0.0.0/0)");
    EXPECT_EQ(refusal(policy, "2606:2800::1"), "denied (::/0)");
    EXPECT_EQ(refusal(EgressPolicy(), "127.0.0.1"), "");
}

TEST(EgressPolicy, says_address_and_rule) {
    const auto policy = EgressPolicy::public_only();
    EXPECT_EQ(error_of([&] { policy.check(net::Address::from_ip("::1", 80)); }),
        "connect [::1]:80: refused by the egress policy: loopback (::1/128)");
    EXPECT_EQ(error_of([&] { policy.check(net::Address::from_path("/run/x.sock")); }), "nothing");
    EXPECT_EQ(
        error_of([] { EgressPolicy().deny("10.0.0.1/8"); }), "IpNetwork: '10.0.0.1/8' has bits set behind its prefix");
}

class Egress : public OnLoops {};
GYRE_ON_LOOPS(Egress);

TEST_P(Egress, connect_asks_the_policy_about_each_address) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto port = listener.local_address().port();
        const auto all = EgressPolicy::public_only();
        const auto refused = co_await as_outcome(net::connect("localhost", port, {.egress = &all}));
        EXPECT_TRUE(failed_with<net::EgressError>(refused));
        const auto text = std::to_string(port);
        EXPECT_EQ(describe(refused.error()),
            "connect localhost:" + text + ": refused by the egress policy: 127.0.0.1:" + text +
                " is loopback (127.0.0.0/8); [::1]:" + text + " is loopback (::1/128)");
        // One that is refused does not forbid the others.
        EgressPolicy some;
        some.deny("::1");
        auto stream = co_await net::connect("localhost", port, {.egress = &some});
        EXPECT_EQ(stream.peer_address().ip(), "127.0.0.1");
        const auto address = listener.local_address();
        const auto direct = co_await as_outcome(net::connect(address, {.egress = &all}));
        EXPECT_TRUE(failed_with<net::EgressError>(direct));
    });
}

}  // namespace
}  // namespace gyre::testing
