#include <gyre/core/runner.hpp>

#include <gyre/backend/signals.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/backend/threads.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/warden.hpp>
#include <gyre/core/wind_down.hpp>

#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace gyre {

namespace {

constexpr std::size_t most_loops = 1024;

auto checked_count(const RunOptions& options, std::size_t cores) -> std::size_t {
    const std::size_t count = options.loops == 0 ? cores : options.loops;
    if (count > most_loops) {
        throw std::invalid_argument("run: " + std::to_string(count) + " loops are asked for; at most " +
                                    std::to_string(most_loops) + " are possible");
    }
    if (options.pin && count > cores) {
        throw std::invalid_argument("run: " + std::to_string(count) +
                                    " loops cannot be pinned to a core each: this "
                                    "process may use " +
                                    std::to_string(cores));
    }
    return count;
}

/// Whether an error came to nobody at all. The others came beside one that was thrown, or ended a connection that stood for
/// itself; what is left at the end of a run is told of otherwise.
auto ends_run(ErrorOrigin origin) noexcept -> bool {
    switch (origin) {
    case ErrorOrigin::task:
    case ErrorOrigin::callback:
    case ErrorOrigin::future:
    case ErrorOrigin::deadlock:
        return true;
    case ErrorOrigin::sibling:
    case ErrorOrigin::cleanup:
    case ErrorOrigin::connection:
    case ErrorOrigin::leak:
        break;
    }
    return false;
}

/// Of a loop that threw: what failed may have passed, and then its tasks get their clean-up.
void close_failed(EventLoop& loop) noexcept {
    try {
        loop.close();
    } catch (...) {
        loop.abandon();
    }
}

}  // namespace

/// The loops and their threads. Loop 0 belongs to the thread that made this.
class Runner::Loops {
public:
    Loops(const RunOptions& options, const std::function<void(const ErrorContext&)>& handler);
    Loops(const Loops&) = delete;
    auto operator=(const Loops&) -> Loops& = delete;
    ~Loops() { join(); }

    [[nodiscard]] auto first() const noexcept -> EventLoop& { return *members_[0].loop; }
    void close();
    [[nodiscard]] auto failure() -> std::exception_ptr;
    [[nodiscard]] auto unreceived_error() const noexcept -> std::exception_ptr;

private:
    struct Member {
        std::unique_ptr<EventLoop> loop;  ///< After the check for leaks, which it knows.
        std::thread thread;
        std::exception_ptr error;  ///< Why it could not be made.
        bool counted = true;       ///< Busy, as `winding` knows it.
    };

    void make(std::size_t index);
    void start_threads();
    void serve(std::size_t index) noexcept;
    void fail(std::exception_ptr error) noexcept;
    void stop() noexcept;
    void join() noexcept;
    void stop_watching() noexcept {
        control_.reset();
        warden_.reset();
    }

    RunOptions options_;
    std::function<void(const ErrorContext&)> handler_;
    std::vector<int> cores_;
    std::unique_ptr<internal::LeakCheck> leaks_;
    std::exception_ptr leak_;
    std::vector<Member> members_;
    std::vector<EventLoop*> loops_;
    std::optional<backend::ThreadPin> pin_;  ///< Of the first thread.
    std::latch made_;
    std::latch go_{1};
    std::atomic<bool> stopping_{false};
    internal::WindDown winding_;
    std::mutex mutex_;  ///< Of `failure_`.
    std::exception_ptr failure_;
    std::unique_ptr<internal::Warden> warden_;   ///< Ends before the loops, as
    std::unique_ptr<internal::Warden> control_;  ///< this, which ends first.
};

Runner::Loops::Loops(const RunOptions& options, const std::function<void(const ErrorContext&)>& handler)
    : options_(options),
      handler_(handler),
      cores_(backend::usable_cores()),
      leaks_(internal::make_leak_check(options)),
      members_(checked_count(options, cores_.size())),
      loops_(members_.size()),
      made_(static_cast<std::ptrdiff_t>(members_.size() - 1)) {
    if (options_.pin) pin_.emplace(cores_[0]);
    make(0);
    if (members_.size() > 1) start_threads();
    for (std::size_t i = 0; i < members_.size(); ++i) loops_[i] = members_[i].loop.get();
    winding_.begin(loops_);
    for (std::size_t i = 0; i < members_.size(); ++i) loops_[i]->join_run(loops_, i);
    go_.count_down();
    try {
        warden_ = internal::start_warden(options_, loops_);
        if (options_.control != nullptr) control_ = options_.control(options_, loops_);
        if (warden_ != nullptr || control_ != nullptr) {
            for (EventLoop* loop : loops_) loop->be_watched();
        }
    } catch (...) {
        close();
        throw;
    }
}

void Runner::Loops::make(std::size_t index) {
    members_[index].loop = std::make_unique<EventLoop>(options_);
    if (handler_) members_[index].loop->set_exception_handler(handler_);
    members_[index].loop->check_leaks(leaks_.get());
}

void Runner::Loops::start_threads() {
    std::size_t started = 1;
    std::exception_ptr error;
    try {
        const backend::SignalsBlocked blocked;  // they are for the program's own threads
        for (; started < members_.size(); ++started) {
            members_[started].thread = std::thread([this, started] { serve(started); });
        }
    } catch (...) {
        error = std::current_exception();
        made_.count_down(static_cast<std::ptrdiff_t>(members_.size() - started));
    }
    made_.wait();
    for (const Member& member : members_) {
        if (error == nullptr) error = member.error;
    }
    if (error == nullptr) return;
    stopping_ = true;
    go_.count_down();
    join();
    std::rethrow_exception(error);
}

void Runner::Loops::serve(std::size_t index) noexcept {
    Member& me = members_[index];
    std::optional<backend::ThreadPin> pin;
    try {
        backend::name_thread("gyre-loop-" + std::to_string(index));
        backend::allow_probes();
        if (options_.pin) pin.emplace(cores_[index]);
        make(index);
    } catch (...) {
        me.error = std::current_exception();
    }
    made_.count_down();
    go_.wait();
    if (me.loop == nullptr || loops_[index] == nullptr) return me.loop.reset();  // the start failed, here or elsewhere
    try {
        while (!stopping_) me.loop->run_forever();
        me.loop->wind_down(winding_, me.counted);
        me.loop->close();
    } catch (...) {
        fail(std::current_exception());
        close_failed(*me.loop);
        winding_.update(me.counted, false);
    }
}

void Runner::Loops::fail(std::exception_ptr error) noexcept {
    try {
        auto cause = internal::make_cause(CancelKind::shutdown, "another loop of this run failed: " + describe(error));
        {
            const std::lock_guard lock(mutex_);
            if (failure_ == nullptr) failure_ = std::move(error);
        }
        EventLoop& loop = first();
        loop.post([&loop, cause = std::move(cause)] { loop.cancel_main(cause); });
    } catch (...) {  // the first loop is closed, so nobody waits; or there is no memory left to say it
    }
}

auto Runner::Loops::failure() -> std::exception_ptr {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void Runner::Loops::stop() noexcept {
    stopping_ = true;
    for (std::size_t i = 1; i < members_.size(); ++i) {
        try {
            EventLoop& loop = *members_[i].loop;
            loop.post([&loop] { loop.stop(); });
        } catch (...) {  // it has died
        }
    }
}

void Runner::Loops::close() {
    stop();
    try {
        if (members_.size() > 1) first().wind_down(winding_, members_[0].counted);
        first().close();
    } catch (...) {
        close_failed(first());
        winding_.update(members_[0].counted, false);
        stop_watching();
        join();
        throw;
    }
    stop_watching();
    join();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    if (leaks_ != nullptr) leak_ = leaks_->result(first());
}

void Runner::Loops::join() noexcept {
    for (Member& member : members_) {
        if (member.thread.joinable()) member.thread.join();
    }
    pin_.reset();
}

auto Runner::Loops::unreceived_error() const noexcept -> std::exception_ptr {
    for (const Member& member : members_) {
        for (const ErrorContext& context : member.loop->unreceived_errors()) {
            if (ends_run(context.origin)) return context.error;
        }
    }
    return leak_;
}

Runner::Runner(RunOptions options) noexcept : options_(options) {}

Runner::~Runner() {
    try {
        close();
    } catch (...) {  // what could be ended has been
    }
}

auto Runner::loop() -> EventLoop& {
    if (closed_) throw LoopError("Runner: it is closed");
    if (internal::current_loop() != nullptr) {
        throw LoopError("a gyre loop runs on this thread already: co_await the work instead of running it");
    }
    if (loops_ != nullptr) throw_failure();
    if (loops_ == nullptr) loops_ = std::make_unique<Loops>(options_, handler_);
    return loops_->first();
}

void Runner::close() {
    if (closed_) return;
    if (loops_ != nullptr && loops_->first().is_of_parent()) {
        // A forked child: the threads are not there, and the loops are the parent's.
        closed_ = true;
        [[maybe_unused]] const auto* left = loops_.release();
        return;
    }
    if (internal::current_loop() != nullptr) throw LoopError("Runner::close: a gyre loop runs on this thread");
    closed_ = true;
    if (loops_ != nullptr) loops_->close();
}

void Runner::throw_failure() {
    if (const auto error = loops_->failure()) std::rethrow_exception(error);
}

auto Runner::unreceived_error() const noexcept -> std::exception_ptr {
    return loops_ == nullptr ? nullptr : loops_->unreceived_error();
}

}  // namespace gyre
