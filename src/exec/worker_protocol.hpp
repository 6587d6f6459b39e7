#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// What a process pool and its workers say to each other: headers, each with `length` bytes of MessagePack behind it.
namespace gyre::internal {

enum class WorkerMessage : std::uint32_t {
    ready = 0x67797201,  ///< The worker calls functions now.
    call,                ///< [number of the function, [arguments...]]
    value,               ///< The result.
    error,               ///< [type, text]
    refused,             ///< [text]: the call could not be made, or its result not be sent.
};

struct WorkerHeader {
    WorkerMessage message{};
    std::uint32_t length = 0;
};

inline constexpr const char* worker_argument = "--gyre-worker";
inline constexpr const char* worker_variable = "GYRE_WORKER";  ///< "DESCRIPTOR:PARENT"
inline constexpr int worker_descriptor = 3;

/// Whether this process was started as a worker, by the parent that it has now, and `worker_main` was not called.
[[nodiscard]] auto is_unused_worker() noexcept -> bool;

}  // namespace gyre::internal
