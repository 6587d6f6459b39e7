#pragma once

#include "core/held.hpp"

#include <gyre/backend/operation.hpp>
#include <gyre/backend/processes.hpp>
#include <gyre/core/frame.hpp>
#include <gyre/core/intrusive_list.hpp>

#include <coroutine>
#include <memory>
#include <string>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

class ProcessWait;

/// A child as its loop sees it: watched from its start until it is reaped, whether somebody waits or not.
class ProcessRecord final : public ListLink<ProcessRecord>, private backend::Operation {
public:
    ProcessRecord(const backend::SpawnResult& started, bool leads_group, std::string name);
    ~ProcessRecord();

    /// Begins to watch it, and keeps `self` as long as it does. @throws IoError; it was killed then.
    void watch(EventLoop& loop, const std::shared_ptr<ProcessRecord>& self);
    /// Nobody has it any more: it was killed, and is reaped soon.
    void let_go() noexcept { mark_.end(); }
    /// The loop closes: kills it, waits for it at most so long, and leaves it to others else. @return whether it is reaped.
    auto close(EventLoop& loop, int milliseconds) noexcept -> bool;

    /// 0, -ESRCH if it has ended, or another negative errno.
    [[nodiscard]] auto signal(int signal) noexcept -> int;
    [[nodiscard]] auto signal_group(int signal) noexcept -> int;
    /// What is left of its group when it ends is killed then.
    void end_group_with_it() noexcept { ends_group_ = true; }

    [[nodiscard]] auto ended() const noexcept -> bool { return ended_; }
    [[nodiscard]] auto end() const noexcept -> const backend::ProcessEnd& { return end_; }
    [[nodiscard]] auto pid() const noexcept -> int { return pid_; }
    [[nodiscard]] auto name() const noexcept -> const std::string& { return name_; }

    IntrusiveList<ProcessWait> waiting;

private:
    void completed() noexcept override;
    /// Takes its status. @return false if it still runs.
    auto reap() noexcept -> bool;
    void finish() noexcept;

    std::string name_;
    int pid_;
    EventLoop* loop_ = nullptr;  ///< While it is watched.
    bool leads_group_;
    bool ends_group_ = false;
    bool ended_ = false;
    backend::ProcessEnd end_;
    std::shared_ptr<ProcessRecord> self_;
    HeldMark mark_;
};

/// The children of a loop that were not reaped yet.
class ProcessKeeper {
public:
    explicit ProcessKeeper(EventLoop& loop) noexcept : loop_(loop) {}
    ProcessKeeper(const ProcessKeeper&) = delete;
    auto operator=(const ProcessKeeper&) -> ProcessKeeper& = delete;
    /// Kills and reaps all.
    ~ProcessKeeper();

    IntrusiveList<ProcessRecord> running;

private:
    EventLoop& loop_;
};

/// Waits until a process was reaped. On cancel: it runs on.
class [[nodiscard("co_await it")]] ProcessWait final : public Wait, public ListLink<ProcessWait> {
public:
    explicit ProcessWait(ProcessRecord& process) noexcept : process_(process) {}
    /// Before it begins.
    ProcessWait(ProcessWait&&) noexcept = default;
    auto operator=(ProcessWait&&) -> ProcessWait& = delete;
    ~ProcessWait() = default;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return process_.ended() && !interrupted(); }
    void await_suspend(std::coroutine_handle<>) noexcept;
    void await_resume() const noexcept {}

    void wake() noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::process, .object = &process_, .name = process_.name(), .process = process_.pid()};
    }

private:
    ProcessRecord& process_;
};

}  // namespace gyre::internal
