#pragma once

#include <gyre/net/stream.hpp>

#include <functional>
#include <stdexcept>
#include <utility>

namespace gyre::testing {

/// A stream breaks a rule of streams. `what()` says which.
class StreamRuleError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Makes the two ends of a new connection.
using MakeStreams = std::function<Task<std::pair<net::Stream, net::Stream>>()>;

/// Checks a kind of stream, or a Transport of your own in a Stream, against what code that uses streams relies on, in both
/// directions: bytes arrive once and in order, whatever their number and the haste of the other side; a cancelled read gives
/// what it took or has taken nothing, also in a scope that is cancelled already; one direction ends while the other goes on; closing is seen by the
/// other side, is idempotent, and ends writes to it.
/// @param make is awaited for each check. @throws StreamRuleError for the first rule that is broken, what the stream throws,
/// and TimeoutError when a check takes 10 s. Thread: the loop's. Source: trio.testing.check_two_way_stream.
[[nodiscard]] auto check_two_way_stream(MakeStreams make) -> Task<>;

}  // namespace gyre::testing
