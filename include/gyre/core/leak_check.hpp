#pragma once

#include <exception>
#include <memory>
#include <source_location>
#include <string_view>

namespace gyre {
class EventLoop;
struct RunOptions;
}  // namespace gyre

namespace gyre::internal {

class HeldMark;

/// Who is told of what is left at the end of a run. This floor only tells; what it does is in obs.
class LeakCheck {
public:
    LeakCheck() = default;
    LeakCheck(const LeakCheck&) = delete;
    auto operator=(const LeakCheck&) -> LeakCheck& = delete;
    virtual ~LeakCheck() = default;

    /// `loop` is about to cancel the tasks that are left. Once for each loop, on its thread, as all but the last of these.
    virtual void winds_down(EventLoop& loop) noexcept = 0;
    /// A socket is open when all that belongs to the loop has gone.
    virtual void socket_left(
        std::string_view name, const std::source_location& opened, std::string_view opener) noexcept = 0;
    /// The same of something else than a socket.
    virtual void held_left(const HeldMark& mark) noexcept = 0;
    /// Nothing is left but timers of callbacks, and descriptors that are no sockets.
    virtual void closes(EventLoop& loop) noexcept = 0;
    /// Every loop is closed. @return the LeakError that `run` throws; null if nothing is left, or it was told to others.
    [[nodiscard]] virtual auto result(EventLoop& first) noexcept -> std::exception_ptr = 0;
};

/// One if `options` ask for it, else null.
[[nodiscard]] auto make_leak_check(const RunOptions& options) -> std::unique_ptr<LeakCheck>;

}  // namespace gyre::internal
