// Responses to clients that are slow, through a kernel that takes much ahead of them: what counts is what arrives.
#include "http/server/guarded_stream.hpp"
#include "support/deep_transport.hpp"
#include "support/loops.hpp"

#include <string>

namespace gyre::testing {
namespace {

using http::internal::GuardedStream;
using http::internal::Pace;

constexpr Pace usual_pace{30s, 240, 5s};

/// Sends twice what the kernel takes ahead, in pieces of that size.
auto send_pieces(GuardedStream& stream, std::size_t piece_bytes) -> Task<void> {
    const std::string piece(piece_bytes, 'x');
    for (std::size_t sent = 0; sent < 2 * megabytes; sent += piece_bytes) co_await stream.write(piece);
}

/// The same from a file.
auto send_parts(GuardedStream& stream, std::size_t part_bytes) -> Task<void> {
    for (std::size_t sent = 0; sent < 2 * megabytes;) {
        const auto count = co_await stream.send_file(-1, 0, part_bytes);
        sent += count;
    }
}

GYRE_TEST(SlowDownload, goes_on_while_bytes_arrive_however_small_the_pieces_are) {
    for (const std::size_t piece_bytes : {1000, 4096, 16'384, 100'000}) {
        GuardedStream pieces(deep_stream(10'000), usual_pace);  // a third of the room takes it 100 s
        co_await send_pieces(pieces, piece_bytes);
        EXPECT_FALSE(pieces.is_broken());
        GuardedStream parts(deep_stream(10'000), usual_pace);
        co_await send_parts(parts, piece_bytes);
        EXPECT_FALSE(parts.is_broken());
    }
}

GYRE_TEST(SlowDownload, of_small_pieces_ends_where_too_little_arrives) {
    struct Case {
        std::uint64_t bytes_per_second;
        bool tells;
    };
    for (const Case slow : {Case{0, true}, Case{200, true}, Case{10'000, false}}) {
        GuardedStream stream(deep_stream(slow.bytes_per_second, slow.tells), usual_pace);
        const auto before = this_loop().now();
        std::error_code error;
        try {
            co_await send_pieces(stream, 4000);
        } catch (const IoError& refused) {
            error = refused.code();
        }
        EXPECT_EQ(error, std::errc::timed_out);
        EXPECT_TRUE(stream.is_broken());
        EXPECT_EQ(this_loop().now() - before, Duration(30s));
    }
}

}  // namespace
}  // namespace gyre::testing
