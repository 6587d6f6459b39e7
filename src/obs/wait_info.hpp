#pragma once

#include <gyre/obs/snapshot.hpp>

#include <gyre/core/sent_work.hpp>
#include <gyre/core/wait_record.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gyre::obs {

/// Of a task that is looked at later, when it may be gone.
struct WaitOwner {
    std::string name;
    std::uint64_t id = 0;
    bool ended = false;  ///< It had then.
};

/// A wait as a snapshot tells it. @param owner `record.owner`, if there is one.
[[nodiscard]] auto describe_wait(const WaitRecord& record, WaitOwner owner, Time now) -> WaitInfo;

/// Adds what is known of the work that another loop does for the wait.
void describe_sent(const internal::SentWork& work, WaitInfo& info);

/// Appends a scope to `text`, which is of the `co_await` before it: "scope, 1.5 s left".
void add_scope(std::string& text, const WaitRecord& record, Time now);

/// Appends that what `text` tells of was cancelled: ", cancelled 2 s ago: another one won the race".
void add_cancelled(std::string& text, const Cancelled& part);

/// Leaves the `most` innermost.
void shorten(std::vector<Await>& awaits, std::size_t most);

}  // namespace gyre::obs
