#include <gyre/testing/check_stream.hpp>

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace gyre::testing {

namespace {

using net::Stream;
using namespace std::chrono_literals;

constexpr std::size_t large = 1'000'000;  // more than a socket holds, so that writers wait

void require(bool holds, const char* rule) {
    if (!holds) throw StreamRuleError(std::string("check_two_way_stream: ") + rule);
}

auto pattern(std::size_t size, unsigned seed) -> std::string {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        seed = seed * 1'664'525U + 1'013'904'223U;
        bytes[i] = static_cast<char>(seed >> 24U);
    }
    return bytes;
}

auto write_all(Stream& out, std::string bytes) -> Task<> {
    co_await out.write(bytes);
    co_await out.shutdown_write();
}

auto read_in_pieces(Stream& in) -> Task<std::string> {
    std::string all;
    for (std::size_t piece = 1;; piece = piece * 3 % 20'011 + 1) {
        const std::string some = co_await in.read_some(piece);
        if (some.empty()) co_return all;
        require(some.size() <= piece, "a read gives no more than was asked for");
        all += some;
        if (all.size() % 7 == 0) co_await yield_now();
    }
}

auto both_ways_at_once(Stream& a, Stream& b) -> Task<> {
    const std::string there = pattern(large, 1);
    const std::string back = pattern(large, 2);
    const auto read = co_await gather(
        read_in_pieces(a), read_in_pieces(b), as_outcome(write_all(a, there)), as_outcome(write_all(b, back)));
    require(std::get<0>(read) == back, "bytes arrive once and in order");
    require(std::get<1>(read) == there, "bytes arrive once and in order");
    require(!std::get<2>(read).is_error() && !std::get<3>(read).is_error(), "both directions work at once");
}

auto read_into(Stream& in, std::string& bytes) -> Task<> { bytes = co_await in.read_some(100); }

auto cancel_after(CancelScope& scope, Stream& out, int turns) -> Task<> {
    co_await out.write("kept");
    for (int i = 0; i < turns; ++i) co_await yield_now();
    scope.cancel();
}

auto reads_cancelled_in_time(Stream& a, Stream& b) -> Task<> {
    for (int turns = 0; turns < 8; ++turns) {
        std::string bytes;
        co_await cancel_scope(
            [&](CancelScope& scope) -> Task<> { co_await gather(read_into(b, bytes), cancel_after(scope, a, turns)); });
        const std::string rest = co_await b.read_exactly(4 - bytes.size());
        require(bytes + rest == "kept", "a cancelled read gives what it took, or has taken nothing");
    }
}

auto cancelled_reads(Stream& a, Stream& b) -> Task<> {
    for (int i = 0; i < 3; ++i) {
        const auto none = co_await move_on_after(1ms, b.read_some(100));
        require(!none, "a read waits while nothing has come");
    }
    co_await a.write("kept");
    std::string bytes;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        co_await read_into(b, bytes);  // what needs no waiting may complete
    });
    const std::string rest = co_await b.read_exactly(4 - bytes.size());
    require(bytes + rest == "kept", "a read in a cancelled scope gives what it took, or has taken nothing");
}

auto one_direction_ends(Stream& a, Stream& b) -> Task<> {
    co_await a.write("last");
    co_await a.shutdown_write();
    const std::string all = co_await b.read_all();
    require(all == "last", "shutdown_write is the end of the stream, behind all that was written");
    const std::string again = co_await b.read_some(1);
    require(again.empty(), "the end of a stream stays");
    co_await b.write("answer");
    const std::string answer = co_await a.read_exactly(6);
    require(answer == "answer", "after shutdown_write the other direction goes on");
}

auto write_for_ever(Stream& out) -> Task<> {
    const std::string bytes = pattern(10'000, 3);
    for (;;) co_await out.write(bytes);
}

auto closing(Stream& a, Stream& b) -> Task<> {
    co_await a.close();
    co_await a.close();
    require(a.is_closed() && !b.is_closed(), "is_closed tells of this side, and close is idempotent");
    const std::string end = co_await b.read_some(1);
    require(end.empty(), "closing is the end of the stream for the other side");
    const auto reading = co_await as_outcome(a.read_some(1));
    require(reading.is_error(), "a read of a closed stream is an error");
    const auto writing = co_await as_outcome(a.write("x"));
    require(writing.is_error(), "a write to a closed stream is an error");
    const auto refused = co_await as_outcome(write_for_ever(b));
    require(refused.is_error(), "writes to a side that has closed end with an error");
    co_await b.close();
}

using Check = Task<> (*)(Stream&, Stream&);

auto run_check(const MakeStreams& make, Check check, bool swapped) -> Task<> {
    auto ends = co_await make();
    auto& a = swapped ? ends.second : ends.first;
    auto& b = swapped ? ends.first : ends.second;
    co_await check(a, b);
    co_await a.close();
    co_await b.close();
}

}  // namespace

auto check_two_way_stream(MakeStreams make) -> Task<> {
    for (const Check check : {both_ways_at_once, cancelled_reads, reads_cancelled_in_time, one_direction_ends, closing}) {
        co_await timeout(10s, run_check(make, check, false));
        co_await timeout(10s, run_check(make, check, true));
    }
}

}  // namespace gyre::testing
