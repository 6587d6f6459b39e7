#pragma once

#include <gyre/backend/clock.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {

/// What kind of thing cancelled a scope.
enum class CancelKind : std::uint8_t {
    request,   ///< Somebody called `cancel`.
    deadline,  ///< A time was up.
    sibling,   ///< Another task or branch of the same group, `gather` or `race` failed or won.
    owner,     ///< Who it was for is gone: a dropped generator, a client that hung up, a caller on another loop.
    shutdown,  ///< The loop shuts down.
    deadlock,  ///< Nothing could have woken it any more.
};

/// The name of a kind, as dumps print it.
[[nodiscard]] auto to_string(CancelKind kind) noexcept -> std::string_view;

/// How many tasks and scopes were cancelled for one kind of reason and have ended, and how long that took.
struct CancelCount {
    std::uint64_t count = 0;
    Duration total{};
    Duration longest{};
};

/// One for each `CancelKind`.
using CancelCounts = std::array<CancelCount, 6>;

/// Who cancelled a scope, where, why and when. It is in the text of every error that comes of it.
struct CancelCause {
    std::string reason;          ///< As given to `cancel`, or what the runtime says ("deadline passed").
    std::source_location where;  ///< Of the call that asked.
    std::string who;             ///< The name of the task that asked; empty outside of tasks.
    Time when{};
    CancelKind kind = CancelKind::request;

    /// "no longer needed (cancelled at main.cpp:71 by task 'watch')"
    [[nodiscard]] auto text() const -> std::string;
};

namespace internal {

/// A cause that is shared by everything it cancelled, and by the errors that come of it, on whatever thread they end up.
struct SharedCause {
    CancelCause cause;
    std::atomic<std::uint32_t> references{1};  ///< Counted by every `CausePointer`, on any thread.
};

/// One word that keeps a cause; many tasks carry one.
class CausePointer {
public:
    CausePointer() noexcept = default;
    /// Takes over the reference that `shared` was made with.
    explicit CausePointer(SharedCause* shared) noexcept : shared_(shared) {}
    CausePointer(const CausePointer& other) noexcept : shared_(other.shared_) {
        if (shared_ != nullptr) shared_->references.fetch_add(1, std::memory_order_relaxed);
    }
    CausePointer(CausePointer&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    auto operator=(CausePointer other) noexcept -> CausePointer& {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~CausePointer() {
        // Acquire and release: whoever deletes it sees all that the other threads did with it.
        if (shared_ != nullptr && shared_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
    }

    [[nodiscard]] auto get() const noexcept -> const CancelCause* {
        return shared_ != nullptr ? &shared_->cause : nullptr;
    }
    auto operator*() const noexcept -> const CancelCause& { return shared_->cause; }
    auto operator->() const noexcept -> const CancelCause* { return &shared_->cause; }
    explicit operator bool() const noexcept { return shared_ != nullptr; }
    friend auto operator==(const CausePointer&, const CausePointer&) noexcept -> bool = default;

private:
    SharedCause* shared_ = nullptr;
};

/// A record of its own, or `plain_cause` where there is no memory for one: nothing is left uncancelled for that.
[[nodiscard]] auto make_cause(CancelKind kind, std::string reason, std::source_location where = {}, Time when = {},
    std::string who = {}) noexcept -> CausePointer;

/// The cause of what is cancelled when there is no memory to say why.
[[nodiscard]] auto plain_cause() noexcept -> const CausePointer&;

}  // namespace internal
}  // namespace gyre
