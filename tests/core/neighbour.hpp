#pragma once

#include "support/loops.hpp"

#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace gyre::testing {

/// A loop on a thread of its own, which runs as long as this lives.
class Neighbour {
public:
    explicit Neighbour(std::string backend) : backend_(std::move(backend)) {
        thread_ = std::thread([this] {
            EventLoop loop(RunOptions{.backend = backend_});
            loop_ = &loop;
            ready_.count_down();
            loop.run_forever();
            loop.close();
            unreceived = loop.unreceived_error_count();
            closed_.count_down();
            gone_.wait();
        });
        ready_.wait();
    }
    Neighbour(const Neighbour&) = delete;
    auto operator=(const Neighbour&) -> Neighbour& = delete;
    ~Neighbour() {
        stop();
        gone_.count_down();
        thread_.join();
    }

    [[nodiscard]] auto operator*() const -> EventLoop& { return *loop_; }
    [[nodiscard]] auto operator->() const -> EventLoop* { return loop_; }
    [[nodiscard]] auto id() const -> std::thread::id { return thread_.get_id(); }
    /// It closes; its object stays.
    void stop() {
        try {
            loop_->post([loop = loop_] { loop->stop(); });
        } catch (const LoopError&) {  // it was stopped before
        }
    }
    void wait_closed() { closed_.wait(); }

    std::size_t unreceived = 0;  ///< How many errors nobody received; once it is closed.

private:
    std::string backend_;
    std::latch ready_{1};
    std::latch closed_{1};
    std::latch gone_{1};
    EventLoop* loop_ = nullptr;
    std::thread thread_;
};

}  // namespace gyre::testing
