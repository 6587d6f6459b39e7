#include "http/websocket/output.hpp"

#include "support/heap.hpp"

#include <gtest/gtest.h>

namespace gyre::http::internal {
namespace {

// A hundred thousand connections that once sent something long must not keep room for it.
TEST(WebSocketOutput, a_long_batch_leaves_no_memory_behind) {
    WebSocketOutput output(WebSocketRole::server, std::nullopt, {});
    output.ping("x");
    const auto before = gyre::testing::heap_bytes();
    output.fragment(std::string(3'000'000, 'a'), {.is_text = false});
    const auto batch = output.take_batch();
    EXPECT_GT(batch.size(), 3'000'000U);
    output.written(batch.size());
    EXPECT_TRUE(output.take_batch().empty());
    EXPECT_TRUE(output.is_empty());
    EXPECT_LE(gyre::testing::heap_bytes(), before + 64 * 1024);
}

// A peer that asks and never reads must not make the other end keep an answer for each.
TEST(WebSocketOutput, pongs_that_nobody_takes_are_forgotten) {
    WebSocketOutput output(WebSocketRole::server, std::nullopt, {});
    const std::string payload(62, 'p');
    for (int i = 0; i < 65; ++i) output.pong(payload);
    EXPECT_EQ(output.bytes(), 4096U + 64U) << "64 of them are no more than 4 KiB";
    output.pong("last");
    const auto batch = output.take_batch();
    EXPECT_EQ(batch, "\x8a\x04last");
}

}  // namespace
}  // namespace gyre::http::internal
