#pragma once

#include <gyre/obs/snapshot.hpp>

#include <gyre/core/sent_work.hpp>
#include <gyre/core/wait_record.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gyre::obs {

/// A wait as a snapshot tells it.
/// @param owner of `record.owner`, if there is one; its name and number, for it may be gone.
[[nodiscard]] auto describe_wait(const WaitRecord& record, std::string owner, std::uint64_t owner_id, Time now)
    -> WaitInfo;

/// Adds what is known of the work that another loop does for the wait.
void describe_sent(const internal::SentWork& work, WaitInfo& info);

/// Appends a scope to `text`, which is of the `co_await` before it: "scope, 1.5 s left".
void add_scope(std::string& text, const WaitRecord& record, Time now);

/// Leaves the `most` innermost.
void shorten(std::vector<Await>& awaits, std::size_t most);

}  // namespace gyre::obs
