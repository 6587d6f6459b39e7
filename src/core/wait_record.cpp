#include <gyre/core/wait_record.hpp>

namespace gyre {

auto to_string(WaitKind kind) noexcept -> std::string_view {
    switch (kind) {
    case WaitKind::sleep:
        return "sleep";
    case WaitKind::yield:
        return "yield";
    case WaitKind::event:
        return "event";
    case WaitKind::future:
        return "future";
    case WaitKind::join:
        return "join";
    case WaitKind::scope:
        return "scope";
    case WaitKind::group:
        return "group";
    case WaitKind::gather:
        return "gather";
    case WaitKind::race:
        return "race";
    case WaitKind::cleanup:
        return "cleanup";
    case WaitKind::socket:
        return "socket";
    case WaitKind::blocking_call:
        return "blocking call";
    case WaitKind::resolve:
        return "resolve";
    case WaitKind::lock:
        return "lock";
    case WaitKind::condition:
        return "condition";
    case WaitKind::semaphore:
        return "semaphore";
    case WaitKind::limiter:
        return "capacity limiter";
    case WaitKind::barrier:
        return "barrier";
    case WaitKind::queue_get:
        return "queue: get";
    case WaitKind::queue_put:
        return "queue: put";
    case WaitKind::queue_join:
        return "queue: join";
    case WaitKind::send:
        return "channel: send";
    case WaitKind::receive:
        return "channel: receive";
    case WaitKind::watch:
        return "watch";
    case WaitKind::generator:
        return "generator";
    case WaitKind::started:
        return "start of a task";
    case WaitKind::wait:
        return "wait for tasks";
    case WaitKind::file:
        return "file";
    case WaitKind::pipe:
        return "pipe";
    case WaitKind::process:
        return "process";
    case WaitKind::signal:
        return "signal";
    case WaitKind::executor:
        return "executor";
    case WaitKind::loop:
        return "other loop";
    case WaitKind::other:
        break;
    }
    return "other";
}

}  // namespace gyre
