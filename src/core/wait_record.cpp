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
    case WaitKind::other:
        break;
    }
    return "other";
}

}  // namespace gyre
