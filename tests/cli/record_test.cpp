// gyre record, gyre flame: what a running program does, as a trace and as folded stacks.

#include "cli/tool.hpp"
#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto dine(Lock& first, Lock& second) -> Task<> {
    auto one = co_await first.acquire();
    co_await sleep(1ms);
    auto two = co_await second.acquire();
}

auto hang(std::atomic<EventLoop*>& loop, Event& over) -> Task<> {
    Lock left("left fork");
    Lock right("right fork");
    auto plato = spawn(dine(left, right), {.name = "Plato"});
    auto kant = spawn(dine(right, left), {.name = "Kant"});
    co_await sleep(20ms);
    loop = &this_loop();
    co_await over.wait();
    plato.cancel();
    kant.cancel();
    static_cast<void>(co_await as_outcome(plato.join()));
    static_cast<void>(co_await as_outcome(kant.join()));
}

auto content_of(const std::string& path) -> std::string {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace

class RecordTool : public ::testing::Test {
protected:
    RecordTool() {
        std::string name = "/tmp/gyre-record-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~RecordTool() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        std::filesystem::remove_all(folder_);
    }

    /// Runs a program whose task 'walker' naps all the time, on another thread, and `look` meanwhile.
    /// @param before what it does first; null: nothing.
    template<class F>
    void show(F look, RunOptions options = {}, Task<> (*before)() = nullptr) {
        std::atomic<bool> ready = false;
        std::atomic<bool> over = false;
        options.control = &obs::control_socket;
        std::thread thread([&] {
            run(
                [&]() -> Task<> {
                    if (before != nullptr) co_await before();
                    auto walker = spawn(
                        [&]() -> Task<> {
                            while (!over) co_await sleep(1ms);
                        },
                        {.name = "walker"});
                    ready = true;
                    co_await walker.join();
                },
                options);
        });
        while (!ready) std::this_thread::yield();
        look();
        over = true;
        thread.join();
    }

    /// Runs a program of which two tasks wait for each other, on another thread, and `look` meanwhile.
    template<class F>
    void show_hung(F look) {
        std::atomic<EventLoop*> loop = nullptr;
        Event over;
        std::thread thread([&] {
            try {
                run([&] { return hang(loop, over); },
                    {.on_deadlock = OnDeadlock::report, .control = &obs::control_socket});
            } catch (const DeadlockError&) {  // as it has to be
            }
        });
        while (loop == nullptr) std::this_thread::yield();
        look();
        loop.load()->post([&over] { over.set(); });
        thread.join();
    }

    std::string folder_;
    std::string self_ = std::to_string(::getpid());
};

TEST_F(RecordTool, records_for_a_while_and_writes_a_trace) {
    show([this] {
        const std::string path = folder_ + "/some.pftrace";
        const auto done = tool({"record", self_, "--last", "100ms", "-o", path});
        EXPECT_EQ(done.status, 0) << done.out;
        EXPECT_TRUE(has(done.out, "records for 0.1 s")) << done.out;
        EXPECT_TRUE(has(done.out, " bytes in " + path)) << done.out;
        const std::string bytes = content_of(path);
        EXPECT_TRUE(has(bytes, "walker"));
        EXPECT_TRUE(has(bytes, "loop 0 ("));
        const auto again = tool({"flame", self_, "--last", "50ms"});
        EXPECT_TRUE(has(again.out, "records for 0.05 s")) << "the recorder was switched off again";
    });
}

TEST_F(RecordTool, names_the_tasks_of_a_program_that_hangs_and_where_they_do) {
    show_hung([this] {
        const auto flame = tool({"flame", self_, "--last", "200ms", "--keep-on"});
        EXPECT_EQ(flame.status, 0) << flame.out;
        // How a function is spelled is its compiler's business.
        for (const std::string_view hung : {"lock 'right fork' ", "lock 'left fork' "}) {
            EXPECT_TRUE(has(flame.out, "dine;" + std::string(hung))) << flame.out;
        }
        EXPECT_TRUE(has(flame.out, "Plato;record_test.cpp:")) << flame.out;
        EXPECT_TRUE(has(flame.out, "Kant;record_test.cpp:")) << flame.out;
        EXPECT_TRUE(has(flame.out, "' 200000000\n")) << "for all of the time: " << flame.out;
        const std::string path = folder_ + "/some.pftrace";
        const auto trace = tool({"record", self_, "--last", "100ms", "-o", path});
        EXPECT_EQ(trace.status, 0) << trace.out;
        EXPECT_FALSE(has(trace.out, "that is all there is")) << "it has recorded for longer: " << trace.out;
        const std::string bytes = content_of(path);
        for (const std::string_view part : {"Plato", "Kant", "lock 'left fork'", "lock 'right fork'", "dine"}) {
            EXPECT_TRUE(has(bytes, part)) << part;
        }
        const auto runs = tool({"flame", self_, "--last", "50ms", "--kind", "running"});
        EXPECT_EQ(runs.status, 1) << runs.out;
        EXPECT_TRUE(has(runs.out, "no task ran in that time, so there are no stacks")) << runs.out;
    });
}

TEST_F(RecordTool, takes_what_a_program_has_recorded_all_along) {
    show(
        [this] {
            auto waits = tool({"flame", self_});
            while (waits.status == 0 && !has(waits.out, "walker;")) waits = tool({"flame", self_});  // until it naps
            EXPECT_EQ(waits.status, 0) << waits.out;
            EXPECT_FALSE(has(waits.out, "records for")) << waits.out;
            EXPECT_TRUE(has(waits.out, "walker;record_test.cpp:")) << waits.out;
            EXPECT_TRUE(has(waits.out, ";sleep ")) << waits.out;
            auto runs = tool({"flame", self_, "--kind", "running"});
            while (runs.status == 0 && !has(runs.out, "walker;")) runs = tool({"flame", self_, "--kind", "running"});
            EXPECT_FALSE(has(runs.out, ";sleep ")) << runs.out;
            EXPECT_TRUE(has(runs.out, "walker;record_test.cpp:")) << runs.out;
        },
        {.recorder = {.on = true}});
}

TEST_F(RecordTool, says_how_much_there_is_if_that_is_less_than_was_asked) {
    show(
        [this] {
            const auto done = tool({"record", self_, "--last", "1000s", "-o", folder_ + "/some.pftrace"});
            EXPECT_EQ(done.status, 0) << done.out;
            EXPECT_TRUE(has(done.out, "so that is all there is")) << done.out;
        },
        {.recorder = {.on = true}});
}

TEST_F(RecordTool, leaves_what_a_trigger_has_kept) {
    show(
        [this] {
            const auto kept = tool({"flame", self_, "--last", "1ms"});
            EXPECT_EQ(kept.status, 0) << kept.out;
            EXPECT_TRUE(has(kept.out, "the till is empty")) << kept.out;
            EXPECT_TRUE(has(kept.out, "early bird;")) << kept.out;
            const auto still = tool({"flame", self_});
            EXPECT_TRUE(has(still.out, "early bird;")) << still.out;
            const auto fresh = tool({"flame", self_, "--new", "--last", "20ms"});
            EXPECT_TRUE(has(fresh.out, "records for 0.02 s")) << fresh.out;
            EXPECT_FALSE(has(fresh.out, "early bird;")) << fresh.out;
        },
        {.recorder = {.on = true}},
        []() -> Task<> {
            auto early = spawn(sleep(1ms), {.name = "early bird"});
            co_await early.join();
            obs::trigger_recorder(this_loop(), "the till is empty");
        });
}

TEST_F(RecordTool, says_what_is_wrong) {
    const auto plain = tool({"record", self_});
    EXPECT_EQ(plain.status, 1);
    EXPECT_TRUE(has(plain.out, "has no control socket")) << plain.out;
    EXPECT_EQ(tool({"flame", self_, "--kind", "sleeping"}).status, 2);
    EXPECT_EQ(tool({"record", self_, "--last", "two days"}).status, 2);
    show([this] {
        const auto nowhere = tool({"record", self_, "--last", "20ms", "-o", "/nowhere/some.pftrace"});
        EXPECT_EQ(nowhere.status, 1);
        EXPECT_TRUE(has(nowhere.out, "cannot write /nowhere/some.pftrace: No such file or directory")) << nowhere.out;
    });
}

}  // namespace gyre::testing
