// A program whose own loop is libuv's, and gyre a guest in it: libuv watches one descriptor and lets gyre have its turn.
#include <gyre/gyre.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <uv.h>

using namespace std::chrono_literals;

namespace {

/// Lives in a libuv loop until `leave`.
class Guest {
public:
    explicit Guest(uv_loop_t& host) {
        uv_poll_init(&host, &watch_, loop.pollable_descriptor());
        watch_.data = this;
        // An exception must not pass through C: what a task or a callback throws goes to the loop's exception handler.
        uv_poll_start(&watch_, UV_READABLE, [](uv_poll_t* watch, int, int) noexcept {
            auto& self = *static_cast<Guest*>(watch->data);
            self.loop.poll();
            if (self.leaving_) uv_close(reinterpret_cast<uv_handle_t*>(watch), nullptr);
        });
    }
    Guest(const Guest&) = delete;
    auto operator=(const Guest&) -> Guest& = delete;

    /// After this turn libuv has no more to do for it.
    void leave() { leaving_ = true; }

    gyre::EventLoop loop;

private:
    uv_poll_t watch_{};
    bool leaving_ = false;
};

/// Rings `bell` from a timer of the host.
class HostTimer {
public:
    HostTimer(uv_loop_t& host, Guest& guest, gyre::Event& bell) : guest_(guest), bell_(bell) {
        uv_timer_init(&host, &timer_);
        timer_.data = this;
    }
    HostTimer(const HostTimer&) = delete;
    auto operator=(const HostTimer&) -> HostTimer& = delete;

    void start(std::chrono::milliseconds delay) {
        uv_timer_start(
            &timer_,
            [](uv_timer_t* timer) {
                auto& self = *static_cast<HostTimer*>(timer->data);
                std::printf("libuv\n");
                self.guest_.loop.call_soon([&self] { self.bell_.set(); });  // no turn of gyre's is under way here
                uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
            },
            static_cast<std::uint64_t>(delay.count()), 0);
    }

private:
    Guest& guest_;
    gyre::Event& bell_;
    uv_timer_t timer_{};
};

gyre::Task<> work(Guest& guest, HostTimer& timer, gyre::Event& bell) {
    co_await gyre::sleep(20ms);
    std::printf("gyre 1\n");
    timer.start(10ms);  // the guest asks its host for something,
    co_await bell.wait();
    std::printf("gyre 2\n");  // and goes on when the host has done it
    co_await gyre::sleep(20ms);
    std::printf("gyre 3\n");
    guest.leave();
}

}  // namespace

int main() {
    uv_loop_t host;
    uv_loop_init(&host);
    {
        Guest guest(host);
        gyre::Event bell("bell");
        HostTimer timer(host, guest, bell);
        guest.loop.call_soon([&] { gyre::spawn([&] { return work(guest, timer, bell); }); });
        uv_run(&host, UV_RUN_DEFAULT);
    }
    std::printf("closed: %s\n", uv_loop_close(&host) == 0 ? "clean" : "busy");
}
