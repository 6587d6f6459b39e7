#pragma once

#include "operation_list.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/forks.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <utility>

namespace gyre::backend {

/// Owns a descriptor of the backend itself.
class OwnedDescriptor {
public:
    explicit OwnedDescriptor(int descriptor) noexcept : descriptor_{descriptor} {}
    OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    auto operator=(OwnedDescriptor&&) -> OwnedDescriptor& = delete;
    OwnedDescriptor(const OwnedDescriptor&) = delete;
    auto operator=(const OwnedDescriptor&) -> OwnedDescriptor& = delete;
    ~OwnedDescriptor();

    [[nodiscard]] auto get() const noexcept -> int { return descriptor_; }

private:
    int descriptor_;
};

/// What the backends on a real kernel have in common: clock, randomness, the wake-up descriptor, the plain socket calls,
/// and one non-blocking attempt at an operation.
class KernelBackend : public Backend {
public:
    /// @throws std::system_error if there is no descriptor left for the wake-up.
    KernelBackend();

    [[nodiscard]] auto now() const noexcept -> Time final;
    void fill_random(std::span<std::byte> bytes) final;
    void wake() noexcept final;
    [[nodiscard]] auto set_alarm(Time deadline) noexcept -> int final;
    [[nodiscard]] auto in_flight() const noexcept -> std::size_t final { return in_flight_; }

    [[nodiscard]] auto open_socket(int domain, int type, int protocol) noexcept -> int final;
    [[nodiscard]] auto bind(int descriptor, const sockaddr_storage& address, socklen_t length) noexcept -> int final;
    [[nodiscard]] auto listen(int descriptor, int backlog) noexcept -> int final;
    [[nodiscard]] auto local_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept -> int final;
    [[nodiscard]] auto peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept -> int final;
    [[nodiscard]] auto set_option(int descriptor, int level, int name, const void* value, socklen_t size) noexcept
        -> int final;
    [[nodiscard]] auto get_option(int descriptor, int level, int name, void* value, socklen_t& size) noexcept
        -> int final;
    auto shutdown(int descriptor, int how) noexcept -> int final;
    [[nodiscard]] auto send_now(int descriptor, std::span<const std::byte> bytes) noexcept -> std::int64_t final;
    [[nodiscard]] auto send_file_now(int descriptor, int file, std::uint64_t offset, std::size_t size) noexcept
        -> std::int64_t final;
    [[nodiscard]] auto ready_events(int descriptor, short events) noexcept -> int final;
    [[nodiscard]] auto check_watchable(int descriptor) noexcept -> int final;
    void close(int descriptor) noexcept final;
    [[nodiscard]] auto open_descriptors() const noexcept -> std::size_t final { return open_descriptors_; }

protected:
    /// Notes that a new descriptor was given out.
    /// @return false if there is no memory to do so.
    [[nodiscard]] virtual auto note_given_out(int descriptor) noexcept -> bool = 0;

    /// Forgets what a number means: it is about to be closed, or new. @return whether it had been given out.
    [[nodiscard]] virtual auto forget(int descriptor) noexcept -> bool = 0;

    /// Adds the timer of `set_alarm`, once, to what makes the pollable descriptor readable. @return 0 or -errno.
    [[nodiscard]] virtual auto watch_alarm(int descriptor) noexcept -> int = 0;

    /// Counts a new descriptor in. @return it, or -ENOMEM with the descriptor closed.
    [[nodiscard]] auto give_out(int descriptor) noexcept -> int;

    /// One non-blocking try of any kind but poll. @return as `Operation::result`, or what `is_blocked` recognises.
    [[nodiscard]] auto attempt(Operation& operation) noexcept -> std::int64_t;

    /// Whether a result of `attempt` means that the operation has to wait.
    [[nodiscard]] static auto is_blocked(const Operation& operation, std::int64_t result) noexcept -> bool {
        // A Unix socket's connect says EAGAIN when the backlog is full, and nothing will tell when it is not: an answer.
        if (operation.kind == OperationKind::connect) return result == -EINPROGRESS || result == -EINTR;
        return result == -EAGAIN;
    }

    [[nodiscard]] static auto is_outward(const Operation& operation) noexcept -> bool {
        return operation.kind == OperationKind::send || operation.kind == OperationKind::send_message ||
               operation.kind == OperationKind::connect;
    }

    /// Ends an operation inside its own start.
    [[nodiscard]] static auto end_at_once(Operation& operation, std::int64_t result) noexcept -> bool {
        operation.result = result;
        return true;
    }

    /// Marks an operation as in flight, at the end of a start.
    [[nodiscard]] auto begin(Operation& operation) noexcept -> bool {
        operation.in_flight = true;
        operation.cancelling = false;
        ++in_flight_;
        return false;
    }

    /// Ends an operation in flight; its owner hears of it from `tell_ended`.
    void end(Operation& operation, std::int64_t result) noexcept {
        ended_.push_back(operation, result);
        // A host loop sees only our descriptor: it must become readable for what ended without the kernel.
        if (is_embedded_) wake();
    }

    void tell_ended() noexcept { ended_.tell(in_flight_); }
    void abandon_ended() noexcept { ended_.abandon(); }
    [[nodiscard]] auto has_ended() const noexcept -> bool { return !ended_.is_empty(); }

    [[nodiscard]] auto wake_descriptor() const noexcept -> int { return wake_.get(); }
    /// This is the copy of a backend in a forked child: what it shares with the parent must be left alone.
    [[nodiscard]] auto is_of_parent() const noexcept -> bool { return process_.is_of_parent(); }
    void note_embedded() noexcept { is_embedded_ = true; }

    /// How long from now to a deadline, never negative.
    [[nodiscard]] auto until(Time deadline) const noexcept -> timespec;

private:
    OwnedDescriptor wake_;
    std::optional<OwnedDescriptor> alarm_;
    ProcessMark process_;
    EndedOperations ended_;
    std::size_t in_flight_ = 0;
    std::size_t open_descriptors_ = 0;
    bool is_embedded_ = false;
};

}  // namespace gyre::backend
