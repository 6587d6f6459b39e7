#pragma once

#include <stdexcept>
#include <string>

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

}  // namespace gyre
