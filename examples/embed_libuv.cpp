// A program whose own loop is libuv's, and gyre a guest in it: libuv watches one descriptor and lets gyre have its turn.
#include <gyre/gyre.hpp>

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

gyre::Task<> work(Guest& guest) {
    for (int i = 1; i <= 3; ++i) {
        co_await gyre::sleep(20ms);
        std::printf("gyre %d\n", i);
    }
    guest.leave();
}

}  // namespace

int main() {
    uv_loop_t host;
    uv_loop_init(&host);
    {
        Guest guest(host);
        guest.loop.call_soon([&guest] { gyre::spawn([&guest] { return work(guest); }); });

        uv_timer_t timer;
        uv_timer_init(&host, &timer);
        uv_timer_start(
            &timer,
            [](uv_timer_t* self) {
                std::printf("libuv\n");
                uv_close(reinterpret_cast<uv_handle_t*>(self), nullptr);
            },
            30, 0);
        uv_run(&host, UV_RUN_DEFAULT);
    }
    std::printf("closed: %s\n", uv_loop_close(&host) == 0 ? "clean" : "busy");
}
