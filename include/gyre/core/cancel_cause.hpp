#pragma once

#include <gyre/backend/clock.hpp>

#include <memory>
#include <source_location>
#include <string>

namespace gyre {

/// Who cancelled a scope, where, why and when. It is in the text of every error that comes of it.
struct CancelCause {
    std::string reason;          ///< As given to `cancel`, or what the runtime says ("deadline passed").
    std::source_location where;  ///< Of the call that asked.
    std::string who;             ///< The name of the task that asked; empty outside of tasks.
    Time when{};

    /// "no longer needed (cancelled at main.cpp:71 by task 'watch')"
    [[nodiscard]] auto text() const -> std::string;
};

namespace internal {
using CausePointer = std::shared_ptr<const CancelCause>;
}  // namespace internal

}  // namespace gyre
