#pragma once

#include <gyre/backend/operation.hpp>
#include <gyre/core/scheduler.hpp>

#include <coroutine>
#include <cstdint>

namespace gyre::internal {

/// Waits until a descriptor is readable: any that poll(2) takes.
///
/// @return the ready events, or a negative errno. On cancel: nothing was consumed, and the descriptor is let go of.
class [[nodiscard("co_await it")]] ReadableWait final : public Wait, private backend::Operation {
public:
    explicit ReadableWait(int watched) noexcept;
    /// Before it begins.
    ReadableWait(ReadableWait&& other) noexcept;
    auto operator=(ReadableWait&&) -> ReadableWait& = delete;
    ~ReadableWait() = default;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept;
    [[nodiscard]] auto await_resume() const noexcept -> std::int64_t { return result; }

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::other, .name = "descriptor", .descriptor = descriptor, .action = "poll"};
    }

private:
    void completed() noexcept override;
};

[[nodiscard]] inline auto wait_readable(int descriptor) noexcept { return ReadableWait(descriptor); }

}  // namespace gyre::internal
