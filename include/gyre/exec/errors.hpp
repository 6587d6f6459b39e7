#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace gyre {

/// The pool cannot run anything any more: its initializer failed, or no worker can be had. Every job that waited gets it.
/// Source: concurrent.futures.BrokenExecutor.
class BrokenPoolError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The queue of a pool is full, and the caller did not want to wait.
class QueueFullError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a function threw in a worker process. `what()` is the original text.
class RemoteError : public std::runtime_error {
public:
    RemoteError(std::string type, const std::string& text) : std::runtime_error(text), type_(std::move(type)) {}

    /// The type that was thrown, as C++ writes it: "std::invalid_argument".
    [[nodiscard]] auto type_name() const noexcept -> const std::string& { return type_; }

private:
    std::string type_;
};

/// A worker process died while it ran this job. Other jobs are not concerned; the next one gets a new process.
class BrokenWorkerError : public std::runtime_error {
public:
    BrokenWorkerError(const std::string& text, int exit_code, int signal)
        : std::runtime_error(text), exit_code_(exit_code), signal_(signal) {}

    /// What it exited with, if no signal killed it.
    [[nodiscard]] auto exit_code() const noexcept -> int { return exit_code_; }
    /// What killed it; 0 if it exited by itself.
    [[nodiscard]] auto signal() const noexcept -> int { return signal_; }

private:
    int exit_code_;
    int signal_;
};

}  // namespace gyre
