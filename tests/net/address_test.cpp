#include <gyre/net/address.hpp>

#include "net/address_parts.hpp"
#include "net/attempts.hpp"
#include "net/name_sources.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace gyre::net {
namespace {

using namespace std::string_literals;

TEST(Address, of_ipv4) {
    const auto address = Address::from_ip("10.0.0.1", 8080);
    EXPECT_EQ(address.family(), AF_INET);
    EXPECT_TRUE(address.is_ip());
    EXPECT_EQ(address.ip(), "10.0.0.1");
    EXPECT_EQ(address.port(), 8080);
    EXPECT_EQ(address.path(), "");
    EXPECT_EQ(address.text(), "10.0.0.1:8080");
}

TEST(Address, of_ipv6) {
    const auto address = Address::from_ip("::1", 443);
    EXPECT_EQ(address.family(), AF_INET6);
    EXPECT_EQ(address.ip(), "::1");
    EXPECT_EQ(address.text(), "[::1]:443");
    EXPECT_EQ(Address::from_ip("fe80::1%lo", 1).ip(), "fe80::1%lo");
    EXPECT_EQ(Address::from_ip("fe80::1%77", 1).ip(), "fe80::1%77");
    EXPECT_NE(Address::from_ip("fe80::1%77", 1), Address::from_ip("fe80::1%78", 1));
}

TEST(Address, refuses_what_is_not_numeric) {
    for (const auto& text : {"localhost"s, ""s, "1.2.3"s, "1.2.3.4.5"s, "01.2.3.4"s, "[::1]"s, "::1%"s, "1.2.3.4%lo"s,
             "::g"s, "1.2.3.4\0x"s, " 1.2.3.4"s, "fe80::1%nosuchzone"s}) {
        EXPECT_THROW(static_cast<void>(Address::from_ip(text, 1)), std::invalid_argument) << text;
    }
}

TEST(Address, of_a_unix_path) {
    const auto address = Address::from_path("/run/x.sock");
    EXPECT_EQ(address.family(), AF_UNIX);
    EXPECT_EQ(address.path(), "/run/x.sock");
    EXPECT_EQ(address.text(), "unix:/run/x.sock");
    EXPECT_EQ(address.ip(), "");
    EXPECT_EQ(address.port(), 0);
    const auto abstract = Address::from_path("\0name"s);
    EXPECT_EQ(abstract.path(), "\0name"s);
    EXPECT_EQ(abstract.text(), "unix:@name");
    EXPECT_THROW(static_cast<void>(Address::from_path("")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(Address::from_path("a\0b"s)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(Address::from_path(std::string(108, 'x'))), std::invalid_argument);
    EXPECT_EQ(Address::from_path(std::string(107, 'x')).path().size(), 107U);
}

TEST(Address, of_nothing) {
    const Address empty;
    EXPECT_EQ(empty.family(), AF_UNSPEC);
    EXPECT_EQ(empty.text(), "");
    EXPECT_EQ(empty, Address());
    sockaddr_storage unix_storage{};
    unix_storage.ss_family = AF_UNIX;
    EXPECT_EQ(Address(unix_storage, sizeof(sa_family_t)).text(), "unix:");
    EXPECT_THROW(Address(sockaddr_storage{}, sizeof(sockaddr_storage)), std::invalid_argument);
}

TEST(Address, compares_family_host_and_port) {
    EXPECT_EQ(Address::from_ip("1.2.3.4", 5), Address::from_ip("1.2.3.4", 5));
    EXPECT_NE(Address::from_ip("1.2.3.4", 5), Address::from_ip("1.2.3.4", 6));
    EXPECT_NE(Address::from_ip("1.2.3.4", 5), Address::from_ip("1.2.3.5", 5));
    EXPECT_NE(Address::from_ip("::ffff:1.2.3.4", 5), Address::from_ip("1.2.3.4", 5));
    EXPECT_EQ(Address::from_path("a"), Address::from_path("a"));
    EXPECT_NE(Address::from_path("a"), Address::from_path("\0a"s));
}

TEST(Address, of_ipv4_in_its_ipv6_form_is_ipv4) {
    EXPECT_EQ(internal::unmapped(Address::from_ip("::ffff:192.0.2.1", 80)), Address::from_ip("192.0.2.1", 80));
    for (const auto* text : {"::1", "::192.0.2.1", "64:ff9b::192.0.2.1", "::fffe:192.0.2.1", "192.0.2.1"}) {
        EXPECT_EQ(internal::unmapped(Address::from_ip(text, 80)), Address::from_ip(text, 80)) << text;
    }
    EXPECT_EQ(internal::unmapped(Address::from_path("a")), Address::from_path("a"));
}

TEST(Interleaved, takes_the_families_in_turn) {
    std::vector<Address> addresses;
    for (const auto* text : {"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"}) addresses.push_back(Address::from_ip(text, 1));
    std::string order;
    for (const auto& address : internal::interleaved(addresses)) order += address.ip() + " ";
    EXPECT_EQ(order, "::1 1.1.1.1 ::2 2.2.2.2 ::3 ");
    EXPECT_TRUE(internal::interleaved({}).empty());
}

TEST(NameSources, decide_by_the_hosts_line) {
    const auto needs = [](const char* line, const char* host) { return internal::NameSources(line).needs_system(host); };
    EXPECT_FALSE(needs("hosts: files dns", "example.com"));
    EXPECT_FALSE(needs("", "host"));
    EXPECT_FALSE(needs("hosts: files myhostname dns", "example.com"));
    EXPECT_TRUE(needs("hosts: files myhostname dns", "thishost"));
    EXPECT_TRUE(needs("hosts: files myhostname dns", "thishost."));
    const auto* const
        mdns = "passwd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # comment\nnetworks: nis";
    EXPECT_FALSE(needs(mdns, "example.com"));
    EXPECT_TRUE(needs(mdns, "printer.local"));
    EXPECT_TRUE(needs(mdns, "printer.local."));
    EXPECT_FALSE(needs(mdns, "local.example"));
    EXPECT_TRUE(needs("hosts: resolve [!UNAVAIL=return] files dns", "example.com"));
    EXPECT_TRUE(needs("hosts: files nis dns", "example.com"));
    EXPECT_FALSE(needs("#hosts: nis\nhosts: dns", "example.com"));
}

TEST(NameSources, know_localhost) {
    for (const auto* name : {"localhost", "LocalHost.", "a.b.localhost"})
        EXPECT_TRUE(internal::is_localhost(name)) << name;
    for (const auto* name : {"localhost.example", "notlocalhost", ""})
        EXPECT_FALSE(internal::is_localhost(name)) << name;
}

}  // namespace
}  // namespace gyre::net
