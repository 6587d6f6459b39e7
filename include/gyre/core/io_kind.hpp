#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gyre {

/// What a task waits for outside of its loop, as figures and recordings tell them apart.
enum class IoKind : std::uint8_t {
    accept,
    connect,
    receive,
    send,
    resolve,  ///< The addresses of a host name.
    file,     ///< A call on a file or directory, whoever does it.
    other,    ///< A pipe, a process, a signal.
};

inline constexpr std::size_t io_kind_count = 7;

/// "accept", "connect"...
[[nodiscard]] constexpr auto to_string(IoKind kind) noexcept -> std::string_view {
    constexpr std::string_view names[] = {"accept", "connect", "receive", "send", "resolve", "file", "other"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace gyre
