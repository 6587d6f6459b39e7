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

}  // namespace
}  // namespace gyre::http::internal
