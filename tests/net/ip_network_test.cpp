// Ranges of addresses: what is inside, what is no range, IPv4 inside of IPv6.

#include <gyre/net/ip_network.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace gyre::net {
namespace {

auto holds(std::string_view network, std::string_view ip) -> bool {
    return IpNetwork(network).contains(Address::from_ip(ip, 80));
}

TEST(IpNetwork, holds_what_begins_with_its_bits) {
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.255.255"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(holds("192.168.4.0/22", "192.168.7.255"));
    EXPECT_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
    EXPECT_FALSE(holds("192.168.4.0/22", "192.168.3.255"));
    EXPECT_TRUE(holds("127.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(holds("127.0.0.1", "127.0.0.2"));
    EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
    EXPECT_TRUE(holds("::1", "::1"));
    EXPECT_FALSE(holds("::1", "::2"));
}

TEST(IpNetwork, keeps_the_families_apart_but_for_mapped_addresses) {
    EXPECT_FALSE(holds("::/0", "10.0.0.1"));
    EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
    EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_FALSE(holds("::/0", "::ffff:10.1.2.3"));
    EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_EQ(IpNetwork("::ffff:10.0.0.0/104"), IpNetwork("10.0.0.0/8"));
    EXPECT_FALSE(IpNetwork("0.0.0.0/0").contains(Address::from_path("/run/x")));
    EXPECT_FALSE(IpNetwork("0.0.0.0/0").contains(Address()));
}

TEST(IpNetwork, is_found_around_an_address) {
    const auto four = IpNetwork::around(Address::from_ip("10.1.2.3", 80), 24, 64);
    EXPECT_EQ(four.text(), "10.1.2.0/24");
    EXPECT_EQ(IpNetwork::around(Address::from_ip("::ffff:10.1.2.3", 80), 32, 64).text(), "10.1.2.3/32");
    EXPECT_EQ(IpNetwork::around(Address::from_ip("2001:db8:1:2:3::4", 80), 32, 64).text(), "2001:db8:1:2::/64");
    EXPECT_LT(IpNetwork("10.0.0.0/8"), IpNetwork("11.0.0.0/8"));
    EXPECT_THROW(static_cast<void>(IpNetwork::around(Address::from_path("/x"), 32, 64)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(IpNetwork::around(Address::from_ip("::1", 1), 33, 64)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(IpNetwork::around(Address::from_ip("::1", 1), 32, 129)), std::invalid_argument);
}

TEST(IpNetwork, refuses_what_is_none) {
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/08",
             "10.0.0.0/8/8", "10.0.0.1/8", "::1/64", "::/129", "localhost", "10.0.0", "fe80::%1/64", "[::1]"}) {
        EXPECT_THROW(IpNetwork{text}, std::invalid_argument) << text;
    }
}

}  // namespace
}  // namespace gyre::net
