#pragma once

#include <gyre/core/cancel_cause.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace gyre {

/// Thrown by joining another task that was cancelled. The caller itself is not.
class CancelledError : public std::runtime_error {
public:
    /// @param took how long the task took to end, where that is known.
    explicit CancelledError(internal::CausePointer cause, Duration took = Duration::zero());

    /// The reason given to `cancel`.
    [[nodiscard]] auto reason() const noexcept -> const std::string& { return cause_->reason; }
    /// Who cancelled it, where and when.
    [[nodiscard]] auto cause() const noexcept -> const CancelCause& { return *cause_; }
    /// From the request until the task had ended, to the turn of the loop; zero where only a part of a task was cancelled.
    [[nodiscard]] auto took() const noexcept -> Duration { return took_; }

private:
    internal::CausePointer cause_;
    Duration took_;
};

/// A deadline passed before the work inside had ended. `what()` says which, and where it was set.
class TimeoutError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An object was used in a state that does not allow it: the text names the mistake.
class InvalidStateError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// The promise of an awaited future was dropped without a value.
class BrokenPromiseError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The loop is closed, or was never running here.
class LoopError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Everything waits and nothing can ever wake it: what simulated time finds instead of hanging.
class DeadlockError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Tasks, timers or sockets were left at the end of a run; the text has a line for each. See `RunOptions::on_leak`.
class LeakError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An operation on a socket, file or name failed. `what()` names the operation, its object and the reason:
/// "connect 10.0.0.1:443: Connection refused".
class IoError : public std::system_error {
public:
    /// @param operation as a user would call it: "connect", "read".
    /// @param object    the peer, path or name.
    IoError(std::error_code code, std::string_view operation, std::string_view object);
    IoError(std::error_code code, std::string_view operation, std::string_view object, std::string_view detail);

    [[nodiscard]] auto operation() const noexcept -> const std::string& { return operation_; }
    [[nodiscard]] auto object() const noexcept -> const std::string& { return object_; }
    /// "connect 10.0.0.1:443: Connection refused", without the decoration that std::system_error may add.
    [[nodiscard]] auto what() const noexcept -> const char* override { return text_.c_str(); }

private:
    std::string operation_;
    std::string object_;
    std::string text_;
};

/// Something that others decide the size of (a line, a whole file) is larger than the limit that was given. What was read
/// stays with the reader, and can be read otherwise.
class LimitError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The text of any exception: `what()` if it has one.
[[nodiscard]] auto describe(const std::exception_ptr& error) -> std::string;

namespace internal {
/// @throws InvalidStateError. @param object the type.
[[noreturn]] void throw_moved_from(std::string_view object);
}  // namespace internal

}  // namespace gyre
