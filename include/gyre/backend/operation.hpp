#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gyre::backend {

/// What an operation asks of the kernel. The man page named is the contract of its arguments and errors.
enum class OperationKind : std::uint8_t {
    accept,   ///< accept4(2): `result` is the new descriptor (non-blocking, close-on-exec); `address` is filled.
    connect,  ///< connect(2) to `address`: `result` is 0.
    receive,  ///< recv(2) into `buffer`: `result` is the number of bytes, 0 at the end of the stream.
    send,     ///< send(2) from `buffer`: `result` is the number of bytes taken, possibly fewer than `size`.
    receive_message,  ///< recvmsg(2) into `message`: `result` is the number of bytes.
    send_message,     ///< sendmsg(2) from `message`: `result` is the number of bytes.
    poll,             ///< poll(2) for `events`: `result` is the ready events.
    file,             ///< A `FileOperation`, for `Backend::start_file`: `result` is as its request says.
};

/// As dumps print it: "receive".
[[nodiscard]] constexpr auto to_string(OperationKind kind) noexcept -> std::string_view {
    constexpr std::string_view names[] = {"accept", "connect", "receive", "send", "receive", "send", "poll", "file"};
    return names[static_cast<std::size_t>(kind)];
}

/// One request to a backend, living in the frame that awaits it.
///
/// The object and every buffer that it names stay where they are from `Backend::start` until `completed` is called:
/// also after `Backend::cancel`, since the kernel may still write into them.
/// States: idle -> (start returned false) in flight -> completed. An operation may be started again once completed.
class Operation {
public:
    OperationKind kind = OperationKind::poll;
    bool in_flight = false;   ///< Written by the backend: between `start` and `completed`.
    bool cancelling = false;  ///< Written by the backend: `cancel` was asked for while in flight.
    int descriptor = -1;      ///< The socket, or any pollable descriptor for `poll`.
    int flags = 0;            ///< MSG_* for receive and send kinds; MSG_NOSIGNAL is always added to sends.
    std::int64_t result = 0;  ///< At completion: >= 0 as the kind says, or a negative errno; -ECANCELED: it did not happen.
    void* buffer = nullptr;               ///< receive, send.
    std::size_t size = 0;                 ///< Of `buffer`, in bytes.
    msghdr* message = nullptr;            ///< receive_message, send_message.
    sockaddr_storage* address = nullptr;  ///< accept (may be null), connect.
    socklen_t address_length = 0;         ///< connect: in; accept: out.
    short events = 0;                     ///< poll: POLLIN | POLLOUT.

    Operation() = default;
    Operation(const Operation&) = delete;
    auto operator=(const Operation&) -> Operation& = delete;

    /// The backend's own links while the operation is in flight; nobody else touches them.
    Operation* next = nullptr;
    Operation* previous = nullptr;

    /// Called once by the backend, from inside `Backend::wait` and from nowhere else, when the operation has ended and
    /// the kernel has let go of its memory. May destroy the operation; may start others; must not call `wait`.
    virtual void completed() noexcept = 0;

protected:
    ~Operation() = default;
};

}  // namespace gyre::backend
