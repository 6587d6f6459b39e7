// What a dump says of waits for what is outside of the program's tasks: pipes, child processes, jobs of pools.

#include "support/loops.hpp"

#include <gyre/exec/thread_pool.hpp>
#include <gyre/gyre.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <string>
#include <thread>

namespace gyre::testing {

namespace {

/// What the task of that name waits on; empty if it does not wait.
auto wait_of(std::string_view name) -> obs::WaitInfo {
    for (const auto& task : obs::snapshot().tasks) {
        if (task.name != name) continue;
        const obs::Stack* at = &task.stack;
        while (!at->wait && at->branches.size() == 1) at = &at->branches.front();
        return at->wait.value_or(obs::WaitInfo());
    }
    return {};
}

auto read_of(Pipe& pipe) -> Task<> {
    char byte = 0;
    static_cast<void>(co_await pipe.reader.read_some(std::as_writable_bytes(std::span(&byte, 1))));
}

auto end_of(process::Child& child) -> Task<> { static_cast<void>(co_await child.wait()); }

auto end_of(JobHandle<void> job) -> Task<> { co_await std::move(job); }

}  // namespace

TEST(WaitText, tells_pipes_from_other_things) {
    TestLoop loop(kernel_backend());
    loop.run([]() -> Task<> {
        auto pipe = open_pipe();
        auto reader = spawn(read_of(pipe), {.name = "reader"});
        co_await sleep(1ms);
        const auto wait = wait_of("reader");
        EXPECT_EQ(wait.kind, WaitKind::pipe);
        EXPECT_EQ(wait.text, "pipe: read (descriptor " + std::to_string(wait.descriptor) + ")");
        co_await pipe.writer.write("x");
        co_await reader.join();
    });
}

TEST(WaitText, has_the_number_of_a_child_process) {
    TestLoop loop(kernel_backend());
    loop.run([]() -> Task<> {
        auto child = co_await process::Command("sleep", "1000").spawn();
        auto waiter = spawn(end_of(child), {.name = "waiter"});
        co_await sleep(1ms);
        EXPECT_EQ(wait_of("waiter").text, "process 'sleep' (PID " + std::to_string(child.pid()) + ")");
        child.kill();
        co_await waiter.join();
    });
}

TEST(WaitText, names_the_pool_of_a_job) {
    TestLoop loop(kernel_backend());
    loop.run([]() -> Task<> {
        std::atomic<bool> begun = false;
        std::atomic<bool> over = false;
        const auto work = [&] {
            begun = true;
            while (!over) std::this_thread::yield();
        };
        ThreadPool pool(1, {.name = "images"});
        auto first = spawn(end_of(pool.submit(work)), {.name = "first"});
        auto second = spawn(end_of(pool.submit([] {})), {.name = "second"});
        while (!begun || wait_of("second").text.empty()) co_await sleep(1ms);
        EXPECT_EQ(wait_of("first").text, "job of pool 'images': runs");
        EXPECT_EQ(wait_of("second").text, "job of pool 'images': waits for a free thread");
        over = true;
        co_await first.join();
        co_await second.join();
    });
}

TEST(WaitText, of_a_pool_is_valid_when_the_pool_has_gone) {
    std::string_view kept;
    {
        std::string name = "short-lived";
        const ThreadPool pool(1, {.name = name});
        kept = internal::kept_pool_name(name);
    }
    EXPECT_EQ(kept, "short-lived");
    EXPECT_EQ(kept.data(), internal::kept_pool_name("short-lived").data()) << "one for all of that name";
}

}  // namespace gyre::testing
