#pragma once

#include <gyre/backend/forks.hpp>
#include <gyre/core/outcome.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace gyre {

/// Tells a job that nobody wants its result any more. A function gets one by having it as its first parameter.
using StopToken = std::stop_token;

namespace internal {

/// Memory for jobs, which are made on one thread and often end on another: blocks travel between threads in batches.
/// @throws std::bad_alloc.
[[nodiscard]] auto allocate_job(std::size_t size) -> void*;
void free_job(void* block, std::size_t size) noexcept;

/// Someone who is told that a job has finished, on the thread where it did.
class alignas(16) JobListener {
public:
    virtual void job_finished() noexcept = 0;

protected:
    ~JobListener() = default;
};

/// A link in the queue of an executor.
struct JobLink {
    std::atomic<JobLink*> next{nullptr};
};

/// Thrown by a job that ends because its StopToken was set: its outcome is cancelled.
struct JobStopped {};

class Job;

/// A copy of a pool's name that stays, for who waits may say it while the pool goes; one for all pools of that name. Empty if there
/// are too many names.
[[nodiscard]] auto kept_pool_name(std::string_view name) -> std::string_view;

/// Where a job that found no room is brought when somebody waits for it, and where its error goes if nobody can receive it.
/// Thread: any.
class JobQueue : public std::enable_shared_from_this<JobQueue> {
public:
    explicit JobQueue(std::string_view title) : name(kept_pool_name(title)) {}
    JobQueue(const JobQueue&) = delete;
    auto operator=(const JobQueue&) -> JobQueue& = delete;
    virtual ~JobQueue() = default;
    /// Takes the job, full or not. @throws InvalidStateError after shutdown, BrokenPoolError.
    virtual void add(Job& job) = 0;
    /// Keeps the first such error.
    virtual void lose(std::exception_ptr error) noexcept = 0;

    const std::string_view name;         ///< Of the pool; valid for ever.
    const backend::ProcessMark process;  ///< Whose threads these are: in a forked child there are none.
};

/// Some work on its way through an executor. It has two owners, the queue and the handle; the last one to let go deletes it.
///
/// Whoever sets `begun` first may touch the function: the thread that runs it, or whoever cancels it.
class Job : public JobLink {
public:
    Job() = default;
    Job(const Job&) = delete;
    auto operator=(const Job&) -> Job& = delete;

    static auto operator new(std::size_t size) -> void* { return allocate_job(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_job(block, size); }

    // The queue's side. Each of these ends its ownership.

    /// Calls the function, unless the job was cancelled. `queue` gets the error if the job is, or will be, detached.
    void run(JobQueue& queue) noexcept;
    /// Ends the job without a call: with `error`, or cancelled if that is null.
    void discard(const std::exception_ptr& error, const CausePointer& cause) noexcept;

    // The handle's side.

    /// Takes the job back out of the queue. @return false if it has begun.
    [[nodiscard]] auto withdraw() noexcept -> bool;
    /// Calls the function here and now, unless it has begun: for a thread of its queue that would wait for it.
    /// @return false if it has begun.
    [[nodiscard]] auto run_early() noexcept -> bool;
    /// After `withdraw`: the job has ended as cancelled.
    void end_cancelled(const CausePointer& cause) noexcept;
    /// Ends the handle's ownership.
    void let_go() noexcept;
    /// As `let_go`; the job runs all the same, and its error counts as lost.
    void detach() noexcept;
    /// @return false if it has finished already: nothing will be told.
    [[nodiscard]] auto listen(JobListener& listener) noexcept -> bool;
    /// @return false if it has finished, and the listener is being told.
    [[nodiscard]] auto stop_listening() noexcept -> bool;
    [[nodiscard]] auto finished() const noexcept -> bool {
        return (word_.load(std::memory_order_acquire) & bit_finished) != 0;
    }
    /// Whether a thread has it, or had it. Thread: any; for readers, since it may change at once.
    [[nodiscard]] auto begun() const noexcept -> bool {
        return (word_.load(std::memory_order_relaxed) & bit_begun) != 0;
    }
    /// @throws InvalidStateError in a forked child, where a job of the parent does not end.
    void require_own_process() const;
    /// Whether it has ended as cancelled. After `finished`.
    [[nodiscard]] virtual auto was_cancelled() const noexcept -> bool = 0;
    /// Sets the function's StopToken, if it has one.
    virtual void request_stop() noexcept {}

    /// No queue has it (yet). Only while the handle is the only owner.
    void outside_queue() noexcept { word_.store(bit_left, std::memory_order_relaxed); }
    void inside_queue() noexcept { word_.store(0, std::memory_order_relaxed); }

protected:
    virtual ~Job() = default;
    /// Calls the function, keeps the outcome, drops the function.
    virtual void call() noexcept = 0;
    virtual void drop_function() noexcept = 0;
    virtual void set_error(std::exception_ptr error) noexcept = 0;
    virtual void set_cancelled(CausePointer cause) noexcept = 0;
    [[nodiscard]] virtual auto error() const noexcept -> std::exception_ptr = 0;

    bool failed_ = false;  ///< The function threw.

private:
    static constexpr std::uintptr_t bit_begun = 1;     ///< Somebody has the function.
    static constexpr std::uintptr_t bit_finished = 2;  ///< The outcome is there.
    static constexpr std::uintptr_t bit_left = 4;      ///< The queue has let go.
    static constexpr std::uintptr_t bit_gone = 8;      ///< The handle has let go.
    static constexpr std::uintptr_t bits = 15;         ///< The rest is the JobListener, or null.

    void finish() noexcept;
    void report_lost() const noexcept;

    bool detached_ = false;
    /// Of the process that made it. The queue has a mark, so that forks are counted.
    std::uint32_t generation_ = backend::fork_generation.load(std::memory_order_relaxed);
    /// Written by the handle's thread and the one that runs the job; the last write of each publishes what it did.
    std::atomic<std::uintptr_t> word_{0};
    std::weak_ptr<JobQueue> home_;  ///< Of a job whose function threw: who would keep the error.
};

[[nodiscard]] auto stopped_cause() -> CausePointer;

/// A job with a result of type T.
template<class T>
class TypedJob : public Job {
public:
    /// The value, which is moved out, or throws. Once, when it has finished.
    auto take() -> T {
        // No error stays behind, which the thread that lets go of the job last would be the one to destroy.
        auto outcome = std::move(*outcome_);
        return std::move(outcome).value();
    }
    [[nodiscard]] auto was_cancelled() const noexcept -> bool final { return outcome_->is_cancelled(); }

protected:
    void set_error(std::exception_ptr error) noexcept final {
        outcome_.emplace(Outcome<T>::from_error(std::move(error)));
    }
    void set_cancelled(CausePointer cause) noexcept final {
        outcome_.emplace(Outcome<T>::from_cancelled(std::move(cause)));
    }
    [[nodiscard]] auto error() const noexcept -> std::exception_ptr final {
        return outcome_ ? outcome_->error() : nullptr;
    }

    std::optional<Outcome<T>> outcome_;
};

/// Whether a callable wants a StopToken in front of its arguments.
template<class F, class... Arguments>
inline constexpr bool takes_stop_token = !std::is_invocable_v<F, Arguments...> &&
                                         std::is_invocable_v<F, StopToken, Arguments...>;

template<class F, class... Arguments>
concept JobFunction = std::is_invocable_v<F, Arguments...> || std::is_invocable_v<F, StopToken, Arguments...>;

/// What a submit says at compile time about a function that it cannot call.
template<class F, class... Arguments>
constexpr void check_job_function() {
    static_assert(JobFunction<F, Arguments...>,
        "submit: the function cannot be called with these arguments; they are kept by value and passed on as rvalues "
        "(std::ref for a reference), behind a StopToken if it is the first parameter");
}

[[noreturn]] void throw_empty_function();

/// @throws std::invalid_argument for a std::function, or a pointer, that holds nothing.
template<class F>
void require_function(const F& function) {
    if constexpr (requires { static_cast<bool>(function == nullptr); }) {
        if (function == nullptr) throw_empty_function();
    }
}

template<bool WithToken, class F, class... Arguments>
struct JobResultType {
    using Type = std::invoke_result_t<F, Arguments...>;
};
template<class F, class... Arguments>
struct JobResultType<true, F, Arguments...> {
    using Type = std::invoke_result_t<F, StopToken, Arguments...>;
};

template<class F, class... Arguments>
using JobResult = typename JobResultType<takes_stop_token<F, Arguments...>, F, Arguments...>::Type;

/// A job made of a function and its arguments, both kept by value.
template<class F, class... Arguments>
class JobOf final : public TypedJob<JobResult<F, Arguments...>> {
public:
    using Result = JobResult<F, Arguments...>;
    static constexpr bool with_token = takes_stop_token<F, Arguments...>;

    template<class G, class... Given>
    explicit JobOf(G&& function, Given&&... arguments)
        : call_(std::in_place, std::forward<G>(function), std::forward<Given>(arguments)...) {}

    void request_stop() noexcept override {
        if constexpr (with_token) stop_.request_stop();
    }

private:
    struct Call {
        template<class G, class... Given>
        explicit Call(G&& given, Given&&... values)
            : function(std::forward<G>(given)), arguments(std::forward<Given>(values)...) {}
        F function;
        std::tuple<Arguments...> arguments;
    };
    struct NoStop {};

    ~JobOf() override = default;

    auto invoke() -> Result {
        return std::apply(
            [this](Arguments&... arguments) -> Result {
                if constexpr (with_token) {
                    return std::invoke(std::move(call_->function), stop_.get_token(), std::move(arguments)...);
                } else {
                    return std::invoke(std::move(call_->function), std::move(arguments)...);
                }
            },
            call_->arguments);
    }

    void call() noexcept override {
        try {
            if constexpr (std::is_void_v<Result>) {
                invoke();
                this->outcome_.emplace(Outcome<Result>::from_value({}));
            } else if constexpr (std::is_reference_v<Result>) {
                auto&& value = invoke();
                this->outcome_.emplace(Outcome<Result>::from_value(std::addressof(value)));
            } else {
                this->outcome_.emplace(Outcome<Result>::from_value(invoke()));
            }
        } catch (const JobStopped&) {
            this->outcome_.emplace(Outcome<Result>::from_cancelled(stopped_cause()));
        } catch (...) {
            this->outcome_.emplace(Outcome<Result>::from_error(std::current_exception()));
            this->failed_ = true;
        }
        call_.reset();
    }
    void drop_function() noexcept override { call_.reset(); }

    std::optional<Call> call_;
    [[no_unique_address]] std::conditional_t<with_token, std::stop_source, NoStop> stop_;
};

/// Blocks the thread until the job has finished; a thread of a pool runs other jobs of it meanwhile, and if there is none the
/// job itself, provided that `queue` says that it is of the same pool.
/// @throws InvalidStateError on a loop's thread, and in a forked child.
void wait_blocking(Job& job, const JobQueue* queue);

}  // namespace internal
}  // namespace gyre
