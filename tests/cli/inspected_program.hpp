#pragma once

#include "cli/tool.hpp"
#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace gyre::testing {

namespace fs = std::filesystem;

inline auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

/// What a program is doing while it is looked at.
struct Stage {
    std::atomic<bool> ready{false};
    std::atomic<bool> over{false};

    /// Until the test has seen enough. The loop goes on.
    [[nodiscard]] auto hold() -> Task<> {
        ready = true;
        while (!over) co_await sleep(1ms);
    }
    /// The same, and the loop does not.
    void block() {
        ready = true;
        while (!over) std::this_thread::yield();
    }
};

inline auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

/// A program with a task 'visitor' that waits for the event 'doorbell'.
inline auto visited(Stage& stage) -> Task<> {
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await stage.hold();
    bell.set();
    co_await visitor.join();
}

/// A program in this process that the tool looks at; its sockets are in a folder of the test's own.
class InspectedProgram : public ::testing::Test {
protected:
    InspectedProgram() {
        std::string name = "/tmp/gyre-tool-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~InspectedProgram() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        fs::remove_all(folder_);
    }

    /// Runs `program` on another thread, and `look` when it is ready.
    void show(const std::function<Task<>(Stage&)>& program, const std::function<void()>& look, RunOptions options = {}) {
        Stage stage;
        options.control = &obs::control_socket;
        std::thread thread([&] {
            try {
                run([&] { return program(stage); }, options);
            } catch (const std::exception& error) {
                ADD_FAILURE() << error.what();
            }
            stage.ready = true;
        });
        while (!stage.ready) std::this_thread::yield();
        look();
        stage.over = true;
        thread.join();
    }

    std::string folder_;
    std::string self_ = std::to_string(::getpid());
};

}  // namespace gyre::testing
