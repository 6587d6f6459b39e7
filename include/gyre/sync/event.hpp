#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scheduler.hpp>

#include <coroutine>
#include <cstddef>
#include <string>
#include <string_view>

namespace gyre {

namespace internal {
class EventWait;
}  // namespace internal

/// A flag that tasks of one loop wait for.
///
/// `set` wakes all who wait, in the order in which they came, and lets later ones through until `clear`.
/// Outlives those who wait. Thread: one loop, whose tasks alone may wait and set. Source: asyncio.Event.
class Event {
public:
    /// @param name shown in dumps.
    explicit Event(std::string_view name = {}) : name_(name) {}
    Event(const Event&) = delete;
    auto operator=(const Event&) -> Event& = delete;
    ~Event() = default;

    /// Wakes everyone; a waiter that is cancelled afterwards has its wake-up all the same. Idempotent.
    void set() noexcept;
    /// Later waiters wait again.
    void clear() noexcept { set_ = false; }
    [[nodiscard]] auto is_set() const noexcept -> bool { return set_; }

    /// Waits until the event is set; passes at once if it is. On cancel: stops waiting; the event is as it was.
    [[nodiscard]] auto wait() noexcept -> internal::EventWait;

    [[nodiscard]] auto name() const noexcept -> std::string_view { return name_; }
    /// How many tasks wait.
    [[nodiscard]] auto waiter_count() const noexcept -> std::size_t { return waiting_; }

private:
    friend class internal::EventWait;

    internal::IntrusiveList<internal::EventWait> waiters_;
    std::string name_;
    std::size_t waiting_ = 0;
    bool set_ = false;
};

namespace internal {

class [[nodiscard("co_await it")]] EventWait final : public Wait, public ListLink<EventWait> {
public:
    explicit EventWait(Event& event) noexcept : event_(&event) {}

    [[nodiscard]] auto await_ready() const noexcept -> bool { return event_->set_ && !interrupted(); }
    void await_suspend(std::coroutine_handle<>) noexcept;
    void await_resume() const noexcept {}

    void wake() noexcept { scheduler().wake(*frame_); }
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::event, event_, event_->name_};
    }

private:
    Event* event_;
};

}  // namespace internal

inline auto Event::wait() noexcept -> internal::EventWait { return internal::EventWait(*this); }

}  // namespace gyre
