#pragma once

#include <gyre/backend/operation.hpp>
#include <gyre/core/frame.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/io_mark.hpp>

#include <coroutine>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::internal {

class ReadinessWait;

/// A descriptor that is tried, and polled when it is not ready: a pipe, a signalfd.
class ReadinessSource {
public:
    ReadinessSource(int opened, WaitKind what, std::string title)
        : descriptor(opened), kind(what), name(std::move(title)) {}

    /// Ends what waits, with -EBADF. The descriptor may be closed then.
    void withdraw() noexcept;

    int descriptor;
    WaitKind kind;
    std::string name;
    int ended_in_a_row = 0;  ///< One that is always ready must not keep the others from their turn.
    IntrusiveList<ReadinessWait> waiting;
};

/// Waits until a try of something on a descriptor has an answer other than -EAGAIN. Allocates nothing.
///
/// On cancel: nothing was done, or what was done is delivered.
class ReadinessWait : public Wait, public ListLink<ReadinessWait>, private backend::Operation {
public:
    ReadinessWait(const ReadinessWait&) = delete;
    auto operator=(const ReadinessWait&) -> ReadinessWait& = delete;

    [[nodiscard]] auto await_ready() noexcept -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    [[nodiscard]] auto await_resume() const noexcept -> std::int64_t {
        mark_.resume(scheduler());
        return answer_;
    }

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;
    void withdraw() noexcept;

protected:
    ReadinessWait(ReadinessSource& source, short wanted) noexcept : source_(source) {
        kind = backend::OperationKind::poll;
        events = wanted;
    }
    ~ReadinessWait() = default;

    /// >= 0 or a negative errno; -EAGAIN: not ready.
    [[nodiscard]] virtual auto attempt() noexcept -> std::int64_t = 0;

    ReadinessSource& source_;

private:
    void completed() noexcept override;
    /// Polls, and tries when the poll says so. @return whether there is an answer already.
    [[nodiscard]] auto poll() noexcept -> bool;

    std::int64_t answer_ = 0;
    IoMark mark_;
    bool has_answer_ = false;
    bool is_cancelled_ = false;
    bool is_withdrawn_ = false;
};

}  // namespace gyre::internal
