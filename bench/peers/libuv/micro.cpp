// libuv: handles and callbacks, no tasks. Only what it has an equal of. usage: micro WORK COUNT SECONDS
#include "rounds.hpp"

#include <uv.h>

#include <random>
#include <vector>

namespace {

using rounds::cpu;

constexpr std::uint64_t hour = 3'600'000;  // in milliseconds, which is what a timer of libuv takes

struct Loop {
    Loop() { uv_loop_init(&loop); }
    ~Loop() { uv_loop_close(&loop); }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    void run() { uv_run(&loop, UV_RUN_DEFAULT); }
    uv_loop_t loop{};
};

int fired = 0;
void on_timer(uv_timer_t*) { ++fired; }

double cancel(int count) {
    Loop own;
    std::mt19937 chance(1);
    std::vector<uv_timer_t> all(static_cast<std::size_t>(count));
    for (auto& timer : all) {
        uv_timer_init(&own.loop, &timer);
        uv_timer_start(&timer, on_timer, hour + chance() % hour, 0);
    }
    const double start = cpu();
    for (auto& timer : all) {
        uv_timer_stop(&timer);
        uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    }
    own.run();
    return (cpu() - start) / count;
}

double timers(int count) {
    Loop own;
    std::mt19937 chance(1);
    fired = 0;
    std::vector<uv_timer_t> all(static_cast<std::size_t>(count));
    const double start = cpu();
    for (int i = 0; i < count; ++i) {
        auto& timer = all[static_cast<std::size_t>(i)];
        uv_timer_init(&own.loop, &timer);
        if (i % 1000 == 0) uv_update_time(&own.loop);
        uv_timer_start(&timer, on_timer, chance() % (static_cast<unsigned>(count) / 1000U), 0);
    }
    own.run();
    const double taken = cpu() - start;
    if (fired != count) std::abort();
    for (auto& timer : all) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    own.run();
    return taken / 1e9;
}

double task_bytes(int count) {
    static Loop own;
    const double before = rounds::resident_bytes();
    for (int i = 0; i < count; ++i) {
        auto* timer = static_cast<uv_timer_t*>(std::malloc(sizeof(uv_timer_t)));
        uv_timer_init(&own.loop, timer);
        uv_timer_start(timer, on_timer, hour, 0);
    }
    return (rounds::resident_bytes() - before) / count;
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"cancel_100k", {cancel}}, {"timers_1m_cpu", {timers, "s"}}, {"task_bytes", {task_bytes, "B", true}}});
}
