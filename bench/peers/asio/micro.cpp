// Boost.Asio: awaitable coroutines on an io_context for one thread. usage: micro WORK COUNT SECONDS
#include "rounds.hpp"

#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <random>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::co_spawn;
using asio::detached;
using boost::system::error_code;
using rounds::cpu;
using Context = asio::io_context;
// The executor of an io_context as it is: any_io_executor, the default, calls it through a table.
using Executor = Context::executor_type;
template<class T>
using awaitable = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> use_awaitable;
constexpr auto as_result = asio::as_tuple(use_awaitable);  // who is cancelled is told so, and nothing is thrown
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Channel = asio::experimental::channel<Executor, void(error_code, int)>;

constexpr int one_thread = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE;  // no locks; a hint of 1 keeps them
const auto later = std::chrono::hours(1);

awaitable<void> nothing() { co_return; }
awaitable<int> leaf(int value) { co_return value; }

awaitable<void> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await asio::post(use_awaitable);
}

double yields(int tasks, int times) {
    Context context(one_thread);
    for (int i = 0; i < tasks; ++i) co_spawn(context, yield_often(times + 1), detached);
    double start = 0;
    asio::post(context, [&start] { start = cpu(); });  // every task has had its first turn
    context.run();
    return (cpu() - start) / tasks / times;
}

template<class Body>
double timed(int count, Body body) {
    Context context(one_thread);
    double taken = 0;
    co_spawn(
        context,
        [&]() -> awaitable<void> {
            const double start = cpu();
            co_await body(context);
            taken = cpu() - start;
        },
        [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    context.run();
    return taken / count;
}

double spawn_join(int count) {
    return timed(count, [count](Context& context) -> awaitable<void> {
        for (int i = 0; i < count; ++i) co_await co_spawn(context, nothing(), use_awaitable);
    });
}

double child_await(int count) {
    return timed(count, [count](Context&) -> awaitable<void> {
        int odd = 0;
        for (int i = 0; i < count; ++i) odd += co_await leaf(i) & 1;
        if (odd != count / 2) std::abort();
    });
}

double queue_pingpong(int count) {
    Context context(one_thread);
    const int times = count / 2;
    Channel there(context, 1);
    Channel back(context, 1);
    co_spawn(
        context,
        [&]() -> awaitable<void> {
            for (int i = 0; i < times; ++i) {
                const int item = co_await there.async_receive(use_awaitable);
                co_await back.async_send(error_code{}, item, use_awaitable);
            }
        },
        detached);
    co_spawn(
        context,
        [&]() -> awaitable<void> {
            for (int i = 0; i < times; ++i) {
                co_await there.async_send(error_code{}, i, use_awaitable);
                co_await back.async_receive(use_awaitable);
            }
        },
        detached);
    const double start = cpu();
    context.run();
    return (cpu() - start) / (2.0 * times);
}

// There is no gather of a run-time number of awaitables: spawned with a counter, which is the cheapest way.
double gather(int count) {
    return timed(count, [count](Context& context) -> awaitable<void> {
        std::vector<int> values(static_cast<std::size_t>(count));
        int left = count;
        Timer done(context, std::chrono::steady_clock::time_point::max());
        for (int i = 0; i < count; ++i) {
            co_spawn(context, leaf(i), [&, i](std::exception_ptr, int value) {
                values[static_cast<std::size_t>(i)] = value;
                if (--left == 0) done.cancel();
            });
        }
        error_code ignored;
        co_await done.async_wait(asio::redirect_error(use_awaitable, ignored));
    });
}

awaitable<void> sleep_for(std::chrono::nanoseconds length) {
    Timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(as_result);
}

double cancel(int count) {
    Context context(one_thread);
    std::vector<asio::cancellation_signal> signals(static_cast<std::size_t>(count));
    std::mt19937 chance(1);
    int ended = 0;
    for (auto& signal : signals) {
        co_spawn(context, sleep_for(later + std::chrono::milliseconds(chance() % 3'600'000)),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ++ended; }));
    }
    context.poll();
    const double start = cpu();
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
    context.run();
    if (ended != count) std::abort();
    return (cpu() - start) / count;
}

double post_soon(int count) {
    Context context(one_thread);
    int left = count;
    const double start = cpu();
    for (int i = 0; i < count; ++i) asio::post(context, [&left] { --left; });
    context.run();
    if (left != 0) std::abort();
    return (cpu() - start) / count;
}

double post_thread(int count) {
    Context context(1);  // one thread runs it, another posts
    auto work = asio::make_work_guard(context);
    int left = count;
    double start = 0;
    std::thread other([&] {
        start = rounds::wall();
        for (int i = 0; i < count; ++i) {
            asio::post(context, [&] {
                if (--left == 0) work.reset();
            });
        }
    });
    context.run();
    const double end = rounds::wall();
    other.join();
    return (end - start) / count;
}

double timers(int count) {
    Context context(one_thread);
    std::mt19937 chance(1);
    const double start = cpu();
    for (int i = 0; i < count; ++i) {
        co_spawn(
            context, sleep_for(std::chrono::nanoseconds(chance() % (static_cast<unsigned>(count) * 1000U))), detached);
    }
    context.run();
    return (cpu() - start) / 1e9;
}

double task_bytes(int count) {
    static Context context(one_thread);
    const double before = rounds::resident_bytes();
    for (int i = 0; i < count; ++i) co_spawn(context, sleep_for(later), detached);
    context.poll();
    return (rounds::resident_bytes() - before) / count;
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {
            {"yield_2", {[](int count) { return yields(2, count / 2); }}},
            {"yield_10k", {[](int count) { return yields(10'000, count / 10'000); }}},
            {"spawn_join", {spawn_join}},
            {"child_await", {child_await}},
            {"queue_pingpong", {queue_pingpong}},
            {"gather_100k", {gather}},
            {"cancel_100k", {cancel}},
            {"post_soon", {post_soon}},
            {"post_thread", {post_thread}},
            {"timers_1m_cpu", {timers, "s"}},
            {"task_bytes", {task_bytes, "B", true}},
        });
}
