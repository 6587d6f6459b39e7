#include <gyre/net/peer_credentials.hpp>

#include "connected.hpp"
#include "support/loops.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>
#include <utility>

namespace gyre::testing {
namespace {

// On the kernel's sockets only: a simulation has none.
TEST(PeerCredentials, of_a_unix_connection_are_this_process_and_its_user) {
    const std::string path = ::testing::TempDir() + "gyre-peer-" + std::to_string(::getpid()) + ".sock";
    gyre::run([&]() -> Task<void> {
        auto listener = co_await net::listen_unix(path);
        auto client = co_await net::connect_unix(path);
        auto server = co_await listener.accept();
        for (auto* stream : {&client, &server}) {
            const auto peer = net::peer_credentials(*stream);
            EXPECT_TRUE(peer.has_value());
            if (!peer) continue;
            EXPECT_EQ(peer->process, ::getpid());
            EXPECT_EQ(peer->user, ::geteuid());
            EXPECT_EQ(peer->group, ::getegid());
        }
    });
}

TEST(PeerCredentials, of_anything_else_are_not_known) {
    gyre::run([&]() -> Task<void> {
        auto tcp = co_await connected();
        EXPECT_FALSE(net::peer_credentials(tcp.client));
        MemoryConnection memory;
        net::Stream stream(std::move(memory.client));
        EXPECT_FALSE(net::peer_credentials(stream));
    });
}

}  // namespace
}  // namespace gyre::testing
